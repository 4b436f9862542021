// Each line that changes a shape ends with it.
#include "core/comparison/image_classifier.h"

namespace quantscope {

std::vector<std::pair<std::string, std::vector<std::int64_t>>> classifier_tensors() {
    return {{"conv1.weight", {32, 1, 3, 3}},       {"conv1.bias", {32}},
            {"conv2.weight", {64, 32, 3, 3}},      {"conv2.bias", {64}},
            {"features.weight", {64, 64 * 7 * 7}}, {"features.bias", {64}},
            {"scores.weight", {10, 64}},           {"scores.bias", {10}}};
}

Judgement classify(const at::Tensor& x, const TensorByName& tensors, double dropout) {
    const auto convolved = [&](const at::Tensor& in, const std::string& name) {
        return at::relu(at::conv2d(in, tensors(name + ".weight"), tensors(name + ".bias"), 1, 1));
    };
    auto pooled = at::max_pool2d(convolved(x, "conv1"), {2, 2});            // [N, 32, 14, 14]
    pooled = at::max_pool2d(convolved(pooled, "conv2"), {2, 2});            // [N, 64, 7, 7]
    const auto flat = at::dropout(pooled.flatten(1), dropout, dropout > 0); // [N, 64 · 7 · 7]
    Judgement judgement;
    judgement.features = at::relu(at::linear(flat, tensors("features.weight"), tensors("features.bias"))); // [N, 64]
    judgement.scores = at::linear(judgement.features, tensors("scores.weight"), tensors("scores.bias"));   // [N, 10]
    return judgement;
}

} // namespace quantscope
