// A small convolutional network that says what a 28 × 28 grey image shows: the judge of the default DiT's images. Its
// 64 features are those in which the Fréchet distance is measured.
#pragma once

#include <ATen/ATen.h>
#include <functional>
#include <memory>
#include <string>

#include "core/checkpoint/checkpoint.h"

namespace quantscope {

/// Where the network's tensors come from, by name ("conv1.weight", …): a file, or parameters in training.
using TensorByName = std::function<at::Tensor(const std::string& name)>;

/// Names and shapes of all tensors.
std::vector<std::pair<std::string, std::vector<std::int64_t>>> classifier_tensors();

struct Judgement {
    at::Tensor features; ///< [N, 64]
    at::Tensor scores;   ///< [N, classes], logits
};

/// Two convolutions of 3 × 3 with a 2 × 2 maximum after each, then 64 features and the classes' scores.
/// \param x  [N, 1, 28, 28] in [−1, 1]
/// \param dropout  share of the pooled values that are set to 0, for training; 0 else
Judgement classify(const at::Tensor& x, const TensorByName& tensors, double dropout = 0);

} // namespace quantscope
