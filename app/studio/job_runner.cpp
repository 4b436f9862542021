// The studio's queue of long work.
#include "app/studio/job_runner.h"

#include <QMutex>
#include <algorithm>

#include "core/base/errors.h"
#include "widgets/number_text.h"

namespace quantscope {

using widgets::JobState;

namespace {
constexpr int poll_milliseconds = 60;
constexpr double least_seconds_for_a_guess = 0.7, least_fraction_for_a_guess = 0.01;
} // namespace

/// Lives in the queue and in its worker's closure; what both touch is behind the mutex.
struct JobRunner::Job {
    JobState state; ///< GUI thread only
    Lane lane = Lane::person;
    QElapsedTimer clock;
    std::function<void(const QString&)> failed;

    QMutex mutex; ///< guards what the worker writes while the GUI thread polls
    double fraction = 0;
    QString text;
    bool running = false;

    // Declared last: the listener above everything it uses.
    Progress progress{[this](double done, std::string_view what) {
        const QMutexLocker lock(&mutex);
        fraction = std::max(fraction, std::clamp(done, 0.0, 1.0));
        if (!what.empty()) text = QString::fromUtf8(what.data(), qsizetype(what.size()));
    }};
};

JobRunner::JobRunner(QObject* parent)
    : QObject(parent) {
    for (QThreadPool& pool : pools_)
        pool.setMaxThreadCount(1);
    poll_timer_.setInterval(poll_milliseconds);
    connect(&poll_timer_, &QTimer::timeout, this, &JobRunner::poll);
}

JobRunner::~JobRunner() {
    for (auto& job : jobs_)
        job->progress.cancel();
    for (QThreadPool& pool : pools_)
        pool.waitForDone();
}

quint64 JobRunner::begin(const QString& title, Lane lane, std::function<Finish(Progress&)> work,
                         std::function<void(const QString&)> failed) {
    auto job = std::make_shared<Job>();
    job->state.id = ++last_id_;
    job->state.title = title;
    job->state.background = lane == Lane::background;
    job->lane = lane;
    job->failed = std::move(failed);
    jobs_.push_back(job);
    poll_timer_.start();
    Q_EMIT changed(job->state);

    pools_[lane == Lane::person ? 0 : 1].start([this, job, work = std::move(work)] {
        Finish finish;
        QString error;
        bool was_cancelled = false;
        try {
            job->progress.check();
            {
                const QMutexLocker lock(&job->mutex);
                job->running = true;
            }
            finish = work(job->progress);
        } catch (const Cancelled&) {
            was_cancelled = true;
        } catch (const std::bad_alloc&) {
            error =
                QStringLiteral("there is not enough memory for this; close other programs or choose a smaller model");
        } catch (const std::exception& problem) { // shown to the user whatever it is: a thread has nobody above it
            error = QString::fromUtf8(problem.what());
        }
        QMetaObject::invokeMethod(
            this, [this, id = job->state.id, finish, error, was_cancelled] { ended(id, finish, error, was_cancelled); },
            Qt::QueuedConnection);
    });
    return job->state.id;
}

void JobRunner::ended(quint64 id, const Finish& finish, const QString& error, bool was_cancelled) {
    const auto found = std::find_if(jobs_.begin(), jobs_.end(), [id](const auto& job) { return job->state.id == id; });
    if (found == jobs_.end()) return;
    const std::shared_ptr<Job> job = *found;
    jobs_.erase(found);
    if (jobs_.empty()) poll_timer_.stop();
    JobState& state = job->state;
    state.seconds = job->clock.isValid() ? double(job->clock.elapsed()) / 1000 : 0;
    state.seconds_left = 0;
    const bool stopped = was_cancelled || state.phase == Phase::cancelling;
    state.phase = stopped ? Phase::cancelled : !error.isEmpty() ? Phase::failed : Phase::done;
    const QString time = QString::number(state.seconds, 'f', 1);
    // libtorch's own errors carry a stack trace after their sentence.
    state.text =
        stopped ? QStringLiteral("cancelled after %1 s; nothing was changed").arg(time) : error.section(u'\n', 0, 0);
    if (error.contains(u'\n')) state.details = error;
    if (state.phase == Phase::done) state.fraction = 1;
    Q_EMIT changed(state);
    if (stopped)
        Q_EMIT logged(QStringLiteral("%1: cancelled after %2 s").arg(state.title, time));
    else if (!error.isEmpty())
        Q_EMIT logged(QStringLiteral("%1: %2").arg(state.title, error));
    else
        Q_EMIT logged(QStringLiteral("%1: done in %2 s").arg(state.title, time));
    if (state.phase == Phase::done && finish) finish();
    if (state.phase == Phase::failed && job->failed) job->failed(state.text);
}

void JobRunner::cancel(quint64 id) {
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
        const std::shared_ptr<Job> job = jobs_[i];
        if (job->state.id != id || job->state.phase == Phase::cancelling) continue;
        job->progress.cancel();
        bool running = false;
        {
            const QMutexLocker lock(&job->mutex);
            running = job->running;
        }
        if (!running) return ended(id, {}, {}, true); // nothing to stop: it need not wait for its turn to say so
        job->state.phase = Phase::cancelling;
        job->state.text = QStringLiteral("cancelled, stopping…");
        Q_EMIT changed(job->state);
    }
}

void JobRunner::cancelAll() {
    for (std::size_t i = 0; i < jobs_.size(); ++i)
        cancel(jobs_[i]->state.id);
}

bool JobRunner::isBusy(Lane lane) const {
    return std::any_of(jobs_.begin(), jobs_.end(), [lane](const auto& job) { return job->lane == lane; });
}

quint64 JobRunner::current() const {
    for (auto job = jobs_.rbegin(); job != jobs_.rend(); ++job)
        if ((*job)->lane == Lane::person) return (*job)->state.id;
    return 0;
}

void JobRunner::poll() {
    for (std::size_t i = 0; i < jobs_.size(); ++i)
        tell(*jobs_[i]);
}

void JobRunner::tell(Job& job) {
    JobState& state = job.state;
    if (state.phase == Phase::cancelling) return;
    {
        const QMutexLocker lock(&job.mutex);
        if (!job.running) return;
        state.fraction = job.fraction;
        state.text = job.text;
    }
    if (state.phase == Phase::waiting) {
        state.phase = Phase::running;
        job.clock.start();
        if (!state.background) Q_EMIT logged(state.title + QStringLiteral(": started"));
    }
    state.seconds = double(job.clock.elapsed()) / 1000;
    state.seconds_left = state.seconds > least_seconds_for_a_guess && state.fraction > least_fraction_for_a_guess
                             ? state.seconds * (1 - state.fraction) / state.fraction
                             : NAN;
    Q_EMIT changed(state);
}

} // namespace quantscope
