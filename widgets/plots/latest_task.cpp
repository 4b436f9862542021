// Work off the GUI thread of which only the newest request matters.
#include "widgets/plots/latest_task.h"

#include "core/base/errors.h"

namespace quantscope::widgets {

LatestTask::LatestTask(QObject* parent)
    : QObject(parent) {
    pool_.setMaxThreadCount(1);
}

LatestTask::~LatestTask() {
    cancel();
    pool_.waitForDone();
}

void LatestTask::cancel() {
    if (progress_) progress_->cancel();
    progress_.reset();
    pool_.clear(); // what has not begun need not
}

void LatestTask::run(Work work) {
    cancel();
    progress_ = std::make_shared<Progress>();
    pool_.start([this, progress = progress_, work = std::move(work)] {
        std::function<void()> finish;
        try {
            progress->check();
            finish = work(*progress);
        } catch (const Cancelled&) {
            return;
        } catch (const std::exception& error) { // told to the user, whatever it is: a thread has nobody above it
            finish = [this, text = QString::fromUtf8(error.what())] { Q_EMIT failed(text); };
        }
        QMetaObject::invokeMethod(
            this,
            [this, progress, finish = std::move(finish)] {
                if (progress != progress_) return; // a newer request has taken its place
                progress_.reset();
                finish();
            },
            Qt::QueuedConnection);
    });
}

} // namespace quantscope::widgets
