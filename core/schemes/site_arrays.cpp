// Plans, allocates and checks the arrays of fitted sites; decodes them.
#include "core/schemes/site_arrays.h"

#include <algorithm>
#include <cmath>

#include "core/base/checked.h"
#include "core/base/errors.h"
#include "core/schemes/stored_numbers.h"
#include "core/schemes/suggestion.h"

namespace quantscope {

namespace {

/// Largest dimension of a site: products of rows, columns and bits stay far below 63 bits.
constexpr std::int64_t largest_dimension = std::int64_t(1) << 40;

[[noreturn]] void refuse(const FittedSite& site, const std::string& problem) {
    throw FormatError({}, site.name, problem + "; the packed file is damaged or was made by another version");
}

/// The grid's values, checked as a recipe's would be: a packed file's scheme is not trusted.
nlohmann::json checked_grid(const FittedSite& site) {
    const auto grid = site.scheme.is_object() ? site.scheme.find("grid") : site.scheme.end();
    if (grid == site.scheme.end()) refuse(site, "its scheme has no grid");
    try {
        return resolved_member(Choice::grid, *grid, "grid");
    } catch (const RecipeError& error) {
        refuse(site, std::string("its scheme is not valid: ") + error.what());
    }
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (const auto dimension : shape) text += (text.empty() ? "" : ", ") + std::to_string(dimension);
    return "[" + text + "]";
}

/// The type that a site's scales really have: as asked for, or fp32 where fp16 would not do.
DType actual_scale_dtype(const FittedSite& site, const GridMethod& grid) {
    const auto scale = site.arrays.find("scale");
    if (scale == site.arrays.end()) refuse(site, "the array \"scale\" is missing");
    const DType asked = grid.scale_dtype(), found = scale->second.dtype;
    if (found != asked && !(asked == DType::F16 && found == DType::F32))
        refuse(site, "scale is " + std::string(name(found)) + " where " + std::string(name(asked)) + " is expected");
    return found;
}

/// Moments in double, in order.
struct Spread {
    double mean = 0, deviation = 0;
    explicit Spread(std::span<const float> values) {
        for (const float value : values) mean += value;
        mean /= double(std::max<std::size_t>(1, values.size()));
        for (const float value : values) deviation += (value - mean) * (value - mean);
        deviation = std::sqrt(deviation / double(std::max<std::size_t>(1, values.size())));
    }
};

} // namespace

std::uint64_t ArrayPlan::bytes() const {
    std::uint64_t values = 1;
    for (const auto dimension : shape) values *= static_cast<std::uint64_t>(dimension);
    return values * (dtype == DType::F32 ? 4 : dtype == DType::U8 ? 1 : 2);
}

std::vector<ArrayPlan> planned_arrays(const GridMethod& grid, const Units& units, DType scale_dtype) {
    auto plans = grid.arrays(units, scale_dtype);
    const std::int64_t codes = (units.columns + grid.weights_per_code() - 1) / grid.weights_per_code();
    plans.push_back({"codes", DType::U8, {units.rows, packed_bytes(codes, grid.code_bits())}});
    return plans;
}

std::map<std::string, StoredArray> allocated(const std::vector<ArrayPlan>& plans) {
    std::map<std::string, StoredArray> arrays;
    for (const auto& plan : plans) arrays[plan.name] = {plan.dtype, plan.shape, std::vector<std::byte>(plan.bytes())};
    return arrays;
}

OpenSite::OpenSite(const FittedSite& site) {
    if (site.rows < 0 || site.columns < 0 || site.rows > largest_dimension || site.columns > largest_dimension ||
        !checked_multiply(static_cast<std::uint64_t>(site.rows), static_cast<std::uint64_t>(site.columns) * 16))
        refuse(site, "its shape " + shape_text({site.rows, site.columns}) + " is not possible");
    const auto values = checked_grid(site);
    grid = grid_named(values.at("name").get<std::string>()).method(values);
    units = grid->units(site.rows, site.columns);
    const auto plans = planned_arrays(*grid, units, actual_scale_dtype(site, *grid));
    for (const auto& plan : plans) {
        const auto found = site.arrays.find(plan.name);
        if (found == site.arrays.end()) refuse(site, "the array " + in_quotes(plan.name) + " is missing");
        if (found->second.dtype != plan.dtype || found->second.shape != plan.shape)
            refuse(site, "the array " + in_quotes(plan.name) + " is " + std::string(name(found->second.dtype)) + " " +
                             shape_text(found->second.shape) + " where " + std::string(name(plan.dtype)) + " " +
                             shape_text(plan.shape) + " is expected");
        if (found->second.data.size() != plan.bytes())
            refuse(site, "the array " + in_quotes(plan.name) + " has " + std::to_string(found->second.data.size()) +
                             " bytes where " + std::to_string(plan.bytes()) + " are expected");
    }
    if (site.arrays.size() != plans.size()) refuse(site, "it holds arrays that its scheme does not use");
}

std::span<std::byte> code_row(FittedSite& site, std::int64_t row, int bits) {
    const auto bytes = static_cast<std::size_t>(packed_bytes(site.columns, bits));
    return std::span(site.arrays.at("codes").data).subspan(static_cast<std::size_t>(row) * bytes, bytes);
}

std::span<const std::byte> code_row(const FittedSite& site, std::int64_t row, int bits) {
    const auto bytes = static_cast<std::size_t>(packed_bytes(site.columns, bits));
    return std::span(site.arrays.at("codes").data).subspan(static_cast<std::size_t>(row) * bytes, bytes);
}

void correct_row(std::span<const float> weights, std::span<float> decoded, StoredArray& correction, std::int64_t row) {
    const Spread original(weights), quantized(decoded);
    // A constant row has no spread to restore.
    const double gain = original.deviation > 0 && quantized.deviation > 0 ? original.deviation / quantized.deviation : 1;
    store_number(correction, row * 2, static_cast<float>(gain));
    store_number(correction, row * 2 + 1, static_cast<float>((original.mean - quantized.mean) * gain));
    apply_correction(decoded, correction, row);
}

void apply_correction(std::span<float> decoded, const StoredArray& correction, std::int64_t row) {
    const float gain = load_number(correction, row * 2), shift = load_number(correction, row * 2 + 1);
    for (float& value : decoded) value = value * gain + shift;
}

UnitLevels levels_of(const GridMethod& grid, const UnitParameters& parameters) {
    std::vector<std::uint16_t> codes(std::size_t(1) << grid.code_bits());
    for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint16_t>(i);
    UnitLevels unit;
    unit.levels.resize(codes.size());
    grid.decode(parameters, codes, unit.levels);
    std::sort(unit.levels.begin(), unit.levels.end());
    unit.levels.erase(std::unique(unit.levels.begin(), unit.levels.end()), unit.levels.end());
    unit.breakpoints = grid.breakpoints(parameters);
    const Range range = grid.covered(parameters);
    unit.clip_low = range.low;
    unit.clip_high = range.high;
    return unit;
}

} // namespace quantscope
