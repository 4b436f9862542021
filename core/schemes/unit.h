// A unit is what shares one set of grid parameters: a tensor, an output channel (row), or a group of consecutive inputs
// of one row.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

namespace quantscope {

/// What a grid covers, in the weights' unit; always contains 0.
struct Range {
    float low = 0, high = 0;

    /// factor · (low, high); 1 gives the very same range.
    Range shrunk(double factor) const {
        return {static_cast<float>(low * factor), static_cast<float>(high * factor)};
    }
    float limit() const { return std::max(-low, high); } ///< the symmetric range's m
};

/// A unit's weights, as clippings and grids look at them.
struct UnitWeights {
    std::span<const float> values;     ///< finite
    std::span<const float> importance; ///< weight of each value's error; empty: all 1
    Range range;                       ///< of the values, 0 included
    /// How many weights each value stands for, where values are a summary in ascending order; empty: 1 each.
    std::span<const float> counts = {};
};

/// How a granularity cuts a matrix [rows, columns] into units, numbered row by row.
struct Units {
    std::int64_t rows = 0, columns = 0;
    std::int64_t width = 0;   ///< consecutive columns per unit (the last of a row may be shorter)
    std::int64_t per_row = 0; ///< units of a row; 0 when the whole tensor is one unit

    /// \param granularity "tensor", "channel" or "group"; \param group columns, > 0
    static Units of(std::int64_t rows, std::int64_t columns, std::string_view granularity, std::int64_t group) {
        if (granularity == "tensor") return {rows, columns, columns, 0};
        const std::int64_t width = granularity == "group" ? std::min(group, std::max<std::int64_t>(columns, 1)) : columns;
        return {rows, columns, width, width == 0 ? 1 : (columns + width - 1) / width};
    }
    bool whole() const { return per_row == 0; }
    std::int64_t count() const { return whole() ? 1 : rows * per_row; }
    std::int64_t in_row(std::int64_t row) const { return whole() ? 0 : row * per_row; } ///< first unit of a row
    std::int64_t segments() const { return whole() ? 1 : per_row; }                     ///< pieces that units make of a row
};

} // namespace quantscope
