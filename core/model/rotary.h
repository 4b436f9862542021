// Rotary position embedding: the frequencies of every kind of scaling, their sines, the rotation.
#pragma once

#include <ATen/ATen.h>
#include <cstdint>

#include "core/model/architecture.h"

namespace quantscope {

/// Cosines and sines of a run of positions, each [tokens, rotary_dim], the two halves alike.
/// Source: Su et al. 2021 (RoFormer); transformers, modeling_rope_utils, computed in float32 in the same order.
struct RotaryTable {
    at::Tensor cosines, sines;
};
RotaryTable rotary_table(const Architecture& facts, std::int64_t first, std::int64_t tokens, at::Device device,
                         at::ScalarType type);

/// Turns the first rotary_dim channels of each head, pairing channel i with i + rotary_dim / 2.
/// \param x  [batch, heads, tokens, head_dim]
at::Tensor rotate(const at::Tensor& x, const RotaryTable& table);

} // namespace quantscope
