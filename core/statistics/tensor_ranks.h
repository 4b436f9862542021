// Percentiles and histogram of a whole weight, from the bins that the first walk counted; where those are too coarse,
// from thresholds counted while the columns are walked, or from walks of their own.
#pragma once

#include <span>
#include <vector>

#include "core/base/progress.h"
#include "core/statistics/column_ranks.h"
#include "core/statistics/matrix_source.h"
#include "core/statistics/moment_sweep.h"
#include "core/statistics/weight_statistics.h"

namespace quantscope {

/// The finite values of a tensor by bins of one width, and single values beyond them.
class TensorRanks {
public:
    /// \param sweep  with its histogram \param tensor  count and extremes of the finite values
    TensorRanks(const MatrixSource& source, const MomentSweep& sweep, const TensorStatistics& tensor);

    /// Thresholds at the percentiles whose bins hold too many values, to be counted.
    ThresholdCounts guesses(std::span<const double> percents) const;
    /// \param counted  the guesses' counts
    /// \returns  NaN each when there is no finite value
    std::vector<double> percentiles(std::span<const double> percents, bool exact, const ThresholdCounts& counted,
                                    Progress& progress) const;
    EqualWidthHistogram histogram(int bins, Progress& progress) const;

private:
    struct Bin {
        double low, high; ///< equal for a single value
        std::uint64_t count;
    };
    /// Where a percentile lies.
    struct Place {
        double rank = 0;         ///< with its fraction
        std::uint64_t below = 0; ///< values in the bins before
        std::size_t bin = 0;
    };
    Place place_of(double percent) const;
    bool is_fine(const Place& place) const;
    double interpolated(const Place& place) const;
    /// Values of these ranks (ascending), by two walks that count by halves of the keys.
    std::vector<float> select(std::span<const std::uint64_t> ranks, Progress& progress) const;
    std::vector<float> select_few(std::span<const std::uint64_t> ranks) const;

    const MatrixSource& source_;
    const TensorStatistics& tensor_;
    std::vector<Bin> bins_; ///< ascending, none empty
    bool complete_ = true;  ///< bins_ hold every finite value and nothing else
};

/// Bins with a power of two as width, at most `bins` and where possible more than half of it; counts 0.
EqualWidthHistogram empty_histogram(double low, double high, int bins);
/// Adds a value inside of the histogram's range.
void add_to(EqualWidthHistogram& histogram, double value, std::uint64_t count = 1);

} // namespace quantscope
