// Fits the sampled units under a scheme and adds up what they stand for.
#include "core/schemes/estimate.h"

#include <algorithm>
#include <cmath>

#include "core/base/parallel.h"
#include "core/schemes/registry.h"
#include "core/schemes/site_arrays.h"

namespace quantscope {

namespace {

/// A scheme's grid and clipping, ready for use.
struct Parts {
    explicit Parts(const nlohmann::json& scheme)
        : grid(SchemeParts(scheme).grid)
        , clipping(clipping_named(scheme.at("clipping").at("name").get<std::string>())
                       .method(scheme.at("clipping"), grid->symmetric()))
        , corrected(scheme.at("grid").value("bias_correction", "none") != "none") {
        options.norm = clipping.norm;
        options.scale_dtype = grid->scale_dtype();
    }
    std::unique_ptr<GridMethod> grid;
    ClippingMethod clipping;
    FitOptions options;
    bool corrected; ///< the rows' mean and spread are restored
};

struct UnitResult {
    UnitParameters parameters{};
    double error = 0, saturated = 0, largest = 0; ///< of all that the unit stands for
};

/// Moments of a unit's values, before or after decoding.
struct Spread {
    double mean = 0, deviation = 0;
    Spread(std::span<const float> values, std::span<const float> counts) {
        double all = 0, squares = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            all += counts[i];
            mean += double(counts[i]) * values[i];
        }
        mean /= all;
        for (std::size_t i = 0; i < values.size(); ++i)
            squares += counts[i] * std::pow(values[i] - mean, 2);
        deviation = std::sqrt(squares / all);
    }
};

/// As correct_row does with the unit's row, of which a group is taken to be typical.
void correct(const SampledUnit& unit, std::vector<float>& decoded) {
    const Spread original(unit.values, unit.counts), quantized(decoded, unit.counts);
    const double gain =
        original.deviation > 0 && quantized.deviation > 0 ? original.deviation / quantized.deviation : 1;
    for (float& value : decoded)
        value = static_cast<float>((value - quantized.mean + original.mean) * gain);
}

UnitResult run_unit(const SampledUnit& unit, const Parts& parts) {
    const UnitWeights weights{
        .values = unit.values, .importance = unit.counts, .range = unit.range, .counts = unit.counts};
    std::vector<Range> ranges;
    parts.clipping.ranges(weights, ranges);
    const UnitFit fit = parts.grid->choose(weights, ranges, parts.options);
    std::vector<std::uint16_t> codes(unit.values.size());
    std::vector<float> decoded(unit.values.size());
    parts.grid->encode_nearest(fit.parameters, unit.values, codes);
    parts.grid->decode(fit.parameters, codes, decoded);
    if (parts.corrected) correct(unit, decoded);
    UnitResult result{.parameters = fit.parameters};
    double all = 0, beyond = 0;
    for (std::size_t i = 0; i < decoded.size(); ++i) {
        const double e = double(unit.values[i]) - decoded[i];
        result.error += unit.counts[i] * e * e;
        result.largest = std::max(result.largest, std::abs(e));
        all += unit.counts[i];
        if (unit.values[i] < fit.range.low || unit.values[i] > fit.range.high) beyond += unit.counts[i];
    }
    result.error *= unit.error_factor;
    result.saturated = beyond / all * unit.weights;
    result.largest *= unit.largest / std::max(-unit.range.low, unit.range.high);
    return result;
}

std::vector<UnitResult> run(const std::vector<SampledUnit>& units, const Parts& parts) {
    std::vector<UnitResult> results(units.size());
    const auto grain = static_cast<std::int64_t>(units.size() / 16 + 1);
    parallel_for(static_cast<std::int64_t>(units.size()), grain, [&](std::int64_t begin, std::int64_t end) {
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
            results[i] = run_unit(units[i], parts);
    });
    return results;
}

double total_error(const std::vector<UnitResult>& results) {
    double error = 0;
    for (const auto& result : results)
        error += result.error;
    return error;
}

bool exceeds_float16(const std::vector<UnitResult>& results, const GridMethod& grid) {
    return std::any_of(results.begin(), results.end(),
                       [&](const UnitResult& result) { return grid.exceeds_float16(result.parameters); });
}

/// The points of the error curves: shares of min–max, and of the limit for breakpoints.
std::vector<float> steps(int first, int last) {
    std::vector<float> values;
    for (int percent = first; percent <= last; percent += 4)
        values.push_back(static_cast<float>(percent) / 100);
    return values;
}

/// Error sums of one sampled unit, or of all.
struct Curves {
    std::vector<double> clip, breakpoint;
    void add(const Curves& other) {
        for (std::size_t i = 0; i < clip.size(); ++i)
            clip[i] += other.clip[i];
        for (std::size_t i = 0; i < breakpoint.size(); ++i)
            breakpoint[i] += other.breakpoint[i];
    }
};

/// A piecewise scheme's grid with the breakpoint at each of the curve's points; empty for other grids.
std::vector<std::unique_ptr<GridMethod>> fixed_grids(const nlohmann::json& scheme,
                                                     const std::vector<float>& fractions) {
    std::vector<std::unique_ptr<GridMethod>> grids;
    if (!scheme.at("grid").contains("breakpoint_fraction")) return grids;
    nlohmann::json fixed{{"grid", scheme.at("grid")}};
    fixed["grid"]["breakpoint"] = "fixed";
    fixed["grid"]["pieces"] = 2; // further breakpoints would each need a search
    for (const float fraction : fractions) {
        fixed["grid"]["breakpoint_fraction"] = double(fraction);
        grids.push_back(SchemeParts(fixed).grid);
    }
    return grids;
}

/// Every clip with every breakpoint, so that a searched one is the least of its row or column.
Curves unit_curves(const SampledUnit& unit, const Parts& parts, const std::vector<float>& clips,
                   const std::vector<std::unique_ptr<GridMethod>>& fixed, bool search) {
    const UnitWeights weights{
        .values = unit.values, .importance = unit.counts, .range = unit.range, .counts = unit.counts};
    std::vector<Range> own, ranges;
    parts.clipping.ranges(weights, own);
    for (const float clip : clips)
        ranges.push_back(unit.range.shrunk(clip));
    if (own.size() == 1) ranges.push_back(own[0]); // else the clips stand for the ranges that would be tried
    Curves curves{std::vector<double>(clips.size(), INFINITY), std::vector<double>(fixed.size())};
    for (std::size_t f = 0; f < fixed.size(); ++f) {
        const auto errors = fixed[f]->errors(weights, ranges, parts.options);
        curves.breakpoint[f] = own.size() == 1 ? errors.back() : *std::min_element(errors.begin(), errors.end());
        if (search)
            for (std::size_t c = 0; c < clips.size(); ++c)
                curves.clip[c] = std::min(curves.clip[c], errors[c]);
    }
    if (!search) {
        curves.clip = parts.grid->errors(weights, ranges, parts.options);
        curves.clip.resize(clips.size());
    }
    for (double& error : curves.clip)
        error *= unit.error_factor;
    for (double& error : curves.breakpoint)
        error *= unit.error_factor;
    return curves;
}

/// The curves have the shape that a small sample gives them; scaled so that they agree with the estimate, which comes
/// from a larger one.
void add_curves(const ErrorHistogram& histogram, const nlohmann::json& scheme, const Parts& parts,
                SchemeEstimate& estimate) {
    const auto clips = steps(20, 100), fractions = steps(4, 96);
    const auto fixed = fixed_grids(scheme, fractions);
    const bool search = !fixed.empty() && scheme.at("grid").at("breakpoint") == "search";
    std::vector<Curves> all(histogram.curves.size());
    parallel_for(static_cast<std::int64_t>(all.size()), 1, [&](std::int64_t begin, std::int64_t end) {
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
            all[i] = unit_curves(histogram.curves[i], parts, clips, fixed, search);
    });
    Curves total{std::vector<double>(clips.size()), std::vector<double>(fixed.size())};
    for (const Curves& curves : all)
        total.add(curves);
    const double here = total_error(run(histogram.curves, parts));
    const double scale = here > 0 ? estimate.mse / here : 0;
    for (std::size_t i = 0; i < clips.size(); ++i)
        estimate.error_by_clip.emplace_back(clips[i], static_cast<float>(total.clip[i] * scale));
    for (std::size_t i = 0; i < fixed.size(); ++i)
        estimate.error_by_breakpoint.emplace_back(fractions[i], static_cast<float>(total.breakpoint[i] * scale));
}

std::string unit_words(const ErrorHistogram& histogram, const nlohmann::json& grid) {
    const std::string granularity = grid.value("granularity", "channel");
    if (granularity == "tensor" || histogram.units == 1) return "whole tensor";
    return "median of " + std::to_string(histogram.units) + (granularity == "group" ? " groups" : " channels");
}

} // namespace

