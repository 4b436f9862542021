// Parallel loops cover their range exactly once, hand exceptions over, and progress and cancel reach nested parts.
#include <QTest>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "core/base/parallel.h"
#include "core/base/progress.h"

using namespace quantscope;

class TestParallel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void cleanup() { set_thread_count(0); }

    void covers_each_item_once_data() {
        QTest::addColumn<int>("count");
        QTest::addColumn<int>("grain");
        QTest::addColumn<int>("threads");
        QTest::newRow("nothing") << 0 << 4 << 3;
        QTest::newRow("one") << 1 << 4 << 3;
        QTest::newRow("last piece shorter") << 1001 << 10 << 3;
        QTest::newRow("one thread") << 100 << 7 << 1;
        QTest::newRow("more threads than pieces") << 3 << 1 << 16;
    }
    void covers_each_item_once() {
        QFETCH(int, count);
        QFETCH(int, grain);
        QFETCH(int, threads);
        set_thread_count(threads);
        std::vector<std::atomic<int>> seen(static_cast<std::size_t>(count));
        parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
            if (end - begin > grain) qFatal("piece larger than the grain");
            for (auto i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
        });
        for (auto& times : seen) QCOMPARE(times.load(), 1);
    }

    void uses_the_threads_it_was_given() {
        set_thread_count(4);
        std::mutex mutex;
        std::set<std::thread::id> ids;
        std::atomic<int> waiting{0};
        parallel_for(4, 1, [&](std::int64_t, std::int64_t) {
            { std::lock_guard lock(mutex); ids.insert(std::this_thread::get_id()); }
            ++waiting;
            while (waiting < 4) std::this_thread::yield(); // ends only when four threads are inside at once
        });
        QCOMPARE(ids.size(), std::size_t(4));
    }

    void first_exception_reaches_the_caller_and_stops_the_rest() {
        set_thread_count(2);
        std::atomic<int> done{0};
        QVERIFY_THROWS_EXCEPTION(Cancelled, parallel_for(100000, 1, [&](std::int64_t begin, std::int64_t) {
            if (begin == 10) throw Cancelled();
            ++done;
            std::this_thread::yield();
        }));
        QVERIFY(done < 99999);
    }

    void nested_loop_runs_on_the_thread_of_its_caller() {
        set_thread_count(3);
        std::atomic<bool> strayed{false};
        parallel_for(8, 1, [&](std::int64_t, std::int64_t) {
            const auto outer = std::this_thread::get_id();
            parallel_for(8, 1, [&](std::int64_t, std::int64_t) {
                if (std::this_thread::get_id() != outer) strayed = true;
            });
        });
        QVERIFY(!strayed);
    }

    void part_of_a_job_fills_its_range_and_hears_the_cancel() {
        std::vector<double> fractions;
        Progress job([&](double fraction, std::string_view) { fractions.push_back(fraction); });
        Progress part(job, 0.5, 1.0);
        part.report(0.5);
        QCOMPARE(fractions, std::vector<double>{0.75});
        job.cancel();
        QVERIFY_THROWS_EXCEPTION(Cancelled, part.report(0.6));
        QVERIFY_THROWS_EXCEPTION(Cancelled, part.check());
    }
};

QTEST_APPLESS_MAIN(TestParallel)
#include "tst_parallel.moc"
