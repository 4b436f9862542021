// What a weight looks like: moments, extremes, percentiles, histogram and outliers of the tensor and of each of its
// output channels (rows) and input channels (columns), computed on the mapped file without a float32 copy.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/base/progress.h"
#include "core/statistics/matrix_source.h"

namespace quantscope {

struct StatisticsOptions {
    bool percentiles = true; ///< false: moments and extremes of tensor and channels only; histogram and outliers too go
    bool exact_percentiles = false; ///< every percentile the exact one, at several times the cost
    std::vector<double> tensor_percentiles{0.1, 1, 50, 99, 99.9}; ///< in percent, 0…100
    std::vector<double> channel_percentiles{1, 50, 99};
    int histogram_bins = 512;          ///< at most this many, at least half of it where the values allow; ≥ 2
    double outlier_sigmas = 6;         ///< k of |w − mean| > k·σ
    std::size_t outlier_limit = 10000; ///< of the list; the count is always exact
    double channel_ratio = 6;          ///< an outlier channel has absmax > this · median of the channels' absmax
};

/// Equal-width bins on [low, high]; every finite value is counted in exactly one of them. A bin holds its lower edge,
/// the last one its upper edge too. One bin of width 0 where all values are equal; no bin where there is no value.
struct EqualWidthHistogram {
    double low = 0, high = 0;
    std::vector<std::uint64_t> counts;

    double width() const { return counts.empty() ? 0 : (high - low) / static_cast<double>(counts.size()); }
};

struct WeightOutlier {
    std::int64_t row = 0, column = 0;
    float value = 0;
    float sigmas = 0; ///< |value − mean| / σ of the tensor
};

/// Statistics of the finite values of one set; non-finite ones are counted and otherwise left out. Of an empty set
/// everything but the counts is NaN; of a constant one, standard deviation is 0 and skewness and kurtosis are NaN.
struct TensorStatistics {
    double min = NAN, max = NAN, absmax = NAN, mean = NAN;
    double standard_deviation = NAN; ///< of the population (divided by n)
    double skewness = NAN;           ///< m3 / m2^1.5
    double kurtosis = NAN;           ///< m4 / m2², a Gaussian's is 3
    std::vector<double> percentiles; ///< as in options.tensor_percentiles
    std::uint64_t values = 0;        ///< finite ones
    std::uint64_t zeros = 0, non_finite = 0;

    double zero_fraction() const { return values ? static_cast<double>(zeros) / static_cast<double>(values) : NAN; }
};

/// The same for all channels along one axis; every vector has one entry per channel.
struct ChannelStatistics {
    std::vector<float> min, max, absmax;
    std::vector<double> mean, standard_deviation, skewness, kurtosis;
    std::vector<std::vector<float>> percentiles; ///< [as in options.channel_percentiles][channel]
    std::vector<std::uint64_t> zeros, non_finite;
    std::vector<std::int64_t> outlier_channels; ///< absmax > channel_ratio · median absmax, largest first
    double median_absmax = NAN;

    std::size_t size() const { return min.size(); }
};

struct WeightStatistics {
    std::int64_t rows = 0, columns = 0;
    StatisticsOptions options;
    TensorStatistics tensor;
    ChannelStatistics output; ///< rows
    ChannelStatistics input;  ///< columns
    EqualWidthHistogram histogram;
    std::vector<WeightOutlier> outliers; ///< farthest from the mean first; ties by row, then column
    std::uint64_t outlier_count = 0;     ///< all beyond k·σ, also those that the list has no room for

    /// Largest channel absmax over the median of the channels' absmax, the larger of both axes: the layer's outlier
    /// score.
    double outlier_score() const;
};

/// Computes them. A percentile p is the value of rank p·(n − 1), interpolated linearly when exact; otherwise a value
/// whose rank lies within 0.1 % of the channel's n values of that, whatever the distribution. Results do not depend on
/// the number of threads. \throws Cancelled; what the source's reader throws
WeightStatistics weight_statistics(const MatrixSource& source, const StatisticsOptions& options, Progress& progress);

/// Histogram of one row (output channel) or column (input channel) on its own range.
EqualWidthHistogram channel_histogram(const MatrixSource& source, bool output, std::int64_t channel, int bins);

/// A part of |w| (or of w) as at most height × width cells, pooled by maximum or mean of the magnitudes; when the part
/// is no larger than that, exact weights with their sign.
struct PooledTile {
    int height = 0, width = 0;
    bool exact = false;        ///< the values are single weights
    std::vector<float> values; ///< [height, width]; NaN where a cell holds no finite weight
};
/// \throws ShapeError when the part does not lie inside the matrix
PooledTile pooled_tile(const MatrixSource& source, std::int64_t first_row, std::int64_t first_column, std::int64_t rows,
                       std::int64_t columns, int height, int width, bool maximum, Progress& progress);

} // namespace quantscope
