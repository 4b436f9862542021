// Clipping by percentile: a chosen share of the weights lies inside the range.
#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "core/schemes/clipping/clipping.h"
#include "core/schemes/describe.h"

namespace quantscope {

namespace {

/// The quantile of values by linear interpolation between neighbours in order. \param fraction 0…1. Reorders values.
float quantile(std::vector<float>& values, double fraction) {
    const double position = fraction * double(values.size() - 1);
    const auto below = static_cast<std::ptrdiff_t>(std::floor(position));
    const auto nth = values.begin() + below;
    std::nth_element(values.begin(), nth, values.end());
    const double part = position - double(below);
    if (part == 0) return *nth;
    const float above = *std::min_element(nth + 1, values.end());
    return static_cast<float>(double(*nth) + part * (double(above) - double(*nth)));
}

/// The same of values in ascending order that stand for several each: every one lies at the middle of its ranks.
float quantile(std::span<const std::pair<float, float>> values_counts, double fraction) {
    double total = 0;
    for (const auto& [value, count] : values_counts)
        total += count;
    const double position = fraction * (total - 1);
    double before = 0, previous_rank = 0;
    float previous = values_counts.front().first;
    for (const auto& [value, count] : values_counts) {
        const double rank = before + (double(count) - 1) / 2;
        if (rank >= position) {
            if (before == 0 || rank == previous_rank) return value;
            const double part = (position - previous_rank) / (rank - previous_rank);
            return static_cast<float>(double(previous) + part * (double(value) - double(previous)));
        }
        before += count;
        previous_rank = rank;
        previous = value;
    }
    return previous;
}

std::vector<std::pair<float, float>> summary_of(const UnitWeights& unit, bool magnitudes) {
    std::vector<std::pair<float, float>> values(unit.values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = {magnitudes ? std::abs(unit.values[i]) : unit.values[i], unit.counts[i]};
    if (magnitudes) std::sort(values.begin(), values.end());
    return values;
}

/// The quantile of |w|, on the side that holds the largest weight, so that `signed-max` knows its sign.
Range symmetric_range(const UnitWeights& unit, double share) {
    float limit = 0;
    if (!unit.counts.empty()) {
        limit = quantile(summary_of(unit, true), share);
    } else {
        std::vector<float> magnitudes(unit.values.begin(), unit.values.end());
        for (float& value : magnitudes)
            value = std::abs(value);
        limit = quantile(magnitudes, share);
    }
    if (unit.range.high >= -unit.range.low) return {-std::min(limit, -unit.range.low), limit};
    return {-limit, std::min(limit, unit.range.high)};
}

/// Both tails cut equally, 0 included.
Range two_sided_range(const UnitWeights& unit, double share) {
    if (!unit.counts.empty()) {
        const auto summary = summary_of(unit, false);
        const float low = quantile(summary, (1 - share) / 2), high = quantile(summary, (1 + share) / 2);
        return {std::min(low, 0.0f), std::max(high, 0.0f)};
    }
    std::vector<float> values(unit.values.begin(), unit.values.end());
    const float low = quantile(values, (1 - share) / 2), high = quantile(values, (1 + share) / 2);
    return {std::min(low, 0.0f), std::max(high, 0.0f)};
}

class Percentile : public Clipping {
    Description describe() const override {
        return {.choice = Choice::clipping,
                .name = "percentile",
                .label = "Percentile",
                .help = "Covers a chosen share of the weights, tails cut equally; the rest saturates. Quick, and "
                        "independent of how far the outliers reach.",
                .source = {},
                .parameters = {describe::real(
                    {"percentile", "Percentile", "%", "Share of each unit's weights inside the range; 100 is min–max."},
                    99.9, 50, 100)}};
    }
    ClippingMethod method(const nlohmann::json& values, bool symmetric) const override {
        const double share = values.at("percentile").get<double>() / 100;
        return {.ranges = [=](const UnitWeights& unit, std::vector<Range>& ranges) {
            Range range = unit.range;
            if (share < 1 && unit.values.size() >= 2)
                range = symmetric ? symmetric_range(unit, share) : two_sided_range(unit, share);
            // Where nearly all weights are 0 the percentile covers nothing.
            ranges.push_back(range.low == 0 && range.high == 0 ? unit.range : range);
        }};
    }
};

} // namespace

std::unique_ptr<Clipping> make_percentile() { return std::make_unique<Percentile>(); }

} // namespace quantscope
