// The one forward pass of all class-conditional DiTs: noisy images, timesteps and classes to predicted noise. It only
// makes new tensors, so that the trainer can run it backwards.
#pragma once

#include <ATen/ATen.h>
#include <functional>
#include <memory>

#include "core/base/progress.h"
#include "core/model/dit_architecture.h"
#include "core/model/weight_reader.h"

namespace quantscope {

/// What turns a timestep and a class into the vector that modulates every block.
struct DitCondition {
    Linear time_in, time_out;
    at::Tensor classes; ///< [classes + 1, width], the null class last
};

struct DitBlock {
    std::shared_ptr<const DitCondition> condition;
    Linear modulation; ///< [6 · width, width]: shift, scale, gate of attention, then of the multilayer perceptron
    Linear qkv;        ///< fused, or
    Linear query, key, value;
    Linear projection, fc1, fc2;
};

/// What stands before and behind the blocks.
struct DitEnds {
    Linear patches;       ///< [width, channels · patch · patch]: a convolution whose stride is its size
    at::Tensor positions; ///< [1, patches, width]
    std::shared_ptr<const DitCondition> condition;
    Linear modulation; ///< [2 · width, width]: shift, scale
    Linear output;     ///< [patch · patch · out_channels, width]
};

/// A block's weights, kept or read anew.
using DitBlockSource = std::function<std::shared_ptr<const DitBlock>(std::int64_t index)>;
/// Told of a linear and its input, [..., in], before it is multiplied.
using DitLinearHook = std::function<void(const Linear& linear, const at::Tensor& input)>;

/// Features of timesteps: cosines, then sines, of t · 10000^(−i / (n − shift)), i = 0 … n − 1. \returns [N, 2 · n]
/// Source: Ho et al. 2020; `shift` is 0 in the original DiT and 1 in diffusers.
at::Tensor timestep_features(const at::Tensor& t, std::int64_t features, double shift);

/// The fixed position table of a square of `side` × `side` patches: the first half of the channels from the column, the
/// second from the row, each sines then cosines. \returns [1, side · side, width] in float32. Source: Peebles and Xie
/// 2023, whose released models hold it as pos_embed.
at::Tensor position_table(std::int64_t width, std::int64_t side);

/// \param x  [N, in_channels, size, size], in the weights' dtype and on their device
/// \param t  [N], float or whole numbers
/// \param y  [N], int64
/// \returns  [N, out_channels, size, size]
/// \throws Cancelled between two tensor operations
at::Tensor dit_forward(const DitArchitecture& facts, const DitEnds& ends, const DitBlockSource& blocks,
                       const at::Tensor& x, const at::Tensor& t, const at::Tensor& y, const DitLinearHook& hook,
                       const Progress& progress);

} // namespace quantscope
