// What float32 sums cannot hold (non-finite, huge or tiny values, channels far from the common mean), done again in
// double.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/parallel.h"
#include "core/statistics/keys.h"
#include "core/statistics/sweep.h"

namespace quantscope {

using kernels::Kind;

/// A row in double, about its own mean; non-finite values are counted and left out.
PowerSums Sweep::careful_row(const std::byte* row, std::uint64_t& non_finite) const {
    double sum = 0;
    std::int64_t count = 0;
    for (std::int64_t c = 0; c < columns_; ++c) {
        const float value = value_at(kind_, row, c);
        if (!std::isfinite(value)) continue;
        sum += value;
        ++count;
    }
    non_finite = static_cast<std::uint64_t>(columns_ - count);
    PowerSums sums;
    sums.shift = count ? sum / static_cast<double>(count) : 0;
    for (std::int64_t c = 0; c < columns_; ++c)
        if (const float value = value_at(kind_, row, c); std::isfinite(value)) sums.add(value);
    return sums;
}

/// A tile's columns in double, for tiles with values that float32 sums cannot hold.
void Sweep::careful_tile(std::span<const std::byte* const> rows, BandColumns& sums) const {
    const auto columns = static_cast<std::size_t>(columns_);
    for (const std::byte* row : rows)
        for (std::size_t c = 0; c < columns; ++c) {
            const float value = value_at(kind_, row, static_cast<std::int64_t>(c));
            if (!std::isfinite(value)) {
                sums.non_finite.resize(columns);
                ++sums.non_finite[c];
                continue;
            }
            const double d = value - static_cast<double>(static_cast<float>(sample_.shift));
            double* to = sums.sums.data() + kernel_.column_place(kind_, static_cast<std::int64_t>(c), columns_);
            to[0] += d;
            to[columns] += d * d;
            to[2 * columns] += d * d * d;
            to[3 * columns] += d * d * d * d;
            if (kind_ == Kind::f32) {
                sums.low[c] = std::min(sums.low[c], value);
                sums.high[c] = std::max(sums.high[c], value);
                continue;
            }
            std::uint16_t bits;
            std::memcpy(&bits, row + 2 * c, 2);
            sums.positive[c] = std::max(sums.positive[c], static_cast<std::int16_t>(bits));
            sums.negative[c] = std::max(sums.negative[c], bits);
        }
}

/// Computes again, in double and about their own means, the columns whose float32 sums are not good enough.
void Sweep::repair_columns() {
    std::vector<std::int64_t> broken;
    for (std::int64_t c = 0; c < columns_; ++c) {
        const PowerSums& sums = result_.columns[static_cast<std::size_t>(c)];
        const float magnitude = std::max(-sums.low, sums.high);
        const bool tiny = magnitude > 0 && magnitude < smallest_magnitude;
        if (sums.count > 0 && (tiny || !std::isfinite(sums.low) || !std::isfinite(sums.high) || sums.cancels()))
            broken.push_back(c);
    }
    if (broken.empty()) return;
    std::vector<double> means(broken.size());
    for (std::size_t i = 0; i < broken.size(); ++i) { // good enough as a shift; about infinite extremes sums are sound
        const PowerSums& sums = result_.columns[static_cast<std::size_t>(broken[i])];
        means[i] = sums.shift + sums.powers[0] / static_cast<double>(sums.count);
    }
    constexpr std::int64_t grain = 64, rows_at_once = 64;
    parallel_for(static_cast<std::int64_t>(broken.size()),
                 source_.is_in_place() ? grain : static_cast<std::int64_t>(broken.size()),
                 [&](std::int64_t first, std::int64_t last) {
                     RowWindow window(source_);
                     std::vector<PowerSums> fresh(static_cast<std::size_t>(last - first));
                     for (std::size_t i = 0; i < fresh.size(); ++i)
                         fresh[i].shift = means[static_cast<std::size_t>(first) + i];
                     for (std::int64_t row = 0; row < source_.rows(); row += rows_at_once) {
                         progress_.check();
                         for (const std::byte* at : window.rows(row, std::min(rows_at_once, source_.rows() - row)))
                             for (std::size_t i = 0; i < fresh.size(); ++i) {
                                 const float value = value_at(kind_, at, broken[static_cast<std::size_t>(first) + i]);
                                 if (std::isfinite(value)) fresh[i].add(value);
                             }
                     }
                     for (std::size_t i = 0; i < fresh.size(); ++i)
                         result_.columns[static_cast<std::size_t>(broken[static_cast<std::size_t>(first) + i])] =
                             fresh[i];
                 });
}

} // namespace quantscope
