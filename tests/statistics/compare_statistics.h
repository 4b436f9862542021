// Holds weight statistics against the slow obvious version, value by value; the failed check says what differs.
#pragma once

#include <QTest>

#include "core/statistics/weight_statistics.h"
#include "obvious_statistics.h"

namespace quantscope::obvious {

inline bool near(double got, double wanted, double tolerance) {
    if (std::isnan(wanted) || std::isnan(got)) return std::isnan(wanted) == std::isnan(got);
    return std::fabs(got - wanted) <= tolerance;
}

inline QByteArray text(const char* what, std::int64_t where, double got, double wanted) {
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

inline void compare_channels(const ChannelStatistics& got, const Weight& weight, bool output,
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

inline void compare(const WeightStatistics& got, const Weight& weight) {
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

} // namespace quantscope::obvious
