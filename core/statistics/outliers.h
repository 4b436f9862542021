// Single weights far from the mean, and channels whose largest weight stands out.
#pragma once

#include <span>
#include <vector>

#include "core/base/progress.h"
#include "core/statistics/moment_sweep.h"
#include "core/statistics/weight_statistics.h"

namespace quantscope {

/// Fills `statistics.outliers` and its count; needs the tensor's moments. Only where
/// rows and columns whose extremes reach beyond k·σ cross are values read again.
void find_outliers(const MatrixSource& source, const MomentSweep& sweep, WeightStatistics& statistics,
                   Progress& progress);

/// Fills `outlier_channels` and `median_absmax` from `absmax`; channels without a finite value are left out.
void find_outlier_channels(ChannelStatistics& channels, double ratio);

} // namespace quantscope
