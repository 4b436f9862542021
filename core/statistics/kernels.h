// The hot loops of weight statistics, one table of functions per processor level. They know nothing of tensors: rows by
// pointer, sums by lane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/simd.h"

namespace quantscope::kernels {

/// How the values of a matrix lie in memory.
enum class Kind { f32, f16, bf16 };

/// Sums of a row's powers and its extremes, per vector lane; the caller adds the lanes up in double.
struct RowLanes {
    static constexpr int lanes = 16;
    float sums[4][lanes];
    float low[lanes], high[lanes];     ///< f32: smallest and largest value
    std::int16_t positive[2 * lanes];  ///< 16-bit kinds: largest bit pattern as a signed number …
    std::uint16_t negative[2 * lanes]; ///< … and as an unsigned one: the largest and the smallest value, see below
    bool has_zero;
    void clear();
};

/// The same per column over the rows of a tile. For 16-bit kinds the extremes are found on the bit patterns: the
/// largest signed pattern is the largest value unless all are negative, the largest unsigned one the smallest value
/// unless none is.
struct ColumnSums {
    float* sums[4];
    float *low, *high;
    std::int16_t* positive;
    std::uint16_t* negative;
};

struct Table {
    /// Adds `count` rows' columns [first, last) to their lanes and to the columns' sums; the powers are those of
    /// w − shift. `first` is a multiple of 64, and so is `last` unless it is the rows' end.
    void (*moments)(Kind kind, int count, const std::byte* const* rows, std::int64_t first, std::int64_t last,
                    float shift, RowLanes* lanes, const ColumnSums& columns);
    /// Where `moments` keeps the sums (not the extremes) of a column of this many.
    std::int64_t (*column_place)(Kind kind, std::int64_t column, std::int64_t columns);
    /// 16-bit patterns to int16 keys that are ordered as the values are.
    void (*ordered)(const std::byte* row, std::int64_t count, std::int16_t* keys);
    /// Copies `strips` times `strip_lanes` columns from `column` on, as ordered keys or as they are; each strip to a
    /// place of its own, out [strips, `stride` values apart][count][lanes].
    void (*load_strips_16)(const std::byte* const* rows, std::int64_t count, std::int64_t column, std::int64_t strips,
                           std::int64_t stride, std::int16_t* out);
    void (*load_strips_32)(const std::byte* const* rows, std::int64_t count, std::int64_t column, std::int64_t strips,
                           std::int64_t stride, float* out);
    /// How many of a row's values, none of them NaN, are not above the one that has this key; not above a value.
    std::int64_t (*count_not_above_16)(const std::byte* row, std::int64_t count, std::int16_t key);
    std::int64_t (*count_not_above_32)(const std::byte* row, std::int64_t count, float value);
    /// How many exceed each of 1 to 3 thresholds, for `strip_lanes` columns at once: values [count][lanes], thresholds
    /// and results [thresholds][lanes].
    void (*count_strip_16)(const std::int16_t* keys, std::int64_t count, int wanted, const std::int16_t* thresholds,
                           std::int32_t* above);
    void (*count_strip_32)(const float* values, std::int64_t count, int wanted, const float* thresholds,
                           std::int32_t* above);
    /// Adds each value to the cell of its bin ⌊w·inverse⌋ − first in one of `window_copies` tables: neighbours that are
    /// equal then need not wait for each other. Values beyond the bins count in the outermost if `clamp`; otherwise
    /// there must be none. \param cells  [window_copies][window_bins]
    void (*count_window)(Kind kind, const std::byte* row, std::int64_t count, float inverse, float first, bool clamp,
                         std::uint32_t* cells);
    /// Lists where the values that are below `low` or not below `high` are, in order. \param out  room for all
    /// \returns  how many
    std::int64_t (*outside)(Kind kind, const std::byte* row, std::int64_t count, float low, float high,
                            std::int64_t* out);
    /// Adds the values' magnitudes to, or keeps the larger of both in, one number per column.
    /// \returns  false when a value was not finite: the numbers are of no use then
    bool (*pool)(Kind kind, const std::byte* row, std::int64_t count, bool maximum, float* magnitudes);
    /// How many of a row's values are 0, and the same added to one counter per column.
    std::int64_t (*zeros)(Kind kind, const std::byte* row, std::int64_t count);
    void (*add_zeros)(Kind kind, const std::byte* row, std::int64_t count, std::uint32_t* columns);
    /// Sum of the values, as plain as it gets: the yardstick of the benchmark.
    double (*sum)(Kind kind, const std::byte* values, std::int64_t count);
};

constexpr int strip_lanes_16 = 32, strip_lanes_32 = 16;
constexpr int window_bins = 4096, window_copies = 2;

/// The table for the best level that the processor can run, or that `use_level` chose.
const Table& table();
/// \param level  no higher than simd_level()
const Table& table(SimdLevel level);
/// For tests of the lower levels.
void use_level(SimdLevel level);

namespace portable {
const Table& table();
}
namespace avx2 {
const Table& table();
}
namespace avx512 {
const Table& table();
}

} // namespace quantscope::kernels
