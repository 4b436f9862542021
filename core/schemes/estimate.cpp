// Error of a scheme on pooled units: each class is handed to the scheme's own clipping and grid as one unit whose
// values are bin centres with weights.
#include "core/schemes/estimate.h"

#include <algorithm>
#include <cmath>

#include "core/base/parallel.h"
#include "core/schemes/registry.h"
#include "core/schemes/site_arrays.h"

namespace quantscope {

namespace {

struct ClassResult {
    double error = 0, saturated = 0, largest = 0;
    UnitParameters parameters{};
};

/// The ranges that are tried for a class; empty: those of the scheme's clipping.
using RangesOf = std::function<void(const UnitWeights& sample, std::vector<Range>& ranges)>;

ClassResult run_class(const UnitClass& units, const GridMethod& grid, const RangesOf& ranges_of, double norm) {
    const UnitWeights sample{.values = units.sample, .importance = {}, .range = units.range};
    std::vector<Range> ranges;
    ranges_of(sample, ranges);
    const UnitWeights pooled{.values = units.centers, .importance = units.weights, .range = units.range};
    FitOptions options;
    options.norm = norm;
    options.scale_dtype = DType::F32; // a scaled class's scales are not those that will be stored
    const UnitFit fit = grid.choose(pooled, ranges, options);
    std::vector<std::uint16_t> codes(units.centers.size());
    std::vector<float> decoded(units.centers.size());
    grid.encode_nearest(fit.parameters, units.centers, codes);
    grid.decode(fit.parameters, codes, decoded);
    ClassResult result;
    result.parameters = fit.parameters;
    for (std::size_t i = 0; i < decoded.size(); ++i) {
        const double e = static_cast<double>(units.centers[i]) - decoded[i];
        result.error += units.weights[i] * e * e;
        result.largest = std::max(result.largest, std::abs(e));
        if (units.centers[i] < fit.range.low || units.centers[i] > fit.range.high) result.saturated += units.counts[i];
    }
    result.largest *= units.largest;
    return result;
}

std::vector<ClassResult> run(const ErrorHistogram& histogram, const GridMethod& grid, const RangesOf& ranges_of,
                             double norm) {
    std::vector<ClassResult> results(histogram.classes.size());
    parallel_for(static_cast<std::int64_t>(results.size()), 1, [&](std::int64_t begin, std::int64_t end) {
        for (auto c = static_cast<std::size_t>(begin); c < static_cast<std::size_t>(end); ++c)
            results[c] = run_class(histogram.classes[c], grid, ranges_of, norm);
    });
    return results;
}

double total_error(const std::vector<ClassResult>& results) {
    double error = 0;
    for (const auto& result : results)
        error += result.error;
    return error;
}

RangesOf fraction(double factor) {
    return
        [factor](const UnitWeights& unit, std::vector<Range>& ranges) { ranges.push_back(unit.range.shrunk(factor)); };
}

void add_curves(const ErrorHistogram& histogram, const nlohmann::json& scheme, const ClippingMethod& clipping,
                double values, SchemeEstimate& estimate) {
    const SchemeParts parts(scheme);
    for (int percent = 20; percent <= 100; percent += 4) {
        const double error = total_error(run(histogram, *parts.grid, fraction(percent / 100.0), clipping.norm));
        estimate.error_by_clip.emplace_back(static_cast<float>(percent / 100.0), static_cast<float>(error / values));
    }
    if (!scheme.at("grid").contains("breakpoint_fraction")) return;
    nlohmann::json fixed = scheme;
    fixed["grid"]["breakpoint"] = "fixed";
    for (int percent = 4; percent <= 96; percent += 4) {
        fixed["grid"]["breakpoint_fraction"] = percent / 100.0;
        const SchemeParts at(fixed);
        const double error = total_error(run(histogram, *at.grid, clipping.ranges, clipping.norm));
        estimate.error_by_breakpoint.emplace_back(static_cast<float>(percent / 100.0),
                                                  static_cast<float>(error / values));
    }
}

std::string unit_words(const ErrorHistogram& histogram, const nlohmann::json& grid) {
    const std::string granularity = grid.value("granularity", "channel");
    if (granularity == "tensor" || histogram.units == 1) return "whole tensor";
    return "median of " + std::to_string(histogram.units) + (granularity == "group" ? " groups" : " channels");
}

} // namespace

SchemeEstimate estimate_error(const ErrorHistogram& histogram, const nlohmann::json& scheme, bool curves) {
    const SchemeParts parts(scheme);
    const ClippingMethod clipping = clipping_named(scheme.at("clipping").at("name").get<std::string>())
                                        .method(scheme.at("clipping"), parts.grid->symmetric());
    const double values = std::max(1.0, static_cast<double>(histogram.rows) * static_cast<double>(histogram.columns));
    const auto results = run(histogram, *parts.grid, clipping.ranges, clipping.norm);
    SchemeEstimate estimate;
    const double error = total_error(results);
    estimate.mse = error / values;
    estimate.sqnr_db = error > 0 ? 10 * std::log10(histogram.square_sum / error) : INFINITY;
    estimate.relative = error > 0 ? std::sqrt(error / histogram.square_sum) : 0;
    for (const auto& result : results) {
        estimate.saturated += result.saturated / values;
        estimate.max_error = std::max(estimate.max_error, result.largest);
    }
    estimate.bytes = static_cast<double>(stored_bytes(scheme, histogram.rows, histogram.columns));
    estimate.bits_per_weight = 8 * estimate.bytes / values;
    if (!results.empty()) {
        estimate.overlay = levels_of(*parts.grid, results[histogram.typical_class].parameters);
        const auto scale = static_cast<float>(histogram.typical);
        for (float& level : estimate.overlay.levels)
            level *= scale;
        for (float& breakpoint : estimate.overlay.breakpoints)
            breakpoint *= scale;
        estimate.overlay.clip_low *= scale;
        estimate.overlay.clip_high *= scale;
        estimate.overlay_unit = unit_words(histogram, scheme.at("grid"));
    }
    if (curves) add_curves(histogram, scheme, clipping, values, estimate);
    return estimate;
}

} // namespace quantscope
