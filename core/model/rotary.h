// Rotary position embedding: frequencies by the architecture's scaling, and the rotation of queries and keys.
#pragma once

#include <ATen/ATen.h>
#include <vector>

#include "core/model/architecture.h"

namespace quantscope {

/// Angle per position of each channel pair, [rotary_dim / 2], in float32 as the transformers library computes them.
/// \param length  tokens that are attended together; only "dynamic" scaling depends on it
/// Source: Su et al. 2021 (RoPE); llama3: Llama 3.1's reference code; yarn: Peng et al. 2023, §3
std::vector<float> rotary_frequencies(const Architecture& architecture, std::int64_t length);

/// Cosines and sines for positions first … first + count − 1.
struct Rotation {
    at::Tensor cosine, sine; ///< [count, rotary_dim]
};
Rotation rotation(const Architecture& architecture, std::int64_t first, std::int64_t count, at::Device device,
                  at::ScalarType type);

/// Rotates the first rotary_dim channels of each head: channel c with channel c + rotary_dim/2.
/// \param states  [batch, heads, tokens, head_dim]
at::Tensor rotated(const at::Tensor& states, const Rotation& rotation);

} // namespace quantscope
