// Shapes: n windows, t tokens, h hidden, q query heads, kv key–value heads, d head_dim. Norms and logits are computed
// in float32 whatever the compute type, as the transformers library does.
#include "core/model/decoder.h"

#include "core/model/rotary.h"

namespace quantscope {

namespace {

/// x · weight / √(mean(x²) + eps) over the last dimension. \param weight float32
at::Tensor root_mean_square_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
    const at::Tensor wide = x.to(at::kFloat);
    const at::Tensor scaled = wide * at::rsqrt(wide.square().mean(-1, true) + eps);
    return scaled.to(x.scalar_type()) * weight.to(x.scalar_type());
}

at::Tensor activated(Activation activation, const at::Tensor& x) {
    switch (activation) {
    case Activation::silu:
        return at::silu(x);
    case Activation::gelu:
        return at::gelu(x);
    case Activation::gelu_tanh:
        return at::gelu(x, "tanh");
    case Activation::relu:
        return at::relu(x);
    }
    return x;
}

/// [n, t, heads·d] → [n, heads, t, d]
at::Tensor in_heads(const at::Tensor& x, std::int64_t heads) {
    return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

void append(at::Tensor& held, at::Tensor& fresh) {
    if (held.defined()) fresh = at::cat({held, fresh}, 2);
    held = fresh;
}

} // namespace

at::Tensor Decoder::apply(const Linear& linear, const at::Tensor& input) const {
    if (observer) {
        const at::Tensor values = input.to(at::kCPU, at::kFloat).contiguous();
        const auto tokens = values.numel() / values.size(-1);
        observer(*linear.site, {values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel())}, tokens);
    }
    return at::linear(input, linear.weight, linear.bias);
}

/// Which earlier tokens a token attends to: [t, before + t] bool; undefined where plain causal attention does.
at::Tensor Decoder::mask(std::int64_t window, std::int64_t before, std::int64_t length) const {
    const bool limited = window > 0 && before + length > window;
    if (!limited && (before == 0 || length == 1)) return {};
    const auto options = at::TensorOptions().device(store_.device()).dtype(at::kLong);
    const at::Tensor query = at::arange(before, before + length, options).unsqueeze(1);
    const at::Tensor key = at::arange(before + length, options).unsqueeze(0);
    at::Tensor seen = key <= query;
    if (limited) seen = seen.logical_and(query - key < window);
    return seen;
}

at::Tensor Decoder::attention(const BlockWeights& weights, std::int64_t block, const at::Tensor& input,
                              const at::Tensor& mask, KeyValueCache* cache, const Progress& progress) {
    const Architecture& a = architecture();
    at::Tensor query = in_heads(apply(weights.q, input), a.heads);
    at::Tensor key = in_heads(apply(weights.k, input), a.kv_heads);
    at::Tensor value = in_heads(apply(weights.v, input), a.kv_heads);
    progress.check();
    if (weights.query_norm.defined()) query = root_mean_square_norm(query, weights.query_norm, a.norm_eps);
    if (weights.key_norm.defined()) key = root_mean_square_norm(key, weights.key_norm, a.norm_eps);
    const Rotation turn{cosine_, sine_};
    query = rotated(query, turn);
    key = rotated(key, turn);
    const bool first = !cache || !cache->keys[static_cast<std::size_t>(block)].defined();
    if (cache) {
        append(cache->keys[static_cast<std::size_t>(block)], key);
        append(cache->values[static_cast<std::size_t>(block)], value);
    }
    if (a.kv_heads != a.heads) {
        key = key.repeat_interleave(a.heads / a.kv_heads, 1);
        value = value.repeat_interleave(a.heads / a.kv_heads, 1);
    }
    const bool causal = first && !mask.defined() && query.size(2) > 1;
    const at::Tensor mixed = at::scaled_dot_product_attention(
        query, key, value, mask.defined() ? std::optional<at::Tensor>(mask) : std::nullopt, 0.0, causal,
        a.attention_scale);
    progress.check();
    return apply(weights.o, mixed.transpose(1, 2).reshape({input.size(0), input.size(1), a.heads * a.head_dim}));
}

at::Tensor Decoder::mlp(const BlockWeights& weights, const at::Tensor& input, const Progress& progress) const {
    const Architecture& a = architecture();
    at::Tensor inner = activated(a.activation, apply(a.gated ? weights.gate : weights.up, input));
    progress.check();
    if (a.gated) inner = inner * apply(weights.up, input);
    progress.check();
    return apply(weights.down, inner);
}

at::Tensor Decoder::hidden(const at::Tensor& tokens, KeyValueCache* cache, const Progress& progress) {
    const Architecture& a = architecture();
    const std::int64_t windows = tokens.size(0), length = tokens.size(1), before = cache ? cache->tokens : 0;
    if (cache) {
        cache->keys.resize(static_cast<std::size_t>(a.blocks));
        cache->values.resize(static_cast<std::size_t>(a.blocks));
    }
    at::Tensor x = store_.embed(tokens.reshape({-1})).view({windows, length, a.hidden});
    if (a.embedding_scale != 1) x = x * a.embedding_scale;
    if (rotation_first_ != before || rotation_count_ != length) {
        const Rotation turn = rotation(a, before, length, store_.device(), store_.type());
        cosine_ = turn.cosine;
        sine_ = turn.sine;
        rotation_first_ = before;
        rotation_count_ = length;
    }
    std::int64_t masked_window = -1;
    at::Tensor seen;
    for (std::int64_t block = 0; block < a.blocks; ++block) {
        progress.check();
        const BlockWeights& weights = store_.block(block, progress);
        const std::int64_t window = a.window.empty() ? 0 : a.window[static_cast<std::size_t>(block)];
        if (window != masked_window) {
            seen = mask(window, before, length);
            masked_window = window;
        }
        x = x +
            attention(weights, block, root_mean_square_norm(x, weights.input_norm, a.norm_eps), seen, cache, progress);
        x = x + mlp(weights, root_mean_square_norm(x, weights.post_norm, a.norm_eps), progress);
    }
    if (cache) cache->tokens = before + length;
    return root_mean_square_norm(x, store_.final_norm(), a.norm_eps);
}

} // namespace quantscope
