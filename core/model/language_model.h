// A language model that runs: logits, scores and text from token ids. Free of torch, so that every room and program
// can hold one; the forward pass is behind it, in decoder.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/model/compute_options.h"
#include "core/model/device.h"
#include "core/model/sampling.h"
#include "core/model/weight_source.h"

namespace quantscope {

/// What one token's prediction looked like.
struct TokenScore {
    float nll = 0;         ///< −ln p(token), nats
    std::int32_t best = 0; ///< the most likely token instead
};

/// Divergence of a candidate's prediction from a reference's, for one position.
struct TokenDivergence {
    float kl = 0;                               ///< KL(reference ‖ candidate), nats
    bool agrees = true;                         ///< the same most likely token
    float reference_nll = 0, candidate_nll = 0; ///< of the token that follows; NaN where none does
};

struct Candidate {
    std::int32_t token = 0;
    float reference = 0, candidate = 0; ///< probabilities
};

/// Called with the input of a linear before it is multiplied: the site, and [tokens, in] values as float32. For
/// statistics of activations; costs a copy per linear.
using LinearInputObserver = std::function<void(const Site& site, std::span<const float> values, std::int64_t tokens)>;

class LanguageModel {
public:
    /// Reads no weights yet. \throws DataError with model().why_not_evaluated() when the model cannot be evaluated;
    /// UsageError naming an unknown or absent device; IoError when memory does not suffice
    explicit LanguageModel(std::shared_ptr<const WeightSource> weights, ComputeOptions options = {});
    ~LanguageModel();
    LanguageModel(LanguageModel&&) noexcept;
    LanguageModel& operator=(LanguageModel&&) noexcept;

    const WeightSource& weights() const;
    const Architecture& architecture() const;
    std::string device() const;       ///< "cpu", "cuda:0"
    std::string compute_type() const; ///< "float32", "bfloat16"

    /// \param tokens  ids below the vocabulary's size
    /// \returns       [tokens, vocabulary], row-major
    /// \throws DataError naming an id outside of the vocabulary; Cancelled
    std::vector<float> logits(std::span<const std::int32_t> tokens, Progress& progress);

    /// Windows of equal length in one batch: how likely each window's tokens were from `first` on.
    /// \param windows  [count, length] ids, row-major
    /// \param first    first scored position, ≥ 1: its prediction is made at first − 1
    /// \returns        [count, length − first]
    std::vector<TokenScore> score(std::span<const std::int32_t> windows, std::int64_t count, std::int64_t first,
                                  Progress& progress);

    /// The same windows under this model (the reference) and another with the same vocabulary.
    /// \returns  [count, length − first], for the predictions of positions first … length − 1
    std::vector<TokenDivergence> compare(LanguageModel& candidate, std::span<const std::int32_t> windows,
                                         std::int64_t count, std::int64_t first, Progress& progress);

    /// The same with several candidates, so that the reference runs once. \returns  one list per candidate
    std::vector<std::vector<TokenDivergence>> compare(std::span<LanguageModel* const> candidates,
                                                      std::span<const std::int32_t> windows, std::int64_t count,
                                                      std::int64_t first, Progress& progress);

    /// Token for token what the studio's coloured text shows: entry i belongs to tokens[i], predicted from those before
    /// it; entry 0 is zeros, as nothing predicted it. `candidates[i]`: the union of both models' `top` most likely
    /// tokens, by the reference's probability, with both models' probabilities.
    struct TextDivergence {
        std::vector<TokenDivergence> tokens;
        std::vector<std::vector<Candidate>> candidates;
    };
    TextDivergence compare_text(LanguageModel& candidate, std::span<const std::int32_t> tokens, int top,
                                Progress& progress);

    /// Continues the prompt until a stop token, `max_tokens`, or `streamed` returns false.
    /// \param streamed  told of every new token, stop tokens excluded; may be empty
    /// \returns         the new tokens, stop tokens excluded
    std::vector<std::int32_t> generate(std::span<const std::int32_t> prompt, const SamplingOptions& sampling,
                                       std::span<const std::int32_t> stop, std::int64_t max_tokens,
                                       const std::function<bool(std::int32_t)>& streamed, Progress& progress);

    /// Installs (or with an empty function removes) an observer of the linears' inputs.
    void observe_linear_inputs(LinearInputObserver observer);

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

} // namespace quantscope
