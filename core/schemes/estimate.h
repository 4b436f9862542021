// Live preview: what a scheme would do to a site, within milliseconds. Not all units are looked at but some that stand
// for the others; they are fitted by the very clippings and grids that fit sites.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/base/progress.h"
#include "core/schemes/fit_site.h"
#include "core/schemes/unit.h"

namespace quantscope {

/// A unit that stands for others of like shape (width of the range over root mean square).
struct SampledUnit {
    std::vector<float> values; ///< ascending: all of the unit's weights, or bins of equal rank with the tails in full
    std::vector<float> counts; ///< weights that each value stands for
    Range range;
    double error_factor = 1; ///< the error of all that it stands for, over its own: as Σ w² of both
    double weights = 0;      ///< number of weights that it stands for
    double largest = 0;      ///< largest magnitude among these
};

struct ErrorHistogram {
    std::int64_t rows = 0, columns = 0, units = 0;
    double square_sum = 0;            ///< Σ w²
    std::vector<SampledUnit> sample;  ///< some 32,000 values, for the estimate
    std::vector<SampledUnit> curves;  ///< some 4,000 values, for the shape of error curves
    std::vector<SampledUnit> extreme; ///< narrowest and widest unit: whether fp16 can hold all scales
    std::size_t typical = 0;          ///< in `sample`: the one whose magnitude is nearest to the median unit's
};

/// Which grids can be estimated from the same histogram: how they cut a site into units.
/// \param grid  a resolved scheme's grid
std::string unit_key(const nlohmann::json& grid);

/// One pass over the site. \param scheme resolved \throws DataError naming a non-finite weight; Cancelled
std::shared_ptr<const ErrorHistogram> make_error_histogram(const WeightRows& source, const nlohmann::json& scheme,
                                                           Progress& progress);

struct SchemeEstimate {
    double mse = 0, sqnr_db = 0, relative = 0, saturated = 0, max_error = 0; ///< as in SiteError
    double bytes = 0, bits_per_weight = 0;                                   ///< exact but for rare fp32 scales
    std::vector<std::pair<float, float>> error_by_clip;                      ///< (coefficient of the range, MSE)
    std::vector<std::pair<float, float>> error_by_breakpoint;                ///< (p/m, MSE), piecewise grids only
    UnitLevels overlay;                                                      ///< of the typical unit
    std::string overlay_unit; ///< "whole tensor", "median of 576 channels"
};

/// Within a few per cent of the exact error (tst_estimate says how many).
/// \param histogram  made for a grid of the same unit_key \param curves  also fill the error curves
SchemeEstimate estimate_error(const ErrorHistogram& histogram, const nlohmann::json& scheme, bool curves);

} // namespace quantscope
