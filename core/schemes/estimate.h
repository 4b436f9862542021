// Live preview: what a scheme would do to a site, from a histogram that was made once, within milliseconds. Units of
// like shape are pooled after scaling each to its own range, which changes nothing for ranges that are fixed fractions
// and little for searched ones; the grids and clippings that do the work are the very ones that fit sites.
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

/// Units whose shape (largest magnitude over root mean square) is alike, each scaled by its own range.
struct UnitClass {
    Range range;                ///< mean range of its units in units of their largest magnitude
    std::vector<float> centers; ///< of the non-empty bins, ascending, within range
    std::vector<float> weights; ///< Σ (unit's scale)² over the values in the bin: error there counts so much
    std::vector<double> counts; ///< values in the bin
    std::vector<float> sample;  ///< values at equal steps of rank, for clippings that look at ranks
    std::uint64_t units = 0;
    double largest = 0; ///< largest magnitude of any unit
};

struct ErrorHistogram {
    std::int64_t rows = 0, columns = 0, units = 0;
    bool symmetric = false; ///< scaled by largest magnitude, not by (low, high)
    double square_sum = 0;  ///< Σ w²
    double typical = 0;     ///< median of the units' largest magnitudes
    std::size_t typical_class = 0;
    std::vector<UnitClass> classes;
};

/// Which grids can be estimated from the same histogram: granularity, group and symmetry.
/// \param grid  a resolved scheme's grid
std::string unit_key(const nlohmann::json& grid);

/// One pass over the site. \param scheme resolved \throws DataError naming a non-finite weight; Cancelled
std::shared_ptr<const ErrorHistogram> make_error_histogram(const WeightRows& source, const nlohmann::json& scheme,
                                                           Progress& progress);

struct SchemeEstimate {
    double mse = 0, sqnr_db = 0, relative = 0, saturated = 0, max_error = 0; ///< as in SiteError
    double bytes = 0, bits_per_weight = 0;                                   ///< exact
    std::vector<std::pair<float, float>> error_by_clip;                      ///< (coefficient of the range, MSE)
    std::vector<std::pair<float, float>> error_by_breakpoint;                ///< (p/m, MSE), piecewise grids only
    UnitLevels overlay;       ///< of the typical unit, in the weights' unit
    std::string overlay_unit; ///< "whole tensor", "median of 576 channels"
};

/// \param histogram  made for a grid of the same unit_key \param curves  also fill the error curves
SchemeEstimate estimate_error(const ErrorHistogram& histogram, const nlohmann::json& scheme, bool curves);

} // namespace quantscope
