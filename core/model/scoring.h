// What is read off logits: how likely a token was, and how two models' predictions differ.
#pragma once

#include <ATen/ATen.h>

#include "core/model/language_model.h"

namespace quantscope {

/// \param logits  [rows, vocabulary] float32 \param next  [rows] ids of the tokens that follow, on the logits' device
void append_scores(const at::Tensor& logits, const at::Tensor& next, std::vector<TokenScore>& scores);

/// A reference's predictions for some rows, kept while candidates are held against them.
struct ReferencePredictions {
    at::Tensor log_probabilities; ///< [rows, vocabulary]
    at::Tensor best;              ///< [rows]
    at::Tensor nll;               ///< [rows]
};
ReferencePredictions reference_predictions(const at::Tensor& logits, const at::Tensor& next);

/// KL(reference ‖ candidate) = Σ p (ln p − ln q), per row.
/// \param log_probabilities  [rows, vocabulary], of the candidate, on the reference's device
void append_divergences(const ReferencePredictions& reference, const at::Tensor& log_probabilities,
                        const at::Tensor& next, std::vector<TokenDivergence>& divergences);

/// For each row the union of both models' `top` most likely tokens, the reference's likeliest first.
void append_candidates(const at::Tensor& reference, const at::Tensor& candidate, int top,
                       std::vector<std::vector<Candidate>>& candidates);

} // namespace quantscope
