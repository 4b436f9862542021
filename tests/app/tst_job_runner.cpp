// The job queue: progress, results, errors, and above all cancelling.
#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTest>
#include <QThread>
#include <atomic>

#include "app/studio/job_runner.h"
#include "widgets/jobs/jobs_panel.h"

using namespace quantscope;
using widgets::JobState;
using Phase = JobState::Phase;

namespace {
/// Works in steps of a few milliseconds until it is cancelled.
bool work_for_ever(Progress& progress) {
    for (int i = 0;; ++i) {
        progress.report(std::min(0.99, i / 1000.0), "step " + std::to_string(i));
        QThread::msleep(5);
    }
}
} // namespace

class TestJobRunner : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void a_result_arrives_in_the_windows_thread();
    void a_cancelled_job_says_so_within_100_ms_and_delivers_nothing();
    void a_job_that_cannot_stop_yet_says_so_all_the_same();
    void an_error_is_told_in_its_own_words();
    void a_persons_job_does_not_wait_for_the_background();
    void a_waiting_job_can_be_cancelled();
    void the_panel_shows_progress_and_cancels();
    void ending_the_runner_stops_its_work();
};

void TestJobRunner::a_result_arrives_in_the_windows_thread() {
    JobRunner jobs;
    QThread* thread = nullptr;
    int result = 0;
    jobs.start<int>(
        QStringLiteral("add"), JobRunner::Lane::person, [](Progress&) { return 41 + 1; },
        [&](int value) {
            result = value;
            thread = QThread::currentThread();
        });
    QTRY_COMPARE(result, 42);
    QCOMPARE(thread, QThread::currentThread());
}

void TestJobRunner::a_cancelled_job_says_so_within_100_ms_and_delivers_nothing() {
    JobRunner jobs;
    QList<Phase> phases;
    connect(&jobs, &JobRunner::changed, this, [&](const JobState& job) {
        if (phases.isEmpty() || phases.last() != job.phase) phases << job.phase;
    });
    bool delivered = false;
    const quint64 id = jobs.start<bool>(QStringLiteral("long"), JobRunner::Lane::person, work_for_ever,
                                        [&](bool) { delivered = true; });
    QTRY_VERIFY(phases.contains(Phase::running));
    QElapsedTimer clock;
    clock.start();
    jobs.cancel(id);
    QCOMPARE(phases.last(), Phase::cancelling);
    QVERIFY(clock.elapsed() < 100);
    QTRY_COMPARE_WITH_TIMEOUT(phases.last(), Phase::cancelled, 500);
    QVERIFY(!delivered);
    QCOMPARE(jobs.current(), quint64(0));
}

void TestJobRunner::a_job_that_cannot_stop_yet_says_so_all_the_same() {
    JobRunner jobs;
    std::atomic<bool> started = false, may_end = false;
    bool delivered = false;
    Phase phase = Phase::waiting;
    connect(&jobs, &JobRunner::changed, this, [&](const JobState& job) { phase = job.phase; });
    const quint64 id = jobs.start<bool>(
        QStringLiteral("stubborn"), JobRunner::Lane::person,
        [&](Progress&) { // never looks at its progress
            started = true;
            while (!may_end)
                QThread::msleep(1);
            return true;
        },
        [&](bool) { delivered = true; });
    QTRY_VERIFY(started);
    jobs.cancel(id);
    QCOMPARE(phase, Phase::cancelling);
    may_end = true;
    QTRY_COMPARE(phase, Phase::cancelled);
    QVERIFY2(!delivered, "a result that comes after the cancel is thrown away");
}

void TestJobRunner::an_error_is_told_in_its_own_words() {
    JobRunner jobs;
    JobState last;
    QString told;
    connect(&jobs, &JobRunner::changed, this, [&](const JobState& job) { last = job; });
    jobs.start<bool>(
        QStringLiteral("read"), JobRunner::Lane::person,
        [](Progress&) -> bool { throw FormatError("model.gguf", "blk.0", "is cut off; download it again"); },
        [](bool) {}, [&](const QString& error) { told = error; });
    QTRY_COMPARE(last.phase, Phase::failed);
    QCOMPARE(told, QString::fromUtf8(FormatError("model.gguf", "blk.0", "is cut off; download it again").what()));
    QCOMPARE(last.text, told);
}

void TestJobRunner::a_persons_job_does_not_wait_for_the_background() {
    JobRunner jobs;
    const quint64 slow =
        jobs.start<bool>(QStringLiteral("slow"), JobRunner::Lane::background, work_for_ever, [](bool) {});
    bool done = false;
    jobs.start<bool>(
        QStringLiteral("quick"), JobRunner::Lane::person, [](Progress&) { return true; }, [&](bool) { done = true; });
    QTRY_VERIFY(done);
    QVERIFY(jobs.isBusy(JobRunner::Lane::background));
    jobs.cancel(slow);
    QTRY_VERIFY(!jobs.isBusy(JobRunner::Lane::background));
}

void TestJobRunner::a_waiting_job_can_be_cancelled() {
    JobRunner jobs;
    const quint64 first =
        jobs.start<bool>(QStringLiteral("first"), JobRunner::Lane::person, work_for_ever, [](bool) {});
    std::atomic<bool> began = false;
    const quint64 second = jobs.start<bool>(
        QStringLiteral("second"), JobRunner::Lane::person, [&](Progress&) { return bool(began = true); }, [](bool) {});
    QCOMPARE(jobs.current(), second);
    jobs.cancel(second);
    jobs.cancel(first);
    QTRY_VERIFY(!jobs.isBusy(JobRunner::Lane::person));
    QVERIFY(!began);
}

void TestJobRunner::the_panel_shows_progress_and_cancels() {
    JobRunner jobs;
    widgets::JobsPanel panel;
    panel.resize(800, 160);
    panel.show();
    connect(&jobs, &JobRunner::changed, &panel, &widgets::JobsPanel::setJob);
    connect(&jobs, &JobRunner::logged, &panel, &widgets::JobsPanel::addLog);
    connect(&panel, &widgets::JobsPanel::cancelRequested, &jobs, &JobRunner::cancel);
    jobs.start<bool>(QStringLiteral("Quantize"), JobRunner::Lane::person, work_for_ever, [](bool) {});
    QTRY_VERIFY(panel.findChild<QProgressBar*>(QStringLiteral("jobProgress")) &&
                panel.findChild<QProgressBar*>(QStringLiteral("jobProgress"))->value() > 5);
    QVERIFY(panel.findChild<QLabel*>(QStringLiteral("jobText"))->text().startsWith(QLatin1String("step ")));
    QTest::mouseClick(panel.findChild<QPushButton*>(QStringLiteral("jobCancel")), Qt::LeftButton);
    QVERIFY(panel.findChild<QLabel*>(QStringLiteral("jobText"))->text().startsWith(QLatin1String("cancelled")));
    QTRY_VERIFY(panel.log().contains(QLatin1String("Quantize: cancelled")));
    QVERIFY(!panel.findChild<QPushButton*>(QStringLiteral("jobCancel"))->isVisible());
}

void TestJobRunner::ending_the_runner_stops_its_work() {
    QElapsedTimer clock;
    clock.start();
    {
        JobRunner jobs;
        jobs.start<bool>(QStringLiteral("a"), JobRunner::Lane::person, work_for_ever, [](bool) {});
        jobs.start<bool>(QStringLiteral("b"), JobRunner::Lane::background, work_for_ever, [](bool) {});
        QTest::qWait(20);
    }
    QVERIFY(clock.elapsed() < 2000);
}

QTEST_MAIN(TestJobRunner)
#include "tst_job_runner.moc"
