// Fits one site under a resolved scheme: chooses each unit's parameters, rounds, packs, and measures the error of what is
// stored. Rows are streamed, so that memory holds the packed result and a few rows (granularity tensor: the whole site).
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/schemes/fitted_site.h"

namespace quantscope {

/// Where a site's weights come from.
struct WeightRows {
    std::string file; ///< for errors
    std::string name; ///< the site's name
    std::int64_t rows = 0, columns = 0;
    /// Decodes rows [first, first + count) into out, count · columns values; called from several threads.
    std::function<void(std::int64_t first, std::int64_t count, std::span<float> out)> read;
};

/// \param scheme  {"transform", "clipping", "grid", "rounding", "residual"}, each resolved (Recipe::weight_scheme)
/// \throws DataError naming file, site and position of a non-finite weight; IoError with a remedy when memory does not
///         suffice; Cancelled
FittedSite fit_site(const WeightRows& source, const nlohmann::json& scheme, Progress& progress);

/// Bytes that a site takes under a scheme, without fitting it; exact unless scales turn out to need fp32.
/// \param fp32_scales  count scales as fp32 whatever the scheme asks for
std::uint64_t stored_bytes(const nlohmann::json& scheme, std::int64_t rows, std::int64_t columns,
                           bool fp32_scales = false);

/// Memory that fit_site needs beside the source's own pages.
std::uint64_t fit_memory(const nlohmann::json& scheme, std::int64_t rows, std::int64_t columns);

/// A fitted site's parameters per unit, as stored: for reports and plots.
struct UnitTable {
    std::vector<float> scale;                  ///< the innermost piece's
    std::vector<float> clip_low, clip_high;    ///< outer edges of what the grid covers
    std::vector<std::vector<float>> breakpoints; ///< one vector per breakpoint; empty for uniform grids
};
UnitTable unit_table(const FittedSite& site);

/// The levels of one unit of a fitted site, smallest first, with its breakpoints and clip range.
struct UnitLevels {
    std::vector<float> levels, breakpoints;
    float clip_low = 0, clip_high = 0;
};
/// \param unit  0 … number of units − 1, numbered row by row
UnitLevels unit_levels(const FittedSite& site, std::int64_t unit);

} // namespace quantscope
