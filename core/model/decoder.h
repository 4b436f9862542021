// The one forward pass of all language-model families: token ids to hidden states to logits, told what to do by an
// Architecture.
#pragma once

#include <ATen/ATen.h>
#include <cstdint>
#include <functional>
#include <map>
#include <span>

#include "core/base/progress.h"
#include "core/model/attention.h"
#include "core/model/block_weights.h"
#include "core/model/kv_cache.h"
#include "core/model/rotary.h"

namespace quantscope {

/// Told of a linear and its input, [..., in], before it is multiplied.
using LinearHook = std::function<void(const Linear& linear, const at::Tensor& input)>;

/// x / √(mean(x²) + eps) · weight over the last dimension, computed in float32. Source: Zhang and Sennrich 2019.
at::Tensor root_mean_square_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

class Decoder {
public:
    Decoder(const Architecture& facts, ModelWeights weights);

    /// \param ids    [batch · tokens], row-major
    /// \param cache  holds what came before, is appended to; null for none. Only with batch 1 or equal lengths.
    /// \returns      [batch, tokens, hidden], normalized and ready for the head
    /// \throws Cancelled between two tensor operations
    at::Tensor hidden_states(std::span<const std::int32_t> ids, std::int64_t batch, KvCache* cache, Progress& progress);

    /// \param hidden  [rows, hidden] \returns [rows, vocabulary] in float32
    at::Tensor logits(const at::Tensor& hidden, const Linear& head) const;

    /// One block. \param x  [batch, tokens, hidden], changed in place
    void run_block(const BlockWeights& weights, std::int64_t index, at::Tensor& x, const RotaryTable& rotary,
                   KvCache* cache, const Progress& progress) const;

    ModelWeights& weights() { return weights_; }
    const Architecture& architecture() const { return facts_; }
    LinearHook hook; ///< may be empty

private:
    at::Tensor attention(const BlockWeights& weights, std::int64_t index, const at::Tensor& x,
                         const RotaryTable& rotary, KvCache* cache, const Progress& progress) const;
    at::Tensor mlp(const BlockWeights& weights, const at::Tensor& x, const Progress& progress) const;
    at::Tensor apply(const Linear& linear, const at::Tensor& x, const Progress& progress) const;
    at::Tensor activate(at::Tensor x) const;

    const Architecture& facts_;
    ModelWeights weights_;
};

} // namespace quantscope
