// Sums of all columns over some rows: in float32 over a tile, as the kernels add them, and in double over a band.
#pragma once

#include <vector>

#include "core/statistics/kernels.h"
#include "core/statistics/moment_sweep.h"

namespace quantscope {

/// Float32 sums of all columns over the rows of one tile, laid out as the kernels want them.
class TileColumns {
public:
    TileColumns(kernels::Kind kind, std::int64_t columns);
    const kernels::ColumnSums& view() const { return view_; }
    void clear();

private:
    kernels::Kind kind_;
    std::size_t columns_;
    std::vector<float> sums_, extremes_;
    std::vector<std::int16_t> positive_;
    std::vector<std::uint16_t> negative_;
    kernels::ColumnSums view_{};
};

/// What a band of rows adds to every column; sums and extremes are kept where the kernels keep them.
struct BandColumns {
    std::vector<double> sums; ///< [4][columns]
    std::vector<float> low, high;
    std::vector<std::int16_t> positive;
    std::vector<std::uint16_t> negative;
    std::vector<std::uint64_t> non_finite; ///< empty while there is none
    std::vector<std::uint32_t> zeros;      ///< empty while there is none

    void clear(kernels::Kind kind, std::size_t columns);
    void add(const kernels::ColumnSums& tile, std::size_t columns);
    void add(const BandColumns& next);
};

} // namespace quantscope
