// Pre-norm residual blocks: attention, then the gated multilayer perceptron. Each line that changes a shape ends with
// it.
#include "core/model/decoder.h"

#include <utility>

namespace quantscope {

at::Tensor root_mean_square_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
    const auto wide = x.to(at::kFloat);
    const auto inverse = wide.square().mean(-1, true).add_(eps).rsqrt_(); // [..., 1]
    return (wide * inverse).to(x.scalar_type()) * weight;
}

Decoder::Decoder(const Architecture& facts, ModelWeights weights)
    : facts_(facts)
    , weights_(std::move(weights)) {}

at::Tensor Decoder::hidden_states(std::span<const std::int32_t> ids, std::int64_t batch, KvCache* cache,
                                  Progress& progress) {
    const auto tokens = static_cast<std::int64_t>(ids.size()) / batch;
    auto x = weights_.embed(ids, progress).view({batch, tokens, facts_.hidden}); // [batch, tokens, hidden]
    if (facts_.embedding_scale != 1) x = x * facts_.embedding_scale;
    const auto rotary = rotary_table(facts_, cache ? cache->length() : 0, tokens, weights_.device(), weights_.type());
    for (std::int64_t index = 0; index < facts_.blocks; ++index) {
        progress.report(static_cast<double>(index) / static_cast<double>(facts_.blocks));
        const auto block = weights_.block(index, progress);
        run_block(*block, index, x, rotary, cache, progress);
    }
    if (cache) cache->advance(tokens);
    return root_mean_square_norm(x, weights_.final_norm(), facts_.norm_eps);
}

at::Tensor Decoder::logits(const at::Tensor& hidden, const Linear& head) const {
    return head(hidden).to(at::kFloat); // [rows, vocabulary]
}

void Decoder::run_block(const BlockWeights& weights, std::int64_t index, at::Tensor& x, const RotaryTable& rotary,
                        KvCache* cache, const Progress& progress) const {
    const auto before_attention = root_mean_square_norm(x, weights.attention_norm, facts_.norm_eps);
    x.add_(attention(weights, index, before_attention, rotary, cache, progress));
    const auto before_mlp = root_mean_square_norm(x, weights.mlp_norm, facts_.norm_eps);
    x.add_(mlp(weights, before_mlp, progress));
}

at::Tensor Decoder::attention(const BlockWeights& weights, std::int64_t index, const at::Tensor& x,
                              const RotaryTable& rotary, KvCache* cache, const Progress& progress) const {
    const auto batch = x.size(0), tokens = x.size(1);
    const auto split = [&](const at::Tensor& all, std::int64_t heads) {
        return all.view({batch, tokens, heads, facts_.head_dim}); // [batch, tokens, heads, head_dim]
    };
    auto queries = split(apply(weights.q, x, progress), facts_.heads);
    auto keys = split(apply(weights.k, x, progress), facts_.kv_heads);
    auto values = split(apply(weights.v, x, progress), facts_.kv_heads).transpose(1, 2);
    if (weights.query_norm.defined()) queries = root_mean_square_norm(queries, weights.query_norm, facts_.norm_eps);
    if (weights.key_norm.defined()) keys = root_mean_square_norm(keys, weights.key_norm, facts_.norm_eps);
    queries = rotate(queries.transpose(1, 2), rotary);                      // [batch, heads, tokens, head_dim]
    keys = rotate(keys.transpose(1, 2), rotary);                            // [batch, kv_heads, tokens, head_dim]
    if (cache) std::tie(keys, values) = cache->append(index, keys, values); // [batch, kv_heads, past + tokens, …]
    progress.check();
    const auto window = facts_.window.empty() ? 0 : facts_.window[static_cast<std::size_t>(index)];
    const auto mixed = attend(queries, keys, values, facts_.attention_scale, window); // [batch, tokens, heads·head_dim]
    return apply(weights.o, mixed, progress);                                         // [batch, tokens, hidden]
}

at::Tensor Decoder::mlp(const BlockWeights& weights, const at::Tensor& x, const Progress& progress) const {
    auto inner = apply(weights.up, x, progress); // [batch, tokens, intermediate]
    if (facts_.gated)
        inner.mul_(activate(apply(weights.gate, x, progress)));
    else
        inner = activate(inner);
    return apply(weights.down, inner, progress); // [batch, tokens, hidden]
}

at::Tensor Decoder::apply(const Linear& linear, const at::Tensor& x, const Progress& progress) const {
    progress.check();
    if (hook) hook(linear, x);
    return linear(x);
}

at::Tensor Decoder::activate(at::Tensor x) const {
    switch (facts_.activation) {
    case Activation::silu:
        return at::silu_(x);
    case Activation::gelu:
        return at::gelu_(x, "none");
    case Activation::gelu_tanh:
        return at::gelu_(x, "tanh");
    case Activation::relu:
        return at::relu_(x);
    }
    return x;
}

} // namespace quantscope
