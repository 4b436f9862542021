// Scaled dot-product attention over grouped heads, causal, with an optional sliding window.
#pragma once

#include <ATen/ATen.h>
#include <cstdint>

namespace quantscope {

/// Softmax(scale · queries · keysᵀ) · values, each query seeing itself and what lies before it.
/// \param queries  [batch, heads, tokens, head_dim], of the last `tokens` positions
/// \param keys, values  [batch, kv_heads, past + tokens, head_dim]; heads a multiple of kv_heads
/// \param window   positions each query sees, its own included; 0: all before it
/// \returns        [batch, tokens, heads · head_dim]
/// Source: Vaswani et al. 2017; Ainslie et al. 2023 (grouped heads); Jiang et al. 2023 (Mistral 7B), section 2
/// (window).
at::Tensor attend(const at::Tensor& queries, at::Tensor keys, at::Tensor values, double scale, std::int64_t window);

} // namespace quantscope
