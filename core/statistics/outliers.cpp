// Outliers beyond k·σ and outlier channels.
#include "core/statistics/outliers.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "core/base/parallel.h"
#include "core/statistics/keys.h"

namespace quantscope {

namespace {

/// Which of two outliers comes first; a total order, so that the list does not depend on who found what when.
bool comes_first(const WeightOutlier& a, const WeightOutlier& b) {
    if (a.sigmas != b.sigmas) return a.sigmas > b.sigmas;
    return a.row != b.row ? a.row < b.row : a.column < b.column;
}

void keep_first(std::vector<WeightOutlier>& list, std::size_t limit) {
    if (list.size() <= limit) return;
    std::nth_element(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(limit), list.end(), comes_first);
    list.resize(limit);
}

} // namespace

void find_outliers(const MatrixSource& source, const MomentSweep& sweep, WeightStatistics& statistics,
                   Progress& progress) {
    const double mean = statistics.tensor.mean, deviation = statistics.tensor.standard_deviation;
    const double reach = statistics.options.outlier_sigmas * deviation;
    const std::size_t limit = statistics.options.outlier_limit;
    if (!(deviation > 0)) return;
    const auto beyond = [&](float value) { return std::abs(static_cast<double>(value) - mean) > reach; };
    std::vector<std::int64_t> rows;
    for (std::int64_t r = 0; r < source.rows(); ++r) {
        const PowerSums& sums = sweep.rows[static_cast<std::size_t>(r)];
        if (sums.count > 0 && (beyond(sums.low) || beyond(sums.high))) rows.push_back(r);
    }
    // An outlier lies where such a row meets such a column: mostly few places, however many rows there are.
    std::vector<std::int64_t> columns;
    for (std::int64_t c = 0; c < source.columns(); ++c) {
        const PowerSums& sums = sweep.columns[static_cast<std::size_t>(c)];
        if (sums.count > 0 && (beyond(sums.low) || beyond(sums.high))) columns.push_back(c);
    }
    // Where most columns are marked, whole rows are compared instead, with limits that are a little too narrow: rounded
    // to float32 they may be, what they find is looked at again.
    const bool whole = columns.size() > static_cast<std::size_t>(source.columns()) / 16;
    const float low = std::nextafter(static_cast<float>(mean - reach), HUGE_VALF);
    const float high = std::nextafter(static_cast<float>(mean + reach), -HUGE_VALF);
    std::mutex mutex; // joins the lists of pieces, whose order the sorting at the end makes irrelevant
    parallel_for(static_cast<std::int64_t>(rows.size()), 64, [&](std::int64_t first, std::int64_t last) {
        RowWindow window(source);
        std::vector<WeightOutlier> found;
        std::vector<std::int64_t> places(whole ? static_cast<std::size_t>(source.columns()) : 0);
        std::uint64_t count = 0;
        for (std::int64_t i = first; i < last; ++i) {
            if (i % 16 == 0) progress.check();
            const std::int64_t row = rows[static_cast<std::size_t>(i)];
            const std::byte* at = window.rows(row, 1)[0];
            std::span<const std::int64_t> suspects = columns;
            if (whole)
                suspects = std::span(places).first(static_cast<std::size_t>(
                    kernels::table().outside(source.kind(), at, source.columns(), low, high, places.data())));
            for (std::int64_t c : suspects) {
                const float value = value_at(source.kind(), at, c);
                if (!beyond(value) || !std::isfinite(value)) continue;
                ++count;
                const double sigmas = std::abs(static_cast<double>(value) - mean) / deviation;
                found.push_back({row, c, value, static_cast<float>(sigmas)});
                if (found.size() >= 4 * limit + 4096) keep_first(found, limit);
            }
        }
        std::lock_guard lock(mutex);
        statistics.outlier_count += count;
        statistics.outliers.insert(statistics.outliers.end(), found.begin(), found.end());
        if (statistics.outliers.size() >= 4 * limit + 4096) keep_first(statistics.outliers, limit);
    });
    keep_first(statistics.outliers, limit);
    std::sort(statistics.outliers.begin(), statistics.outliers.end(), comes_first);
}

void find_outlier_channels(ChannelStatistics& channels, double ratio) {
    std::vector<float> sorted;
    for (float absmax : channels.absmax)
        if (std::isfinite(absmax)) sorted.push_back(absmax);
    if (sorted.empty()) return;
    std::sort(sorted.begin(), sorted.end());
    const std::size_t middle = sorted.size() / 2;
    channels.median_absmax = sorted.size() % 2 == 1
                                 ? static_cast<double>(sorted[middle])
                                 : (static_cast<double>(sorted[middle - 1]) + static_cast<double>(sorted[middle])) / 2;
    for (std::size_t c = 0; c < channels.absmax.size(); ++c)
        if (static_cast<double>(channels.absmax[c]) > ratio * channels.median_absmax)
            channels.outlier_channels.push_back(static_cast<std::int64_t>(c));
    std::stable_sort(
        channels.outlier_channels.begin(), channels.outlier_channels.end(), [&](std::int64_t a, std::int64_t b) {
            return channels.absmax[static_cast<std::size_t>(a)] > channels.absmax[static_cast<std::size_t>(b)];
        });
}

} // namespace quantscope
