// Settings and data folders of a test's own, so that it neither reads nor changes a person's.
#pragma once

#include <QCoreApplication>
#include <QSettings>
#include <QStandardPaths>

namespace quantscope::testing {

/// \param folder  where the settings go; two programs at once do not meet
inline void use_own_settings(const QString& folder) {
    QStandardPaths::setTestModeEnabled(true);
    QSettings::setDefaultFormat(QSettings::IniFormat);
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, folder);
    QCoreApplication::setOrganizationName(QStringLiteral("quantscope-test"));
    QCoreApplication::setApplicationName(QStringLiteral("quantscope-test-") +
                                         QString::number(QCoreApplication::applicationPid()));
}

} // namespace quantscope::testing
