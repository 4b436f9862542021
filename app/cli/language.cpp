// Opening models for evaluation, with or without a recipe.
#include "app/cli/language.h"

#include "app/cli/console.h"
#include "core/calibration/fitted_model.h"
#include "core/export/packed.h"
#include "core/recipe/recipe.h"

namespace quantscope::cli {

ComputeOptions compute_options(const Common& common) {
    ComputeOptions options;
    options.device = common.device;
    options.threads = common.threads;
    return options;
}

void ScoringArguments::add_to(CLI::App& parser) {
    parser.add_option("--text", text, "text file to score; the shipped evaluation text when left out");
    parser.add_option("--context", context, "tokens in a window")->check(CLI::Range(2, 1 << 20))->capture_default_str();
    parser.add_option("--max-tokens", max_tokens, "use the text's first N tokens; 0: all")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    parser
        .add_option("--convention", convention,
                    "huggingface: every token of disjoint windows; llama.cpp: each window's second half")
        ->capture_default_str();
}

PerplexityOptions ScoringArguments::options() const {
    PerplexityOptions options;
    options.context = context;
    options.max_tokens = max_tokens;
    options.convention = perplexity_convention(convention);
    return options;
}

std::shared_ptr<const WeightSource> weights_under(const std::string& model, const std::string& recipe,
                                                  Progress& progress, const ModelOptions& told) {
    if (recipe.empty()) return studio::open_weights(model, told);
    const Recipe loaded = Recipe::load(recipe);
    return quantscope::quantize(open_model(model, told), loaded, {}, progress);
}

std::string comparison_table(const std::vector<studio::CompareRow>& rows, int context) {
    std::vector<std::vector<std::string>> cells{
        {"model", "size", "bits/weight", "perplexity", "± nll", "KL mean", "KL p99", "top-1 %", "seconds"}};
    for (const auto& row : rows)
        cells.push_back({row.name, megabytes(static_cast<double>(row.bytes)), number(row.bits_per_weight, 3),
                         number(row.perplexity), number(row.nll_standard_error, 2), number(row.kl_mean, 3),
                         number(row.kl_p99, 3), number(100 * row.top1_agreement, 3), number(row.seconds, 3)});
    if (rows.empty()) return table(cells);
    const auto& first = rows.front();
    return table(cells) + "\n" + std::to_string(first.tokens) + " tokens of " + first.text + " (SHA-256 " +
           first.text_sha256.substr(0, 12) + "…), " + first.convention + " convention, context " +
           std::to_string(context) + (first.bos ? ", with BOS" : ", without BOS") +
           "; ± nll: standard error of the paired difference in mean negative log-likelihood\n";
}

} // namespace quantscope::cli
