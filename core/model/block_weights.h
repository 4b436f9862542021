// A decoder's weights as tensors, a block at a time: decoded from the WeightSource on first need, kept while the budget
// lasts, beyond it read again at every pass, so that a model larger than memory runs.
#pragma once

#include <ATen/ATen.h>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/model/weight_reader.h"

namespace quantscope {

struct BlockWeights {
    at::Tensor attention_norm, mlp_norm; ///< [hidden]
    at::Tensor query_norm, key_norm;     ///< [head_dim], or undefined
    Linear q, k, v, o;
    Linear gate, up, down;
};

class ModelWeights {
public:
    /// Reads nothing yet. \param budget  bytes of decoded weights that stay in memory
    /// \throws IoError when not even one block and the head fit into what is free
    ModelWeights(std::shared_ptr<const WeightSource> source, const std::string& device, at::ScalarType type,
                 std::uint64_t budget);

    std::shared_ptr<const BlockWeights> block(std::int64_t index, const Progress& progress);
    /// The embeddings of tokens. \returns [ids, hidden]
    at::Tensor embed(std::span<const std::int32_t> ids, const Progress& progress);
    at::Tensor final_norm(); ///< [hidden]
    Linear head(const Progress& progress);

    const WeightSource& source() const { return reader_.source(); }
    at::Device device() const { return reader_.device(); }
    at::ScalarType type() const { return reader_.type(); }
    std::int64_t resident_blocks() const; ///< how many blocks the budget keeps, the first ones

private:
    std::shared_ptr<const BlockWeights> read_block(std::int64_t index, const Progress& progress) const;
    void release(const BlockWeights& block) const;
    void plan(std::uint64_t budget, const std::string& device_name);

    WeightReader reader_;
    const Architecture& facts_;
    bool keeps_embedding_ = false, keeps_head_ = false;
    std::vector<bool> keeps_block_;
    std::vector<std::shared_ptr<const BlockWeights>> blocks_; ///< null: not read, or not kept
    at::Tensor embedding_, final_norm_;
    Linear head_;
};

} // namespace quantscope
