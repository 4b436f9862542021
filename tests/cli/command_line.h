// Runs quantscope-cli and keeps what it says.
#pragma once

#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QStringList>

struct Answer {
    int exit_code = -1;
    QByteArray out, error;
    QJsonObject json() const { return QJsonDocument::fromJson(out).object(); }
};

inline Answer run(const QStringList& arguments) {
    QProcess process;
    process.start(QUANTSCOPE_CLI, arguments);
    process.waitForFinished(300'000);
    return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2, process.readAllStandardOutput(),
            process.readAllStandardError()};
}

inline bool has_keys(const QJsonObject& object, const QStringList& keys) {
    for (const auto& key : keys)
        if (!object.contains(key)) {
            qWarning() << "no key" << key << "among" << object.keys();
            return false;
        }
    return true;
}

/// The last line of stderr is the error: progress may come before it.
inline QString last_line(const QByteArray& error) { return QString::fromUtf8(error).trimmed().section('\n', -1); }
