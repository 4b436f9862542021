// What the commands that run a language model share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/cli/command.h"
#include "core/studio/evaluator.h"

namespace quantscope::cli {

ComputeOptions compute_options(const Common& common);

/// How a text is scored, as `compare`, `experiment` and `perplexity` take it.
struct ScoringArguments {
    std::string text = {}, convention = "huggingface";
    int context = 512, max_tokens = 0;

    void add_to(CLI::App& parser);
    PerplexityOptions options() const; ///< \throws UsageError naming the conventions
};

/// The model's weights, quantized by a recipe file when one is given.
std::shared_ptr<const WeightSource> weights_under(const std::string& model, const std::string& recipe,
                                                  Progress& progress, const ModelOptions& told = {});

/// The rows as a text table, with what they were measured on below it.
std::string comparison_table(const std::vector<studio::CompareRow>& rows, int context);

} // namespace quantscope::cli
