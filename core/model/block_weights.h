// A language model's weights as tensors, block by block from the weight source: what fits the budget stays in memory,
// the rest is decoded anew at every pass, so that a model larger than memory runs.
#pragma once

#include <ATen/ATen.h>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/progress.h"
#include "core/model/weight_source.h"

namespace quantscope {

struct Linear {
    const Site* site = nullptr;
    at::Tensor weight; ///< [out, in]
    at::Tensor bias;   ///< [out], undefined when there is none
};

struct BlockWeights {
    at::Tensor input_norm, post_norm; ///< [hidden], float32
    at::Tensor query_norm, key_norm;  ///< [head_dim], float32; undefined when there is none
    Linear q, k, v, o, gate, up, down;
    std::uint64_t bytes = 0;
};

class WeightStore {
public:
    /// \param budget  bytes of blocks, embedding and head that may stay in memory
    WeightStore(std::shared_ptr<const WeightSource> source, at::Device device, at::ScalarType type,
                std::uint64_t budget);

    const WeightSource& source() const { return *source_; }
    const Architecture& architecture() const { return *source_->model().architecture(); }
    at::Device device() const { return device_; }
    at::ScalarType type() const { return type_; }

    /// Block `index`, decoded now unless it stayed. Valid until the next call. \throws Cancelled, IoError
    const BlockWeights& block(std::int64_t index, const Progress& progress);
    /// Rows of the embedding. \param tokens [n] on the CPU \returns [n, hidden]
    at::Tensor embed(const at::Tensor& tokens);
    /// The final norm's weight, [hidden], float32.
    const at::Tensor& final_norm();
    /// Logits of hidden states, the head decoded in pieces where it does not fit the budget.
    /// \param hidden [n, hidden] \returns [n, vocabulary], float32
    at::Tensor logits(const at::Tensor& hidden, const Progress& progress);
    const Site& head_site() const { return *head_site_; }

private:
    at::Tensor rows(const Site& site, std::int64_t first, std::int64_t count, const Progress* progress) const;
    Linear linear(const std::string& name, const Progress& progress) const;
    at::Tensor vector(const std::string& name, at::ScalarType type) const;
    bool keep(std::uint64_t bytes);

    std::shared_ptr<const WeightSource> source_;
    at::Device device_;
    at::ScalarType type_;
    std::uint64_t budget_, used_ = 0;
    std::vector<std::optional<BlockWeights>> kept_;
    BlockWeights passing_; ///< the block of the moment, where it does not stay
    const Site *embedding_site_ = nullptr, *head_site_ = nullptr;
    at::Tensor embedding_, head_, final_norm_, head_bias_;
    bool asked_embedding_ = false, asked_head_ = false;
};

} // namespace quantscope
