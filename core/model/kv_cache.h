// Keys and values of the tokens seen so far, per block, so that the next token costs one token's work.
#pragma once

#include <ATen/ATen.h>
#include <cstdint>
#include <utility>
#include <vector>

namespace quantscope {

class KvCache {
public:
    explicit KvCache(std::int64_t blocks)
        : blocks_(static_cast<std::size_t>(blocks)) {}

    /// Tokens that every block has seen.
    std::int64_t length() const { return length_; }
    /// Appends a block's new keys and values. \param keys, values  [batch, kv_heads, tokens, head_dim]
    /// \returns all of them, [batch, kv_heads, length() + tokens, head_dim]; views that the next append overwrites
    /// beyond
    std::pair<at::Tensor, at::Tensor> append(std::int64_t block, const at::Tensor& keys, const at::Tensor& values);
    /// To be called once per pass, when all blocks have appended.
    void advance(std::int64_t tokens) { length_ += tokens; }

private:
    struct Entry {
        at::Tensor keys, values; ///< [batch, kv_heads, capacity, head_dim]
    };
    std::vector<Entry> blocks_;
    std::int64_t length_ = 0;
};

} // namespace quantscope
