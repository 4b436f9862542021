// Work off the GUI thread of which only the newest request matters: a new one cancels the one before.
#pragma once

#include <QCoreApplication>
#include <QObject>
#include <QString>
#include <QThreadPool>
#include <functional>
#include <memory>

#include "core/base/progress.h"

namespace quantscope::widgets {

/// Runs the newest request on a worker thread of its own. Results and errors arrive on the GUI thread; those of a
/// request that a newer one has replaced never do. Cancels and waits when it is destroyed.
class LatestTask : public QObject {
    Q_OBJECT
public:
    explicit LatestTask(QObject* parent = nullptr);
    ~LatestTask() override;

    /// \param work  runs on the worker; may throw Error (told by failed()) and Cancelled (silent)
    /// \param done  gets its result on the GUI thread
    template <typename Result>
    void start(std::function<Result(Progress&)> work, std::function<void(Result)> done) {
        run([work = std::move(work), done = std::move(done)](Progress& progress) -> std::function<void()> {
            auto result = std::make_shared<Result>(work(progress));
            return [result, done] { done(std::move(*result)); };
        });
    }
    void cancel();
    bool busy() const { return progress_ != nullptr; }

Q_SIGNALS:
    void failed(const QString& message);

private:
    using Work = std::function<std::function<void()>(Progress&)>;
    void run(Work work);

    QThreadPool pool_;
    std::shared_ptr<Progress> progress_; ///< of the newest request while it runs
};

} // namespace quantscope::widgets
