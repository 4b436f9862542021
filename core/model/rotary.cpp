// Frequencies of the four known scalings, and the half-split rotation that Hugging Face checkpoints are stored for.
#include "core/model/rotary.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace quantscope {

namespace {

float llama3(float frequency, const RotaryScaling& scaling) {
    const double wavelength = 2 * std::numbers::pi / frequency;
    const double longest = scaling.original_context / scaling.low_frequency_factor;
    const double shortest = scaling.original_context / scaling.high_frequency_factor;
    if (wavelength < shortest) return frequency;
    const auto stretched = static_cast<float>(frequency / scaling.factor);
    if (wavelength > longest) return stretched;
    const double smooth = (scaling.original_context / wavelength - scaling.low_frequency_factor) /
                          (scaling.high_frequency_factor - scaling.low_frequency_factor);
    return static_cast<float>((1 - smooth) * stretched + smooth * frequency);
}

/// Between which channel pairs yarn goes over from keeping frequencies to stretching them.
struct Ramp {
    double low, high;
};

Ramp yarn_ramp(const Architecture& architecture) {
    const auto& scaling = architecture.rotary_scaling;
    const auto dim = static_cast<double>(architecture.rotary_dim);
    const auto pair_turning = [&](double rotations) {
        return dim * std::log(scaling.original_context / (rotations * 2 * std::numbers::pi)) /
               (2 * std::log(architecture.rotary_theta));
    };
    Ramp ramp{pair_turning(scaling.beta_fast), pair_turning(scaling.beta_slow)};
    if (scaling.truncate) ramp = {std::floor(ramp.low), std::ceil(ramp.high)};
    ramp = {std::max(ramp.low, 0.0), std::min(ramp.high, dim - 1)};
    if (ramp.low == ramp.high) ramp.high += 0.001;
    return ramp;
}

} // namespace

std::vector<float> rotary_frequencies(const Architecture& architecture, std::int64_t length) {
    const auto& scaling = architecture.rotary_scaling;
    const auto dim = static_cast<double>(architecture.rotary_dim);
    double theta = architecture.rotary_theta;
    const double context =
        scaling.original_context > 0 ? scaling.original_context : static_cast<double>(architecture.context);
    if (scaling.kind == "dynamic" && static_cast<double>(length) > context)
        theta *=
            std::pow(scaling.factor * static_cast<double>(length) / context - (scaling.factor - 1), dim / (dim - 2));
    std::vector<float> frequencies;
    for (std::int64_t pair = 0; pair < architecture.rotary_dim / 2; ++pair)
        frequencies.push_back(
            1.0f / std::pow(static_cast<float>(theta), static_cast<float>(2 * pair) / static_cast<float>(dim)));
    if (scaling.kind == "linear")
        for (float& f : frequencies)
            f /= static_cast<float>(scaling.factor);
    else if (scaling.kind == "llama3")
        for (float& f : frequencies)
            f = llama3(f, scaling);
    else if (scaling.kind == "yarn") {
        const Ramp ramp = yarn_ramp(architecture);
        for (std::size_t pair = 0; pair < frequencies.size(); ++pair) {
            const double stretch =
                std::clamp((static_cast<double>(pair) - ramp.low) / (ramp.high - ramp.low), 0.0, 1.0);
            frequencies[pair] =
                static_cast<float>(frequencies[pair] / scaling.factor * stretch + frequencies[pair] * (1 - stretch));
        }
    }
    for (std::size_t pair = 0; pair < frequencies.size() && pair < scaling.divisors.size(); ++pair)
        frequencies[pair] /= scaling.divisors[pair];
    return frequencies;
}

Rotation rotation(const Architecture& architecture, std::int64_t first, std::int64_t count, at::Device device,
                  at::ScalarType type) {
    auto frequencies = rotary_frequencies(architecture, first + count);
    const auto pairs = static_cast<std::int64_t>(frequencies.size());
    const at::Tensor angles =
        at::outer(at::arange(first, first + count, at::kFloat), at::from_blob(frequencies.data(), {pairs}, at::kFloat));
    const at::Tensor both = at::cat({angles, angles}, -1); // from_blob's memory is copied here
    const double factor = architecture.rotary_scaling.kind == "yarn" ? architecture.rotary_scaling.attention_factor : 1;
    const auto finished = [&](const at::Tensor& values) {
        return (factor == 1 ? values : values * factor).to(device, type);
    };
    return {finished(both.cos()), finished(both.sin())};
}

at::Tensor rotated(const at::Tensor& states, const Rotation& rotation) {
    const std::int64_t dim = rotation.cosine.size(-1), all = states.size(-1);
    const at::Tensor turned = states.narrow(-1, 0, dim);
    const at::Tensor swapped = at::cat({-turned.narrow(-1, dim / 2, dim / 2), turned.narrow(-1, 0, dim / 2)}, -1);
    const at::Tensor out = turned * rotation.cosine + swapped * rotation.sine;
    return dim == all ? out : at::cat({out, states.narrow(-1, dim, all - dim)}, -1);
}

} // namespace quantscope
