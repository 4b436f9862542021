// Statistics of a weight against the slow obvious version, over shapes, dtypes and distributions chosen to hurt.
#include <QTest>

#include "compare_statistics.h"
#include "core/base/parallel.h"

using namespace quantscope;
using obvious::compare;
using obvious::Weight;

namespace {

struct Shape {
    std::int64_t rows, columns;
};

} // namespace

class TestWeightStatistics : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void cleanup() { set_thread_count(0); }

    void equals_the_obvious_version_data() {
        QTest::addColumn<int>("dtype");
        QTest::addColumn<QString>("distribution");
        for (auto dtype : {DType::F32, DType::F16, DType::BF16})
            for (const auto& distribution : obvious::distributions())
                QTest::addRow("%s %s", name(dtype).data(), distribution.c_str())
                    << static_cast<int>(dtype) << QString::fromStdString(distribution);
    }
    void equals_the_obvious_version() {
        QFETCH(int, dtype);
        QFETCH(QString, distribution);
        for (auto [rows, columns] : {Shape{1, 1}, Shape{1, 37}, Shape{53, 1}, Shape{3, 2500}, Shape{2501, 3},
                                     Shape{130, 67}, Shape{2200, 70}, Shape{5, 16500}}) {
            const Weight weight(static_cast<DType>(dtype), rows, columns,
                                obvious::values_of(distribution.toStdString(), rows, columns));
            for (bool exact : {false, true}) {
                StatisticsOptions options;
                options.exact_percentiles = exact;
                options.channel_percentiles = {0, 1, 50, 99, 100};
                options.histogram_bins = 100;
                options.outlier_sigmas = 3;
                Progress progress;
                compare(weight_statistics(weight.in_place(), options, progress), weight);
                if (QTest::currentTestFailed()) {
                    qWarning("%lld × %lld, exact: %d", static_cast<long long>(rows), static_cast<long long>(columns),
                             exact);
                    return;
                }
            }
        }
    }

    void decoded_rows_give_what_rows_in_place_give_data() {
        QTest::addColumn<QString>("distribution");
        for (const auto& distribution : obvious::distributions())
            QTest::newRow(distribution.c_str()) << QString::fromStdString(distribution);
    }
    void decoded_rows_give_what_rows_in_place_give() {
        QFETCH(QString, distribution);
        const Weight weight(DType::F32, 300, 71, obvious::values_of(distribution.toStdString(), 300, 71));
        Progress progress;
        compare(weight_statistics(weight.decoded(), {}, progress), weight);
    }

    void same_for_any_number_of_threads_data() { equals_the_obvious_version_data(); }
    void same_for_any_number_of_threads() {
        QFETCH(int, dtype);
        QFETCH(QString, distribution);
        const Weight weight(static_cast<DType>(dtype), 2100, 45,
                            obvious::values_of(distribution.toStdString(), 2100, 45));
        StatisticsOptions options;
        options.outlier_sigmas = 1;
        options.outlier_limit = 50;
        std::vector<WeightStatistics> runs;
        for (int threads : {1, 2, 7}) {
            set_thread_count(threads);
            Progress progress;
            runs.push_back(weight_statistics(weight.in_place(), options, progress));
        }
        const auto same = [](const auto& a, const auto& b) { // bit by bit, NaN equal to NaN
            return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof a[0]) == 0);
        };
        for (std::size_t i = 1; i < runs.size(); ++i) {
            const WeightStatistics &a = runs[0], &b = runs[i];
            for (auto member : {&TensorStatistics::mean, &TensorStatistics::standard_deviation,
                                &TensorStatistics::skewness, &TensorStatistics::kurtosis})
                QVERIFY(std::memcmp(&(a.tensor.*member), &(b.tensor.*member), sizeof(double)) == 0);
            QVERIFY(same(a.tensor.percentiles, b.tensor.percentiles));
            QVERIFY(same(a.histogram.counts, b.histogram.counts));
            QCOMPARE(a.outlier_count, b.outlier_count);
            QCOMPARE(a.outliers.size(), b.outliers.size());
            for (std::size_t o = 0; o < a.outliers.size(); ++o)
                QVERIFY(a.outliers[o].row == b.outliers[o].row && a.outliers[o].column == b.outliers[o].column);
            for (auto axis : {&WeightStatistics::output, &WeightStatistics::input}) {
                const ChannelStatistics &x = a.*axis, &y = b.*axis;
                QVERIFY(same(x.mean, y.mean) && same(x.kurtosis, y.kurtosis) && same(x.skewness, y.skewness));
                QVERIFY(same(x.min, y.min) && same(x.max, y.max) && same(x.zeros, y.zeros));
                for (std::size_t q = 0; q < x.percentiles.size(); ++q)
                    QVERIFY(same(x.percentiles[q], y.percentiles[q]));
            }
        }
    }

    void an_empty_weight_has_counts_and_nothing_else() {
        for (auto [rows, columns] : {Shape{0, 0}, Shape{0, 5}, Shape{5, 0}}) {
            const Weight weight(DType::BF16, rows, columns, {});
            Progress progress;
            const auto got = weight_statistics(weight.in_place(), {}, progress);
            QCOMPARE(got.tensor.values, std::uint64_t{0});
            QVERIFY(std::isnan(got.tensor.mean) && std::isnan(got.outlier_score()));
            QVERIFY(got.histogram.counts.empty() && got.outliers.empty());
            QCOMPARE(static_cast<std::int64_t>(got.output.size()), rows);
            QCOMPARE(static_cast<std::int64_t>(got.input.size()), columns);
        }
    }

    void outlier_channels_are_those_far_above_the_median() {
        std::vector<float> values = obvious::values_of("gaussian", 64, 48);
        values[10 * 48 + 7] = 3; // row 10, column 7
        values[20 * 48 + 9] = -5;
        const Weight weight(DType::F32, 64, 48, values);
        Progress progress;
        const auto got = weight_statistics(weight.in_place(), {}, progress);
        QVERIFY(got.output.outlier_channels == (std::vector<std::int64_t>{20, 10}));
        QVERIFY(got.input.outlier_channels == (std::vector<std::int64_t>{9, 7}));
        std::vector<float> sorted = got.output.absmax;
        std::sort(sorted.begin(), sorted.end());
        QCOMPARE(got.output.median_absmax, (static_cast<double>(sorted[31]) + static_cast<double>(sorted[32])) / 2);
        QCOMPARE(got.outlier_score(), std::max(5 / got.output.median_absmax, 5 / got.input.median_absmax));
    }

    void a_cancelled_run_throws() {
        const Weight weight(DType::F32, 300, 300, obvious::values_of("gaussian", 300, 300));
        Progress progress;
        progress.cancel();
        QVERIFY_EXCEPTION_THROWN(weight_statistics(weight.in_place(), {}, progress), Cancelled);
    }
};

QTEST_APPLESS_MAIN(TestWeightStatistics)
#include "tst_weight_statistics.moc"