SchemeEstimate estimate_error(const ErrorHistogram& histogram, const nlohmann::json& scheme, bool curves) {
    Parts parts(scheme);
    const bool half = parts.options.scale_dtype == DType::F16;
    // Where fp16 cannot hold a scale, fitting takes fp32 for all.
    if (half && exceeds_float16(run(histogram.extreme, parts), *parts.grid)) parts.options.scale_dtype = DType::F32;
    auto results = run(histogram.sample, parts);
    if (parts.options.scale_dtype == DType::F16 && exceeds_float16(results, *parts.grid)) {
        parts.options.scale_dtype = DType::F32;
        results = run(histogram.sample, parts);
    }
    const double values = std::max(1.0, double(histogram.rows) * double(histogram.columns));
    const double error = total_error(results);
    SchemeEstimate estimate;
    estimate.mse = error / values;
    estimate.sqnr_db = error > 0 ? 10 * std::log10(histogram.square_sum / error) : INFINITY;
    estimate.relative = error > 0 ? std::sqrt(error / histogram.square_sum) : 0;
    for (const auto& result : results) {
        estimate.saturated += result.saturated / values;
        estimate.max_error = std::max(estimate.max_error, result.largest);
    }
    estimate.bytes = static_cast<double>(
        stored_bytes(scheme, histogram.rows, histogram.columns, half && parts.options.scale_dtype == DType::F32));
    estimate.bits_per_weight = 8 * estimate.bytes / values;
    if (!results.empty()) {
        estimate.overlay = levels_of(*parts.grid, results[histogram.typical].parameters);
        estimate.overlay_unit = unit_words(histogram, scheme.at("grid"));
    }
    if (curves) add_curves(histogram, scheme, parts, estimate);
    return estimate;
}

} // namespace quantscope
