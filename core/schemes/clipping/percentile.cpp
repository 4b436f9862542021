// Clipping by percentile: a chosen share of the weights lies inside the range.
#include <algorithm>
#include <cmath>

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

/// The quantile of |w|, on the side that holds the largest weight, so that `signed-max` knows its sign.
Range symmetric_range(const UnitWeights& unit, double share) {
    std::vector<float> magnitudes(unit.values.begin(), unit.values.end());
    for (float& value : magnitudes) value = std::abs(value);
    const float limit = quantile(magnitudes, share);
    if (unit.range.high >= -unit.range.low) return {-std::min(limit, -unit.range.low), limit};
    return {-limit, std::min(limit, unit.range.high)};
}

/// Both tails cut equally, 0 included.
Range two_sided_range(const UnitWeights& unit, double share) {
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
                .parameters = {describe::real({"percentile", "Percentile", "%",
                                               "Share of each unit's weights inside the range; 100 is min–max."},
                                              99.9, 50, 100)}};
    }
    ClippingMethod method(const nlohmann::json& values, bool symmetric) const override {
        const double share = values.at("percentile").get<double>() / 100;
        return {.ranges = [=](const UnitWeights& unit, std::vector<Range>& ranges) {
            ranges.push_back(share >= 1 || unit.values.size() < 2 ? unit.range
                             : symmetric                          ? symmetric_range(unit, share)
                                                                  : two_sided_range(unit, share));
        }};
    }
};

} // namespace

std::unique_ptr<Clipping> make_percentile() { return std::make_unique<Percentile>(); }

} // namespace quantscope
