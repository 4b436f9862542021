// Puts a weight's statistics together: a sample, the first walk over the rows, percentiles of the columns, and what
// follows from the two.
#include "core/statistics/weight_statistics.h"

#include <algorithm>
#include <cmath>

#include "core/statistics/column_ranks.h"
#include "core/statistics/keys.h"
#include "core/statistics/outliers.h"
#include "core/statistics/tensor_ranks.h"

namespace quantscope {

namespace {

TensorStatistics tensor_of(const MomentSweep& sweep) {
    TensorStatistics tensor;
    for (std::size_t r = 0; r < sweep.rows.size(); ++r) {
        tensor.non_finite += sweep.row_non_finite[r];
        tensor.zeros += sweep.row_zeros[r];
        tensor.values += static_cast<std::uint64_t>(sweep.rows[r].count);
    }
    if (tensor.values == 0) return tensor;
    double sum = 0; // the mean first, so that all rows' sums can be moved to it and lose nothing in the differences
    for (const PowerSums& row : sweep.rows)
        if (row.count > 0) sum += row.mean() * (static_cast<double>(row.count) / static_cast<double>(tensor.values));
    PowerSums all;
    all.shift = sum;
    for (const PowerSums& row : sweep.rows)
        if (row.count > 0) all += row.shifted(sum);
    tensor.min = all.low;
    tensor.max = all.high;
    tensor.absmax = std::max(std::abs(tensor.min), std::abs(tensor.max));
    tensor.mean = all.low == all.high ? tensor.min : all.mean();
    tensor.standard_deviation = std::sqrt(all.variance());
    tensor.skewness = all.skewness();
    tensor.kurtosis = all.kurtosis();
    return tensor;
}

ChannelStatistics channels_of(const std::vector<PowerSums>& channels, std::vector<std::uint64_t> zeros,
                              std::vector<std::uint64_t> non_finite, std::vector<std::vector<float>> percentiles) {
    ChannelStatistics out;
    const std::size_t count = channels.size();
    for (auto* values : {&out.min, &out.max, &out.absmax})
        values->resize(count);
    for (auto* values : {&out.mean, &out.standard_deviation, &out.skewness, &out.kurtosis})
        values->resize(count);
    for (std::size_t c = 0; c < count; ++c) {
        const PowerSums& sums = channels[c];
        const bool any = sums.count > 0;
        out.min[c] = any ? sums.low + 0.0f : NAN; // + 0 makes −0 into 0
        out.max[c] = any ? sums.high + 0.0f : NAN;
        out.absmax[c] = any ? std::max(std::abs(sums.low), std::abs(sums.high)) : NAN;
        out.mean[c] = any && sums.low == sums.high ? static_cast<double>(sums.low) : sums.mean();
        out.standard_deviation[c] = std::sqrt(sums.variance());
        out.skewness[c] = sums.skewness();
        out.kurtosis[c] = sums.kurtosis();
    }
    out.zeros = std::move(zeros);
    out.non_finite = std::move(non_finite);
    out.percentiles = std::move(percentiles);
    return out;
}

} // namespace

double WeightStatistics::outlier_score() const {
    const auto score = [](const ChannelStatistics& channels) {
        double most = NAN;
        for (float absmax : channels.absmax)
            most = std::fmax(most, static_cast<double>(absmax));
        return channels.median_absmax > 0 ? most / channels.median_absmax : NAN;
    };
    return std::fmax(score(output), score(input));
}

WeightStatistics weight_statistics(const MatrixSource& source, const StatisticsOptions& options, Progress& progress) {
    WeightStatistics statistics;
    statistics.rows = source.rows();
    statistics.columns = source.columns();
    statistics.options = options;
    const bool ranks = options.percentiles;
    const Sample sample = sample_of(source);
    SweepWish wish;
    wish.exact = options.exact_percentiles;
    wish.histogram = ranks;
    if (ranks) wish.percentiles = options.channel_percentiles;
    MomentSweep sweep = sweep_moments(source, sample, wish, progress);
    statistics.tensor = tensor_of(sweep);
    progress.report(0.5);

    std::vector<std::vector<float>> column_ranks;
    if (ranks) {
        const bool exact = options.exact_percentiles;
        const TensorRanks tensor(source, sweep, statistics.tensor);
        ThresholdCounts thresholds = exact ? ThresholdCounts{} : tensor.guesses(options.tensor_percentiles);
        column_ranks =
            column_percentiles(source, sweep, sample, options.channel_percentiles, exact, thresholds, progress);
        progress.report(0.9);
        statistics.tensor.percentiles = tensor.percentiles(options.tensor_percentiles, exact, thresholds, progress);
        statistics.histogram = tensor.histogram(options.histogram_bins, progress);
        find_outliers(source, sweep, statistics, progress);
    }
    statistics.output = channels_of(sweep.rows, std::move(sweep.row_zeros), std::move(sweep.row_non_finite),
                                    std::move(sweep.row_percentiles));
    statistics.input = channels_of(sweep.columns, std::move(sweep.column_zeros), std::move(sweep.column_non_finite),
                                   std::move(column_ranks));
    find_outlier_channels(statistics.output, options.channel_ratio);
    find_outlier_channels(statistics.input, options.channel_ratio);
    progress.report(1);
    return statistics;
}

EqualWidthHistogram channel_histogram(const MatrixSource& source, bool output, std::int64_t channel, int bins) {
    const std::int64_t channels = output ? source.rows() : source.columns();
    if (channel < 0 || channel >= channels)
        throw ShapeError("", output ? "output channel" : "input channel",
                         std::to_string(channel) + " is not one of the weight's " + std::to_string(channels));
    std::vector<float> values;
    if (output) {
        values.resize(static_cast<std::size_t>(source.columns()));
        source.read(channel, 1, values);
    } else {
        constexpr std::int64_t at_once = 64;
        RowWindow window(source);
        for (std::int64_t row = 0; row < source.rows(); row += at_once)
            for (const std::byte* at : window.rows(row, std::min(at_once, source.rows() - row)))
                values.push_back(value_at(source.kind(), at, channel));
    }
    std::erase_if(values, [](float value) { return !std::isfinite(value); });
    if (values.empty()) return {};
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    EqualWidthHistogram histogram = empty_histogram(*low, *high, bins);
    for (float value : values)
        add_to(histogram, value);
    return histogram;
}

} // namespace quantscope
