// A DiT whose weights are parameters in training: the same forward pass as the core's, with gradients.
#pragma once

#include <ATen/ATen.h>

#include "core/model/dit_architecture.h"
#include "core/model/dit_forward.h"
#include "training/parameters.h"

namespace quantscope::training {

class TrainableDit {
public:
    /// Initialised as the original is: Xavier for linears, 0.02 normal for the embedders, 0 for all that modulates, so
    /// that every block begins as the identity. Source: Peebles and Xie 2023, section 3.2 (adaLN-Zero).
    explicit TrainableDit(const DitArchitecture& facts);

    /// \param averaged  with the running averages instead of the weights
    /// \returns  [N, out_channels, size, size]
    at::Tensor operator()(const at::Tensor& x, const at::Tensor& t, const at::Tensor& y, bool averaged = false) const;

    Parameters& parameters() { return parameters_; }
    const DitArchitecture& architecture() const { return facts_; }
    const at::Tensor& positions() const { return positions_; } ///< [1, patches, width], not trained

private:
    void add_linear(const std::string& name, std::int64_t out, std::int64_t in);
    void add_zero_linear(const std::string& name, std::int64_t out, std::int64_t in);
    Linear linear(const std::string& name, bool averaged) const;

    DitArchitecture facts_;
    Parameters parameters_;
    at::Tensor positions_;
};

} // namespace quantscope::training
