// The forward pass of every language model: one generic block that reads the architecture's facts.
#pragma once

#include <ATen/ATen.h>
#include <memory>
#include <vector>

#include "core/model/block_weights.h"
#include "core/model/language_model.h"

namespace quantscope {

/// Keys and values of the tokens so far, per block.
struct KeyValueCache {
    std::vector<at::Tensor> keys, values; ///< [1, kv_heads, tokens, head_dim]
    std::int64_t tokens = 0;
};

class Decoder {
public:
    explicit Decoder(WeightStore store)
        : store_(std::move(store)) {}

    WeightStore& store() { return store_; }
    const Architecture& architecture() const { return store_.architecture(); }

    /// Final hidden states, after the last norm.
    /// \param tokens  [windows, length] int64 ids on the CPU
    /// \param cache   null, or what came before; then `windows` is 1, and the new keys and values are added
    /// \returns       [windows, length, hidden]
    at::Tensor hidden(const at::Tensor& tokens, KeyValueCache* cache, const Progress& progress);

    LinearInputObserver observer;

private:
    at::Tensor apply(const Linear& linear, const at::Tensor& input) const;
    at::Tensor attention(const BlockWeights& weights, std::int64_t block, const at::Tensor& input,
                         const at::Tensor& mask, KeyValueCache* cache, const Progress& progress);
    at::Tensor mlp(const BlockWeights& weights, const at::Tensor& input, const Progress& progress) const;
    at::Tensor mask(std::int64_t window, std::int64_t before, std::int64_t length) const;

    WeightStore store_;
    std::int64_t rotation_first_ = -1, rotation_count_ = 0;
    at::Tensor cosine_, sine_;
};

} // namespace quantscope
