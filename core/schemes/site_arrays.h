// The arrays of a fitted site: which there are, how large, and whether those of an opened file fit their scheme.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/schemes/fit_site.h"
#include "core/schemes/fitted_site.h"
#include "core/schemes/registry.h"

namespace quantscope {

/// A resolved scheme's grid, ready for use.
struct SchemeParts {
    explicit SchemeParts(const nlohmann::json& scheme)
        : grid(grid_named(scheme.at("grid").at("name").get<std::string>()).method(scheme.at("grid"))) {}
    std::unique_ptr<GridMethod> grid;
};

/// Everything a site stores: "codes", each row starting at a whole byte, and the grid's arrays.
std::vector<ArrayPlan> planned_arrays(const GridMethod& grid, const Units& units, DType scale_dtype);
std::map<std::string, StoredArray> allocated(const std::vector<ArrayPlan>& plans);

/// A fitted site whose scheme and arrays have been found to agree.
struct OpenSite {
    /// \throws FormatError naming the site
    explicit OpenSite(const FittedSite& site);
    std::unique_ptr<GridMethod> grid;
    Units units;
};

/// A row's packed codes.
std::span<std::byte> code_row(FittedSite& site, std::int64_t row, int bits);
std::span<const std::byte> code_row(const FittedSite& site, std::int64_t row, int bits);

/// Chooses a row's correction (PWLQ): ŵ ← (ŵ + mean w − mean ŵ)·std w/std ŵ, stores it as gain and shift, and applies it.
void correct_row(std::span<const float> weights, std::span<float> decoded, StoredArray& correction, std::int64_t row);
/// Applies a stored correction.
void apply_correction(std::span<float> decoded, const StoredArray& correction, std::int64_t row);

/// All levels of a grid with given parameters, smallest first, each once.
UnitLevels levels_of(const GridMethod& grid, const UnitParameters& parameters);

} // namespace quantscope
