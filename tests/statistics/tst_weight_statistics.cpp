// Statistics of a weight against the slow obvious version, over shapes, dtypes and distributions chosen to hurt.
#include <QTest>

#include "core/base/parallel.h"
#include "core/statistics/weight_statistics.h"
#include "obvious_statistics.h"

using namespace quantscope;
using obvious::Weight;

namespace {

struct Shape {
    std::int64_t rows, columns;
};

bool near(double got, double wanted, double tolerance) {
    if (std::isnan(wanted) || std::isnan(got)) return std::isnan(wanted) == std::isnan(got);
    return std::fabs(got - wanted) <= tolerance;
}

QByteArray text(const char* what, std::int64_t where, double got, double wanted) {
    return QStringLiteral("%1 of %2: %3 instead of %4")
        .arg(what)
        .arg(where)
        .arg(got, 0, 'g', 10)
        .arg(wanted, 0, 'g', 10)
        .toUtf8();
}

// Writes the message only when it is needed: QVERIFY2 always would.
#define NEAR(what, where, got, wanted, tolerance)                                                                      \
    do {                                                                                                               \
        if (!near(got, wanted, tolerance)) QFAIL(text(what, where, got, wanted).constData());                          \
    } while (false)

/// Float32 sums over a tile are good to some 1e-6 of the largest power; near constant sets tell skewness from rounding
/// only.
struct Tolerance {
    double mean, deviation, skewness, kurtosis;
    explicit Tolerance(const obvious::Statistics& wanted) {
        const double scale = std::isnan(wanted.deviation) ? 0 : wanted.deviation;
        mean = 1e-5 * scale + 1e-12 * std::fabs(wanted.mean);
        deviation = 1e-5 * scale + 1e-12 * std::fabs(wanted.mean);
        skewness = 1e-4 * (1 + std::fabs(wanted.skewness) + std::fabs(wanted.kurtosis));
        kurtosis = 1e-4 * (1 + std::fabs(wanted.kurtosis));
    }
};

void compare_channels(const ChannelStatistics& got, const Weight& weight, bool output,
                      const StatisticsOptions& options) {
    const std::int64_t count = output ? weight.rows : weight.columns;
    QCOMPARE(static_cast<std::int64_t>(got.size()), count);
    for (std::int64_t i = 0; i < count; ++i) {
        const obvious::Statistics wanted(output ? weight.row(i) : weight.column(i));
        const auto c = static_cast<std::size_t>(i);
        const Tolerance tolerance(wanted);
        NEAR("min", i, got.min[c], wanted.min, 0);
        NEAR("max", i, got.max[c], wanted.max, 0);
        NEAR("absmax", i, got.absmax[c], wanted.absmax, 0);
        NEAR("mean", i, got.mean[c], wanted.mean, tolerance.mean);
        NEAR("standard deviation", i, got.standard_deviation[c], wanted.deviation, tolerance.deviation);
        NEAR("skewness", i, got.skewness[c], wanted.skewness, tolerance.skewness);
        NEAR("kurtosis", i, got.kurtosis[c], wanted.kurtosis, tolerance.kurtosis);
        QCOMPARE(got.zeros[c], wanted.zeros);
        QCOMPARE(got.non_finite[c], wanted.non_finite);
        const auto n = static_cast<double>(wanted.sorted.size());
        for (std::size_t q = 0; q < options.channel_percentiles.size(); ++q) {
            const double percent = options.channel_percentiles[q], value = got.percentiles[q][c];
            const double exact = wanted.percentile(percent);
            QVERIFY(std::isnan(value) == wanted.sorted.empty());
            if (wanted.sorted.empty()) continue;
            if (options.exact_percentiles)
                NEAR("exact percentile", i, value, static_cast<double>(static_cast<float>(exact)),
                     std::fabs(exact) * 1e-7);
            else
                NEAR("rank error", i, wanted.rank_error(percent, value), 0, std::max(1.0, 0.001 * n));
        }
    }
}

void compare(const WeightStatistics& got, const Weight& weight) {
    const obvious::Statistics wanted(weight.values);
    const Tolerance tolerance(wanted);
    const TensorStatistics& t = got.tensor;
    QCOMPARE(t.values, static_cast<std::uint64_t>(wanted.sorted.size()));
    QCOMPARE(t.zeros, wanted.zeros);
    QCOMPARE(t.non_finite, wanted.non_finite);
    NEAR("tensor's min", 0, t.min, wanted.min, 0);
    NEAR("tensor's max", 0, t.max, wanted.max, 0);
    NEAR("tensor's absmax", 0, t.absmax, wanted.absmax, 0);
    NEAR("tensor's mean", 0, t.mean, wanted.mean, tolerance.mean);
    NEAR("tensor's standard deviation", 0, t.standard_deviation, wanted.deviation, tolerance.deviation);
    NEAR("tensor's skewness", 0, t.skewness, wanted.skewness, tolerance.skewness);
    NEAR("tensor's kurtosis", 0, t.kurtosis, wanted.kurtosis, tolerance.kurtosis);
    compare_channels(got.output, weight, true, got.options);
    compare_channels(got.input, weight, false, got.options);

    const auto n = static_cast<double>(wanted.sorted.size());
    QCOMPARE(t.percentiles.size(), got.options.tensor_percentiles.size());
    for (std::size_t q = 0; q < t.percentiles.size() && n > 0; ++q) {
        const double percent = got.options.tensor_percentiles[q], exact = wanted.percentile(percent);
        if (got.options.exact_percentiles)
            NEAR("tensor's exact percentile", 0, t.percentiles[q], exact, std::fabs(exact) * 1e-12);
        else
            NEAR("tensor's rank error", 0, wanted.rank_error(percent, t.percentiles[q]), 0, 0.001 * n + 1e-9);
    }

    // The histogram: each value in the bin that its bounds say.
    const EqualWidthHistogram& histogram = got.histogram;
    QVERIFY(static_cast<int>(histogram.counts.size()) <= got.options.histogram_bins);
    std::vector<std::uint64_t> counts(histogram.counts.size());
    std::vector<double> edges;
    for (std::size_t bin = 0; bin < counts.size(); ++bin)
        edges.push_back(histogram.low + static_cast<double>(bin) * histogram.width());
    for (double value : wanted.sorted) {
        QVERIFY(value >= histogram.low && value <= histogram.high);
        const auto edge = std::upper_bound(edges.begin(), edges.end(), value) - edges.begin(); // edges not above it
        const std::size_t bin =
            std::min(static_cast<std::size_t>(std::max<std::ptrdiff_t>(edge, 1)), counts.size()) - 1;
        ++counts[bin];
    }
    QVERIFY(counts == histogram.counts);

    // Outliers: every one, in order.
    std::vector<double> sigmas;
    if (wanted.deviation > 0)
        for (double value : wanted.sorted)
            if (std::fabs(value - wanted.mean) > got.options.outlier_sigmas * wanted.deviation)
                sigmas.push_back(std::fabs(value - wanted.mean) / wanted.deviation);
    std::sort(sigmas.rbegin(), sigmas.rend());
    QCOMPARE(got.outlier_count, static_cast<std::uint64_t>(sigmas.size()));
    QCOMPARE(got.outliers.size(), std::min(sigmas.size(), got.options.outlier_limit));
    for (std::size_t i = 0; i < got.outliers.size(); ++i) {
        const WeightOutlier& outlier = got.outliers[i];
        QCOMPARE(outlier.value, weight.values[static_cast<std::size_t>(outlier.row * weight.columns + outlier.column)]);
        NEAR("outlier's distance", static_cast<std::int64_t>(i), outlier.sigmas, sigmas[i], 1e-4 * sigmas[i]);
    }
}

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
