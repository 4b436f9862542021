// The Jobs panel: each piece of long work with its progress, time left and a way to stop it, and below it the log.
#pragma once

#include <QHash>
#include <QLabel>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>
#include <QWidget>

#include "widgets/jobs/job_state.h"

namespace quantscope::widgets {

/// One line: title, what it is at, bar, percent, time left, Cancel.
class JobLine : public QWidget {
    Q_OBJECT
public:
    explicit JobLine(QWidget* parent = nullptr);
    void setJob(const JobState& job);
    const JobState& job() const { return job_; }

Q_SIGNALS:
    void cancelRequested(quint64 id);

private:
    JobState job_;
    QLabel *title_, *text_, *percent_, *left_;
    QProgressBar* bar_;
    QPushButton* cancel_;
};

class JobsPanel : public QWidget {
    Q_OBJECT
public:
    explicit JobsPanel(QWidget* parent = nullptr);

    void setJob(const JobState& job); ///< new or changed
    void addLog(const QString& line); ///< gets the time of day in front
    QString log() const { return log_->toPlainText(); }

Q_SIGNALS:
    void cancelRequested(quint64 id);

private:
    void forgetOld();

    QHash<quint64, JobLine*> lines_;
    QList<quint64> order_; ///< oldest first
    QVBoxLayout* list_;
    QLabel* empty_;
    QPlainTextEdit* log_;
};

} // namespace quantscope::widgets
