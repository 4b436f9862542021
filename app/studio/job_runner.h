// The studio's queue of long work: runs it on worker threads, polls its progress once per few frames, and brings
// results and errors back to the GUI thread. The one place in the window where core's errors are caught.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QThreadPool>
#include <QTimer>
#include <functional>
#include <memory>
#include <vector>

#include "core/base/progress.h"
#include "widgets/jobs/job_state.h"

namespace quantscope {

class JobRunner : public QObject {
    Q_OBJECT
public:
    using Phase = widgets::JobState::Phase;
    /// Jobs of one lane run one after another. What a person started never waits for what the studio does by itself.
    enum class Lane { person, background };

    explicit JobRunner(QObject* parent = nullptr);
    ~JobRunner() override; ///< cancels everything and waits

    /// \param work    runs on a worker; its Progress hears cancel()
    /// \param done    gets the result on the GUI thread; never called for a failed or cancelled job
    /// \param failed  gets the error's sentence, besides the panel; may be empty
    template <typename Result>
    quint64 start(const QString& title, Lane lane, std::function<Result(Progress&)> work,
                  std::function<void(Result)> done, std::function<void(const QString&)> failed = {}) {
        return begin(
            title, lane,
            [work = std::move(work), done = std::move(done)](Progress& progress) -> std::function<void()> {
                auto result = std::make_shared<Result>(work(progress));
                return [result, done] { done(std::move(*result)); };
            },
            std::move(failed));
    }

    /// The job says "cancelled" at once and never delivers a result; its thread stops at its next check.
    void cancel(quint64 id);
    void cancelAll();
    bool isBusy(Lane lane) const;
    /// The newest job of a person's that is not over yet; 0 when there is none.
    quint64 current() const;

Q_SIGNALS:
    void changed(const quantscope::widgets::JobState& job);
    void logged(const QString& line);

private:
    using Finish = std::function<void()>;
    struct Job;
    quint64 begin(const QString& title, Lane lane, std::function<Finish(Progress&)> work,
                  std::function<void(const QString&)> failed);
    void ended(quint64 id, const Finish& finish, const QString& error, bool was_cancelled);
    void poll();
    void tell(Job& job);

    QThreadPool pools_[2];
    std::vector<std::shared_ptr<Job>> jobs_; ///< that are not over
    QTimer poll_timer_;
    quint64 last_id_ = 0;
};

} // namespace quantscope
