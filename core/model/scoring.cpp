// Everything is reduced on the device that holds the logits; only a few numbers per row come back.
#include "core/model/scoring.h"

#include <algorithm>

namespace quantscope {

namespace {

at::Tensor pick(const at::Tensor& rows, const at::Tensor& columns) {
    return rows.gather(1, columns.unsqueeze(1)).squeeze(1); // [rows, vocabulary] → [rows]
}

at::Tensor on_processor(const at::Tensor& x, at::ScalarType type) { return x.to(at::kCPU, type).contiguous(); }

} // namespace

void append_scores(const at::Tensor& logits, const at::Tensor& next, std::vector<TokenScore>& scores) {
    const auto nll = on_processor(at::logsumexp(logits, 1) - pick(logits, next), at::kFloat);
    const auto best = on_processor(logits.argmax(1), at::kInt);
    const auto* nlls = nll.const_data_ptr<float>();
    const auto* bests = best.const_data_ptr<std::int32_t>();
    for (std::int64_t row = 0; row < nll.size(0); ++row)
        scores.push_back({nlls[row], bests[row]});
}

ReferencePredictions reference_predictions(const at::Tensor& logits, const at::Tensor& next) {
    auto log_probabilities = at::log_softmax(logits, 1);
    auto nll = on_processor(pick(log_probabilities, next).neg(), at::kFloat);
    return {std::move(log_probabilities), on_processor(logits.argmax(1), at::kInt), std::move(nll)};
}

void append_divergences(const ReferencePredictions& reference, const at::Tensor& log_probabilities,
                        const at::Tensor& next, std::vector<TokenDivergence>& divergences) {
    const auto& p = reference.log_probabilities;
    // A token that is impossible under both (0 · (∞ − ∞)) diverges by nothing.
    const auto kl = on_processor((p.exp() * (p - log_probabilities)).nan_to_num_(0).sum(1), at::kFloat);
    const auto best = on_processor(log_probabilities.argmax(1), at::kInt);
    const auto nll = on_processor(pick(log_probabilities, next).neg(), at::kFloat);
    const auto* kls = kl.const_data_ptr<float>();
    const auto* bests = best.const_data_ptr<std::int32_t>();
    const auto* reference_bests = reference.best.const_data_ptr<std::int32_t>();
    const auto* nlls = nll.const_data_ptr<float>();
    const auto* reference_nlls = reference.nll.const_data_ptr<float>();
    for (std::int64_t row = 0; row < kl.size(0); ++row) // rounding can take a divergence of nothing below zero
        divergences.push_back(
            {kls[row] < 0 ? 0.0f : kls[row], bests[row] == reference_bests[row], reference_nlls[row], nlls[row]});
}

void append_candidates(const at::Tensor& reference, const at::Tensor& candidate, int top,
                       std::vector<std::vector<Candidate>>& candidates) {
    const auto count = std::min<std::int64_t>(top, reference.size(1));
    const auto both = at::cat({std::get<1>(reference.topk(count, 1)), std::get<1>(candidate.topk(count, 1))}, 1);
    const auto ids = on_processor(both, at::kInt);                            // [rows, 2 · count]
    const auto p = on_processor(reference.gather(1, both).exp(), at::kFloat); // [rows, 2 · count]
    const auto q = on_processor(candidate.gather(1, both).exp(), at::kFloat); // [rows, 2 · count]
    for (std::int64_t row = 0; row < ids.size(0); ++row) {
        std::vector<Candidate> found;
        for (std::int64_t i = row * 2 * count; i < (row + 1) * 2 * count; ++i) {
            const auto token = ids.const_data_ptr<std::int32_t>()[i];
            if (std::none_of(found.begin(), found.end(), [&](const Candidate& seen) { return seen.token == token; }))
                found.push_back({token, p.const_data_ptr<float>()[i], q.const_data_ptr<float>()[i]});
        }
        std::stable_sort(found.begin(), found.end(),
                         [](const Candidate& a, const Candidate& b) { return a.reference > b.reference; });
        candidates.push_back(std::move(found));
    }
}

} // namespace quantscope
