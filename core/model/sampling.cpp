// Temperature first, then the k most likely, then the smallest set of probability p, as the transformers library orders
// its warpers. The generator is SplitMix64, whose output is the same everywhere.
#include "core/model/sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/errors.h"

namespace quantscope {

double Sampler::uniform() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return static_cast<double>(z >> 11) * 0x1p-53;
}

std::int32_t Sampler::choose(std::span<const float> logits) {
    std::vector<std::int32_t> order;
    order.reserve(logits.size());
    for (std::size_t i = 0; i < logits.size(); ++i)
        if (std::isfinite(logits[i])) order.push_back(static_cast<std::int32_t>(i));
    if (order.empty()) throw DataError({}, "logits", "are all non-finite; the model's weights are damaged");
    // Equal logits are ordered by token id, so that the choice does not depend on the sort.
    const auto likelier = [&](std::int32_t a, std::int32_t b) {
        return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
    };
    if (options_.temperature <= 0) return *std::min_element(order.begin(), order.end(), likelier);

    const auto kept = options_.top_k > 0 ? std::min<std::size_t>(static_cast<std::size_t>(options_.top_k), order.size())
                                         : order.size();
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(), likelier);
    order.resize(kept);

    std::vector<double> weights(order.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        weights[i] = std::exp((double(logits[order[i]]) - double(logits[order[0]])) / options_.temperature);
    double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    if (options_.top_p < 1) {
        const double wanted = options_.top_p * total;
        double sum = 0;
        std::size_t count = 0;
        while (count < weights.size() && (count == 0 || sum < wanted))
            sum += weights[count++];
        weights.resize(count);
        total = sum;
    }
    double threshold = uniform() * total;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        threshold -= weights[i];
        if (threshold < 0) return order[i];
    }
    return order[weights.size() - 1]; // rounding left a remainder
}

} // namespace quantscope
