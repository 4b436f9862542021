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
    /// Adds `count` (1 or 4) rows' columns [first, last) to their lanes and to the columns' sums; the powers are those
    /// of w − shift.
    void (*moments)(Kind kind, int count, const std::byte* const* rows, std::int64_t first, std::int64_t last,
                    float shift, RowLanes* lanes, const ColumnSums& columns);
    /// 16-bit patterns to int16 keys that are ordered as the values are.
    void (*ordered)(const std::byte* row, std::int64_t count, std::int16_t* keys);
    /// Copies `strip_lanes` columns from `column` on, as ordered keys or as they are: out [count][lanes].
    void (*load_strip_16)(const std::byte* const* rows, std::int64_t count, std::int64_t column, std::int16_t* out);
    void (*load_strip_32)(const std::byte* const* rows, std::int64_t count, std::int64_t column, float* out);
    /// How many of the values exceed each of three thresholds.
    void (*count_above_16)(const std::int16_t* keys, std::int64_t count, const std::int16_t thresholds[3],
                           std::int64_t above[3]);
    void (*count_above_32)(const float* values, std::int64_t count, const float thresholds[3], std::int64_t above[3]);
    /// The same for `strip_lanes` columns at once: values [count][lanes], thresholds and results [3][lanes].
    void (*count_strip_16)(const std::int16_t* keys, std::int64_t count, const std::int16_t* thresholds,
                           std::int32_t* above);
    void (*count_strip_32)(const float* values, std::int64_t count, const float* thresholds, std::int32_t* above);
    /// Adds to 65,536 bins, one per bit pattern.
    void (*histogram_16)(const std::byte* row, std::int64_t count, std::uint32_t* bins);
    /// Adds to 65,536 bins of width 1/inverse: bin ⌊w·inverse⌋ modulo 2^16. Values outside of [−2^15, 2^15) bins go to
    /// either of the two outermost bins, ±2^15.
    void (*histogram_32)(const std::byte* row, std::int64_t count, float inverse, std::uint32_t* bins);
    /// How many of a row's values are 0, and the same added to one counter per column.
    std::int64_t (*zeros)(Kind kind, const std::byte* row, std::int64_t count);
    void (*add_zeros)(Kind kind, const std::byte* row, std::int64_t count, std::uint32_t* columns);
    /// Sum of the values, as plain as it gets: the yardstick of the benchmark.
    double (*sum)(Kind kind, const std::byte* values, std::int64_t count);
};

constexpr int strip_lanes_16 = 32, strip_lanes_32 = 16;
constexpr int bins = 65536;

/// The table for a level; the best one that the processor can run by default.
const Table& table(SimdLevel level = simd_level());

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
