// The library's fused attention does the arithmetic; here is decided who sees whom.
#include "core/model/attention.h"

#include <algorithm>
#include <optional>

namespace quantscope {

namespace {

/// Each key-value head once for every query head of its group. \param x [batch, kv_heads, tokens, head_dim]
at::Tensor repeat_heads(const at::Tensor& x, std::int64_t group) {
    if (group == 1) return x;
    return x.unsqueeze(2)
        .expand({x.size(0), x.size(1), group, x.size(2), x.size(3)})
        .reshape({x.size(0), x.size(1) * group, x.size(2), x.size(3)}); // [batch, heads, tokens, head_dim]
}

/// \returns [tokens, total] booleans, true where the query sees the key
at::Tensor visible(std::int64_t tokens, std::int64_t total, std::int64_t window, at::Device device) {
    const auto options = at::TensorOptions().device(device).dtype(at::kLong);
    const auto query = at::arange(total - tokens, total, options).unsqueeze(1); // [tokens, 1]
    const auto key = at::arange(total, options).unsqueeze(0);                   // [1, total]
    auto mask = key <= query;                                                   // [tokens, total]
    if (window > 0) mask &= key > query - window;
    return mask;
}

} // namespace

at::Tensor attend(const at::Tensor& queries, at::Tensor keys, at::Tensor values, double scale, std::int64_t window) {
    const auto tokens = queries.size(2);
    if (window > 0) { // what no query sees need not be touched
        const auto reach = std::min(keys.size(2), window + tokens - 1);
        keys = keys.narrow(2, keys.size(2) - reach, reach);
        values = values.narrow(2, values.size(2) - reach, reach);
    }
    const auto total = keys.size(2);
    keys = repeat_heads(keys, queries.size(1) / keys.size(1));
    values = repeat_heads(values, queries.size(1) / values.size(1));

    const bool whole = window == 0 || window >= total;
    std::optional<at::Tensor> mask;
    if (tokens > 1 && !(whole && tokens == total)) mask = visible(tokens, total, window, queries.device());
    const bool causal = !mask && tokens > 1;
    const auto mixed = at::scaled_dot_product_attention(queries, keys, values, mask, 0.0, causal, scale);
    return mixed.transpose(1, 2).reshape({queries.size(0), tokens, -1}); // [batch, tokens, heads · head_dim]
}

} // namespace quantscope
