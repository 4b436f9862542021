// Evaluates models over text: the original once, and any number of quantized versions of it beside. What the command
// line's compare and the studio's Compare view have in common. Free of torch.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "core/comparison/perplexity.h"
#include "core/model/language_model.h"
#include "core/studio/views.h"
#include "core/text/tokenizer.h"

namespace quantscope::studio {

/// A text to score models on.
struct EvaluationText {
    std::string name;   ///< file name
    std::string sha256; ///< of the file
    std::string content;

    /// \param file  empty: the text that ships with Quantscope. \throws IoError naming the file
    static EvaluationText load(const std::filesystem::path& file);
};

/// Opens a model file or folder, or one of Quantscope's packed files, for evaluation.
std::shared_ptr<const WeightSource> open_weights(const std::filesystem::path& path, const ModelOptions& options = {});

class Evaluator {
public:
    explicit Evaluator(std::shared_ptr<const WeightSource> original, ComputeOptions compute = {});

    /// Read on first need. \throws FormatError naming what is missing
    const Tokenizer& tokenizer();
    LanguageModel& original();
    LanguageModel candidate(std::shared_ptr<const WeightSource> weights) const;

    /// The text's tokens, at most options.max_tokens of them (0: all), without special tokens.
    const std::vector<std::int32_t>& tokens(const EvaluationText& text);
    /// Fills in options.bos when the model's file asks for one.
    PerplexityOptions completed(PerplexityOptions options);

    /// Scores the original alone; remembered, so that asking again for the same text and options costs nothing.
    CompareRow original_row(const EvaluationText& text, const PerplexityOptions& options, Progress& progress);
    /// Scores candidates against the original, all over the same windows, the original running once for all of them.
    std::vector<CompareRow> candidate_rows(const std::vector<std::shared_ptr<const WeightSource>>& weights,
                                           const EvaluationText& text, const PerplexityOptions& options,
                                           Progress& progress);
    CompareRow candidate_row(std::shared_ptr<const WeightSource> weights, const EvaluationText& text,
                             const PerplexityOptions& options, Progress& progress);

private:
    std::shared_ptr<const WeightSource> original_weights_;
    ComputeOptions compute_;
    std::unique_ptr<Tokenizer> tokenizer_;
    std::unique_ptr<LanguageModel> original_;
    std::string tokens_of_; ///< sha256 of the text that tokens_ belongs to
    std::vector<std::int32_t> tokens_;
    std::map<std::string, CompareRow> original_rows_;
};

} // namespace quantscope::studio
