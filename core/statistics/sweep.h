// The first walk's inner state; moment_sweep.h has what others may see of it.
#pragma once

#include "core/statistics/band_columns.h"
#include "core/statistics/window_histogram.h"

namespace quantscope {

/// Rows are taken by tiles that lie in a core's cache, tiles by bands. Bands are the same whatever the number of
/// threads and their sums are added up in order, so results are too.
class Sweep {
public:
    Sweep(const MatrixSource& source, const Sample& sample, const SweepWish& wish, Progress& progress);
    MomentSweep run();

private:
    /// What a thread needs while it works on a band; handed from band to band.
    struct Worker {
        RowWindow window;
        TileColumns tile;
        std::vector<kernels::RowLanes> lanes;
        std::vector<float> values;
        WindowHistogram histogram;
    };

    void band(std::int64_t first, std::int64_t last, Worker& worker, BandColumns& sums);
    bool add_rows(Worker& worker, std::span<const std::byte* const> rows, std::int64_t first, BandColumns& band);
    void finish_row(Worker& worker, const std::byte* row, std::size_t index, bool regular, BandColumns& band);
    PowerSums sums_of(const kernels::RowLanes& lanes, const std::byte* block, std::int64_t count, bool& regular) const;
    void row_percentiles(Worker& worker, const std::byte* row, std::size_t index);
    void columns_of(const BandColumns& sums);

    // What float32 sums cannot hold, again in double (careful_sums.cpp).
    PowerSums careful_row(const std::byte* row, std::uint64_t& non_finite) const;
    void careful_tile(std::span<const std::byte* const> rows, BandColumns& sums) const;
    void repair_columns();

    const MatrixSource& source_;
    const Sample& sample_;
    const SweepWish& wish_;
    Progress& progress_;
    const kernels::Kind kind_;
    const std::int64_t columns_;
    const kernels::Table& kernel_;
    std::vector<PercentileShape> shapes_;
    MomentSweep result_;
};

// Between these magnitudes the fourth power and sums of it are normal float32 numbers.
constexpr float largest_magnitude = 0x1p27f, smallest_magnitude = 0x1p-28f;

} // namespace quantscope
