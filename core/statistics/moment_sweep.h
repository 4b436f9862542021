// The first walk over a weight: moments and extremes of rows and columns, and while a row is in cache its percentiles
// and its part of the tensor's histogram.
#pragma once

#include <span>
#include <vector>

#include "core/base/progress.h"
#include "core/statistics/matrix_source.h"
#include "core/statistics/rank_search.h"
#include "core/statistics/window_histogram.h"

namespace quantscope {

/// Sums of the powers of w − shift over the finite values of one channel, and its extremes.
struct PowerSums {
    std::int64_t count = 0;
    double shift = 0;
    double powers[4] = {0, 0, 0, 0};
    float low, high; ///< +∞ and −∞ when empty

    PowerSums();
    void add(double value);
    PowerSums& operator+=(const PowerSums& other); ///< shifts must be equal
    /// The same about another shift.
    PowerSums shifted(double to) const;
    double mean() const;
    double variance() const; ///< of the population, never below 0
    double skewness() const;
    double kurtosis() const;
    /// Whether the powers about this shift lose too many digits for skewness and kurtosis in float32 sums.
    bool cancels() const;
};

/// What a look at a few thousand values tells before the first walk.
struct Sample {
    double shift = 0;               ///< near the mean, or 0 where that is near enough
    double mean = 0, deviation = 0; ///< of its middle part, so that outliers do not stretch it
    HistogramWindow window;
    std::vector<double> sorted; ///< standardised

    PercentileShape shape(double percent) const;
};
Sample sample_of(const MatrixSource& source);

struct MomentSweep {
    std::vector<PowerSums> rows, columns;
    std::vector<std::uint64_t> row_non_finite, column_non_finite, row_zeros, column_zeros;
    WindowCounts histogram;
    std::vector<std::vector<float>> row_percentiles; ///< [percentile][row]
};

struct SweepWish {
    std::span<const double> percentiles; ///< of rows; empty for none
    bool exact = false;
    bool histogram = false;
};

/// Rows are cut into the same bands whatever the number of threads, and bands are added up in order.
MomentSweep sweep_moments(const MatrixSource& source, const Sample& sample, const SweepWish& wish, Progress& progress);

/// Percentiles of the finite ones of `values`, exact, by partial sorting (which reorders them).
void exact_percentiles(std::span<float> values, std::span<const double> percents, std::span<float> out);

} // namespace quantscope
