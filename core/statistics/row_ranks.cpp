// Percentiles of a row while it is in cache: short rows, and rows with holes, are sorted; long ones are searched.
#include <algorithm>
#include <cmath>

#include "core/statistics/keys.h"
#include "core/statistics/sweep.h"

namespace quantscope {

void Sweep::row_percentiles(Worker& worker, const std::byte* row, std::size_t index) {
    const PowerSums& sums = result_.rows[index];
    const std::size_t wanted = wish_.percentiles.size();
    const bool holes = result_.row_non_finite[index] > 0;
    if (wish_.exact || holes || sums.count < RankSearch::smallest) {
        worker.values.resize(static_cast<std::size_t>(columns_));
        values_to_float(kind_, row, columns_, worker.values.data());
        if (holes) std::erase_if(worker.values, [](float v) { return !std::isfinite(v); });
        std::vector<float> found(wanted);
        exact_percentiles(worker.values, wish_.percentiles, found);
        for (std::size_t q = 0; q < wanted; ++q)
            result_.row_percentiles[q][index] = found[q];
        return;
    }
    const double mean = sums.mean(), deviation = std::sqrt(sums.variance());
    for (std::size_t q = 0; q < wanted; ++q) {
        RankSearch search;
        search.begin(kind_, sums.count, wish_.percentiles[q], sums.low, sums.high, mean, deviation, shapes_[q]);
        while (!search.done()) {
            const std::int32_t probe = search.probe();
            search.counted(kind_ == kernels::Kind::f32
                               ? kernel_.count_not_above_32(row, columns_, value_of_key32(probe))
                               : kernel_.count_not_above_16(row, columns_, static_cast<std::int16_t>(probe)));
        }
        result_.row_percentiles[q][index] = search.value();
    }
}

void exact_percentiles(std::span<float> values, std::span<const double> percents, std::span<float> out) {
    std::fill(out.begin(), out.end(), NAN);
    if (values.empty()) return;
    for (std::size_t q = 0; q < percents.size(); ++q) {
        const double place = percents[q] / 100 * static_cast<double>(values.size() - 1);
        const auto below = static_cast<std::size_t>(place);
        const auto nth = values.begin() + static_cast<std::ptrdiff_t>(below);
        std::nth_element(values.begin(), nth, values.end());
        const double part = place - static_cast<double>(below);
        const float above = part > 0 ? *std::min_element(nth + 1, values.end()) : *nth;
        out[q] = static_cast<float>(*nth + part * (static_cast<double>(above) - *nth)) + 0.0f;
    }
}

} // namespace quantscope
