// Percentiles of input channels: strips of neighbouring columns, each walked several times while it is in cache.
#pragma once

#include <span>
#include <vector>

#include "core/base/progress.h"
#include "core/statistics/matrix_source.h"
#include "core/statistics/moment_sweep.h"

namespace quantscope {

/// How many values of the whole tensor, all of them finite, are not above some thresholds.
struct ThresholdCounts {
    std::vector<float> thresholds; ///< values of the source's kind
    std::vector<std::uint64_t> not_above;
};

/// \param sweep  of the same source: extremes and moments say where to look first
/// \param exact  every percentile the exact one instead of one within RankSearch::tolerance
/// \param thresholds  counted on the way
/// \returns      [percentile][column]; NaN for a column without a finite value
std::vector<std::vector<float>> column_percentiles(const MatrixSource& source, const MomentSweep& sweep,
                                                   const Sample& sample, std::span<const double> percentiles,
                                                   bool exact, ThresholdCounts& thresholds, Progress& progress);

} // namespace quantscope
