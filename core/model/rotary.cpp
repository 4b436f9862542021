// Frequencies are computed on the processor in float32, step by step as transformers does, so that long positions,
// where a last bit of a frequency counts, agree with it.
#include "core/model/rotary.h"

#include <cmath>
#include <numbers>

namespace quantscope {

namespace {

constexpr float turn = 2 * std::numbers::pi_v<float>;

/// 1 / theta^(2i / dim). Source: Su et al. 2021, equation 15.
at::Tensor plain_frequencies(double theta, std::int64_t dim) {
    const auto exponents = at::arange(0, dim, 2, at::kLong).to(at::kFloat) / static_cast<double>(dim);
    return at::pow(at::Scalar(theta), exponents).reciprocal(); // [dim / 2]
}

/// Long wavelengths are stretched, short ones kept, those between mixed. Source: Llama 3.1's release.
at::Tensor llama3_frequencies(const at::Tensor& frequencies, const RotaryScaling& scaling) {
    const double low_wavelength = scaling.original_context / scaling.low_frequency_factor;
    const double high_wavelength = scaling.original_context / scaling.high_frequency_factor;
    const auto wavelengths = turn / frequencies;
    const auto stretched = at::where(wavelengths > low_wavelength, frequencies / scaling.factor, frequencies);
    const auto smooth = (scaling.original_context / wavelengths - scaling.low_frequency_factor) /
                        (scaling.high_frequency_factor - scaling.low_frequency_factor);
    const auto mixed = (1 - smooth) * stretched / scaling.factor + smooth * stretched;
    const auto between = (wavelengths >= high_wavelength) & (wavelengths <= low_wavelength);
    return at::where(between, mixed, stretched);
}

/// Channels that turn often in the original context are kept, those that turn seldom are interpolated.
/// Source: Peng et al. 2023 (YaRN), section 3.2.
at::Tensor yarn_frequencies(const Architecture& facts) {
    const auto& scaling = facts.rotary_scaling;
    const auto dim = static_cast<double>(facts.rotary_dim);
    const auto channel_turning = [&](double turns) {
        return dim * std::log(scaling.original_context / (turns * 2 * std::numbers::pi)) /
               (2 * std::log(facts.rotary_theta));
    };
    double low = channel_turning(scaling.beta_fast), high = channel_turning(scaling.beta_slow);
    if (scaling.truncate) {
        low = std::floor(low);
        high = std::ceil(high);
    }
    low = std::max(low, 0.0);
    high = std::min(high, dim - 1);
    if (low == high) high += 0.001;
    const auto ramp = ((at::arange(facts.rotary_dim / 2, at::kFloat) - low) / (high - low)).clamp(0, 1);
    const auto kept = 1 - ramp;
    const auto exponents = at::arange(0, facts.rotary_dim, 2, at::kLong).to(at::kFloat) / dim;
    const auto powers = at::pow(at::Scalar(facts.rotary_theta), exponents);
    return (scaling.factor * powers).reciprocal() * (1 - kept) + powers.reciprocal() * kept;
}

/// Grows theta with the sequence once it is longer than the context. Source: NTK-aware scaling, as transformers has it.
double dynamic_theta(const Architecture& facts, std::int64_t length) {
    const double context = static_cast<double>(facts.context);
    const double ratio = std::max(static_cast<double>(length), context) / context;
    const double factor = facts.rotary_scaling.factor, dim = static_cast<double>(facts.rotary_dim);
    return facts.rotary_theta * std::pow(factor * ratio - (factor - 1), dim / (dim - 2));
}

at::Tensor frequencies_of(const Architecture& facts, std::int64_t length) {
    const auto& scaling = facts.rotary_scaling;
    if (scaling.kind == "yarn") return yarn_frequencies(facts);
    if (scaling.kind == "dynamic" && facts.rotary_dim > 2)
        return plain_frequencies(dynamic_theta(facts, length), facts.rotary_dim);
    const auto plain = plain_frequencies(facts.rotary_theta, facts.rotary_dim);
    if (scaling.kind == "linear") return plain / scaling.factor;
    if (scaling.kind == "llama3") return llama3_frequencies(plain, scaling);
    return plain;
}

/// [rotary_dim / 2], radians per position.
/// \param length  of the whole sequence, past included; only "dynamic" scaling depends on it
at::Tensor divided_frequencies(const Architecture& facts, std::int64_t length) {
    const auto frequencies = frequencies_of(facts, length);
    const auto& divisors = facts.rotary_scaling.divisors;
    if (divisors.empty()) return frequencies;
    return frequencies / at::tensor(at::ArrayRef<float>(divisors), at::kFloat);
}

} // namespace

RotaryTable rotary_table(const Architecture& facts, std::int64_t first, std::int64_t tokens, at::Device device,
                         at::ScalarType type) {
    const auto positions = at::arange(first, first + tokens, at::kLong).to(at::kFloat);                 // [tokens]
    const auto half = positions.unsqueeze(1) * divided_frequencies(facts, first + tokens).unsqueeze(0); // [tokens, d/2]
    const auto angles = at::cat({half, half}, 1);                                                       // [tokens, d]
    const double factor = facts.rotary_scaling.attention_factor;
    return {(angles.cos() * factor).to(device, type), (angles.sin() * factor).to(device, type)};
}

at::Tensor rotate(const at::Tensor& x, const RotaryTable& table) {
    const auto rotary_dim = table.cosines.size(-1);
    const auto turned = x.narrow(-1, 0, rotary_dim); // [batch, heads, tokens, rotary_dim]
    const auto first = turned.narrow(-1, 0, rotary_dim / 2), second = turned.narrow(-1, rotary_dim / 2, rotary_dim / 2);
    auto result = turned * table.cosines;
    result.add_(at::cat({second.neg(), first}, -1).mul_(table.sines));
    if (rotary_dim == x.size(-1)) return result;
    return at::cat({result, x.narrow(-1, rotary_dim, x.size(-1) - rotary_dim)}, -1); // [batch, heads, tokens, head_dim]
}

} // namespace quantscope
