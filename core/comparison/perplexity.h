// Perplexity of a language model on a text, by the two definitions in use, and how two models' predictions differ.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/progress.h"
#include "core/model/language_model.h"

namespace quantscope {

enum class PerplexityConvention {
    /// Windows of `context` tokens without overlap, every token but a window's first is predicted, as Hugging Face's
    /// guide does with stride = context; a last, shorter window counts when it has 2 tokens or more.
    huggingface,
    /// Full windows only; each window's second half is predicted, positions context/2 + 1 … context − 1, as llama.cpp's
    /// `perplexity` does. The window's first token is replaced by BOS when the model asks for one.
    llama_cpp,
};
std::string_view name(PerplexityConvention convention); ///< "huggingface", "llama.cpp"
/// \throws UsageError naming the two conventions
PerplexityConvention perplexity_convention(std::string_view name);

struct PerplexityOptions {
    std::int64_t context = 512;  ///< tokens in a window, ≥ 2
    std::int64_t max_tokens = 0; ///< the text's first N tokens; 0: all
    PerplexityConvention convention = PerplexityConvention::huggingface;
    /// The beginning-of-sequence token when the file says one is to be added (Tokenizer's add_bos): each window then
    /// starts with it. Under "huggingface" it comes in front of context − 1 tokens of text, the first of which is then
    /// predicted too; under "llama.cpp" it takes the place of the window's first token.
    std::optional<std::int32_t> bos = {};
    std::int64_t batch_tokens = 2048; ///< windows are run together up to about this many tokens
};

struct PerplexityResult {
    double nll = 0;               ///< mean, nats per predicted token
    double perplexity = 0;        ///< exp(nll)
    std::vector<float> token_nll; ///< of each predicted token, in the text's order
    double seconds = 0;
    bool bos = false; ///< a beginning-of-sequence token was put at each window's start
    std::string convention;
    std::uint64_t tokens() const { return token_nll.size(); } ///< predicted
};

/// \throws DataError when the text is too short for one window, or no prediction is finite; Cancelled
PerplexityResult perplexity(LanguageModel& model, std::span<const std::int32_t> tokens,
                            const PerplexityOptions& options, Progress& progress);

struct DivergenceResult {
    PerplexityResult reference, candidate;
    double kl_mean = 0, kl_p99 = 0; ///< KL(reference ‖ candidate), nats
    double top1_agreement = 0;      ///< fraction of positions with the same most likely token
    double nll_difference = 0;      ///< mean of candidate − reference
    double nll_standard_error = 0;  ///< of that mean, from the paired differences
    std::vector<float> token_kl;
};

/// Both models over the same windows, a batch at a time, so that no logits are kept. \see perplexity
/// \throws DataError when the vocabularies differ
DivergenceResult divergence(LanguageModel& reference, LanguageModel& candidate, std::span<const std::int32_t> tokens,
                            const PerplexityOptions& options, Progress& progress);

/// The same for several candidates, so that the reference runs once. \returns  one result per candidate
std::vector<DivergenceResult> divergence(LanguageModel& reference, std::span<LanguageModel* const> candidates,
                                         std::span<const std::int32_t> tokens, const PerplexityOptions& options,
                                         Progress& progress);

struct PairedDifference {
    double mean = 0, standard_error = 0; ///< of b − a; the standard error is NaN below two tokens
};
/// \throws ShapeError when the lengths differ
PairedDifference paired_difference(std::span<const float> a, std::span<const float> b);

} // namespace quantscope
