// Source of the block: Peebles and Xie 2023, "Scalable Diffusion Models with Transformers", figure 3 (adaLN-Zero). Each
// line that changes a shape ends with it.
#include "core/model/dit_forward.h"

#include <cmath>
#include <map>

namespace quantscope {

namespace {

/// One forward pass; holds what every step of it needs.
class Pass {
public:
    Pass(const DitArchitecture& facts, const DitLinearHook& hook, const Progress& progress)
        : facts_(facts)
        , hook_(hook)
        , progress_(progress) {}

    at::Tensor embed(const DitEnds& ends, const at::Tensor& x) const;
    at::Tensor condition(const DitCondition& weights, const at::Tensor& t, const at::Tensor& y) const;
    at::Tensor block(const DitBlock& weights, const at::Tensor& x, const at::Tensor& c) const;
    at::Tensor output(const DitEnds& ends, const at::Tensor& x, const at::Tensor& c, at::IntArrayRef image) const;

private:
    at::Tensor apply(const Linear& linear, const at::Tensor& x) const {
        progress_.check();
        if (hook_) hook_(linear, x);
        return linear(x);
    }
    at::Tensor modulated(const at::Tensor& x, double eps, const at::Tensor& shift, const at::Tensor& scale) const {
        return at::addcmul(shift, at::layer_norm(x, {facts_.width}, {}, {}, eps), scale + 1);
    }
    at::Tensor attention(const DitBlock& weights, const at::Tensor& x) const;

    const DitArchitecture& facts_;
    const DitLinearHook& hook_;
    const Progress& progress_;
};

at::Tensor Pass::embed(const DitEnds& ends, const at::Tensor& x) const {
    const auto p = facts_.patch;
    const auto rows = x.size(2) / p, columns = x.size(3) / p;
    const auto patches =
        x.reshape({x.size(0), facts_.in_channels, rows, p, columns, p})
            .permute({0, 2, 4, 1, 3, 5})
            .reshape({x.size(0), rows * columns, facts_.in_channels * p * p}); // [N, patches, in · p · p]
    return apply(ends.patches, patches) + ends.positions;                      // [N, patches, width]
}

at::Tensor Pass::condition(const DitCondition& weights, const at::Tensor& t, const at::Tensor& y) const {
    const auto features =
        timestep_features(t, facts_.frequencies, facts_.frequency_shift).to(weights.classes.scalar_type());
    const auto time = apply(weights.time_out, at::silu(apply(weights.time_in, features))); // [N, width]
    return at::silu(time + at::embedding(weights.classes, y));
}

at::Tensor Pass::attention(const DitBlock& weights, const at::Tensor& x) const {
    const auto batch = x.size(0), patches = x.size(1), size = facts_.width / facts_.heads;
    const auto split = [&](const at::Tensor& all) {
        return all.view({batch, patches, facts_.heads, size}).transpose(1, 2); // [N, heads, patches, size]
    };
    at::Tensor query, key, value;
    if (weights.qkv.weight.defined()) {
        const auto all = apply(weights.qkv, x).view({batch, patches, 3, facts_.heads, size}).permute({2, 0, 3, 1, 4});
        query = all[0], key = all[1], value = all[2]; // [N, heads, patches, size]
    } else {
        query = split(apply(weights.query, x));
        key = split(apply(weights.key, x));
        value = split(apply(weights.value, x));
    }
    progress_.check();
    const auto mixed = at::scaled_dot_product_attention(query, key, value); // [N, heads, patches, size]
    return apply(weights.projection, mixed.transpose(1, 2).reshape({batch, patches, facts_.width}));
}

at::Tensor Pass::block(const DitBlock& weights, const at::Tensor& x, const at::Tensor& c) const {
    const auto m = apply(weights.modulation, c).unsqueeze(1).chunk(6, 2); // each [N, 1, width]
    const auto after_attention = at::addcmul(x, m[2], attention(weights, modulated(x, facts_.norm_eps, m[0], m[1])));
    const auto inner = apply(weights.fc1, modulated(after_attention, facts_.mlp_norm_eps, m[3], m[4]));
    const auto active = at::gelu(inner, facts_.activation == Activation::gelu ? "none" : "tanh");
    return at::addcmul(after_attention, m[5], apply(weights.fc2, active));
}

at::Tensor Pass::output(const DitEnds& ends, const at::Tensor& x, const at::Tensor& c, at::IntArrayRef image) const {
    const auto m = apply(ends.modulation, c).unsqueeze(1).chunk(2, 2); // each [N, 1, width]
    const auto values = apply(ends.output, modulated(x, facts_.norm_eps, m[0], m[1]));
    const auto p = facts_.patch;
    return values.view({x.size(0), image[2] / p, image[3] / p, p, p, facts_.out_channels})
        .permute({0, 5, 1, 3, 2, 4})
        .reshape({x.size(0), facts_.out_channels, image[2], image[3]}); // [N, out_channels, size, size]
}

} // namespace

at::Tensor timestep_features(const at::Tensor& t, std::int64_t features, double shift) {
    const auto half = features / 2;
    const auto options = at::TensorOptions().dtype(at::kFloat).device(t.device());
    const auto exponents = at::arange(half, options) * (-std::log(10000.0)) / (static_cast<double>(half) - shift);
    const auto angles = t.to(at::kFloat).unsqueeze(1) * at::exp(exponents).unsqueeze(0); // [N, half]
    return at::cat({at::cos(angles), at::sin(angles)}, 1);                               // [N, features]
}

at::Tensor position_table(std::int64_t width, std::int64_t side) {
    const auto quarter = width / 4;
    const auto options = at::TensorOptions().dtype(at::kDouble);
    const auto rates = at::pow(10000.0, at::arange(quarter, options) / (-static_cast<double>(quarter)));
    const auto angles = at::arange(side, options).unsqueeze(1) * rates.unsqueeze(0); // [side, quarter]
    const auto line = at::cat({at::sin(angles), at::cos(angles)}, 1);                // [side, width / 2]
    const auto of_column = line.unsqueeze(0).expand({side, side, 2 * quarter});      // [row, column, width / 2]
    const auto of_row = line.unsqueeze(1).expand({side, side, 2 * quarter});         // [row, column, width / 2]
    return at::cat({of_column, of_row}, 2).reshape({1, side * side, width}).to(at::kFloat);
}

at::Tensor dit_forward(const DitArchitecture& facts, const DitEnds& ends, const DitBlockSource& blocks,
                       const at::Tensor& x, const at::Tensor& t, const at::Tensor& y, const DitLinearHook& hook,
                       const Progress& progress) {
    const Pass pass(facts, hook, progress);
    std::map<const DitCondition*, at::Tensor> conditions; // diffusers allows every block one of its own
    const auto condition = [&](const DitCondition& weights) {
        auto& c = conditions[&weights];
        if (!c.defined()) c = pass.condition(weights, t, y); // [N, width]
        return c;
    };
    const auto first = condition(*ends.condition);
    auto hidden = pass.embed(ends, x); // [N, patches, width]
    for (std::int64_t index = 0; index < facts.blocks; ++index) {
        const auto block = blocks(index);
        hidden = pass.block(*block, hidden, condition(*block->condition));
    }
    return pass.output(ends, hidden, first, x.sizes());
}

} // namespace quantscope
