// Rotary position embedding: the frequencies of every kind of scaling, the cosines and sines of positions, the
// rotation.
#pragma once

#include <ATen/ATen.h>
#include <cstdint>
#include <vector>

#include "core/model/architecture.h"

namespace quantscope {

/// \param length  of the whole sequence, past included; only "dynamic" scaling depends on it
/// \returns       [rotary_dim / 2], radians per position
/// Source: Su et al. 2021 (RoFormer); transformers, modeling_rope_utils, computed in float32 in the same order.
std::vector<float> rotary_frequencies(const Architecture& facts, std::int64_t length);

/// Cosines and sines of a run of positions, each [tokens, rotary_dim], the two halves alike.
struct RotaryTable {
    at::Tensor cosines, sines;
};
RotaryTable rotary_table(const Architecture& facts, std::int64_t first, std::int64_t tokens, at::Device device,
                         at::ScalarType type);

/// Turns the first rotary_dim channels of each head, pairing channel i with i + rotary_dim / 2.
/// \param x  [batch, heads, tokens, head_dim]
at::Tensor rotate(const at::Tensor& x, const RotaryTable& table);

} // namespace quantscope
