// quantscope-cli perplexity: of a model, or of a recipe for it, on a text; with a reference also the divergence from
// it.
#include "app/cli/command.h"
#include "app/cli/console.h"
#include "app/cli/language.h"

namespace quantscope::cli {

namespace {

struct Options {
    std::string model, recipe, reference;
    ScoringArguments scoring;
};

Result measure(const Options& options, const Common& common, Progress& progress) {
    const auto text = studio::EvaluationText::load(options.scoring.text);
    const PerplexityOptions how = options.scoring.options();

    Progress fitting(progress, 0, options.recipe.empty() ? 0 : 0.4);
    const auto weights = weights_under(options.model, options.recipe, fitting);
    Progress scoring(progress, options.recipe.empty() ? 0 : 0.4, 1);
    const bool compared = !options.reference.empty();
    studio::Evaluator evaluator(compared ? studio::open_weights(options.reference) : weights, compute_options(common));
    const auto row =
        compared ? evaluator.candidate_row(weights, text, how, scoring) : evaluator.original_row(text, how, scoring);
    Result result;
    result.json = {{"perplexity", row.perplexity},
                   {"nll", row.nll},
                   {"tokens", row.tokens},
                   {"seconds", row.seconds},
                   {"convention", row.convention},
                   {"context", options.scoring.context},
                   {"bos", row.bos},
                   {"text", row.text},
                   {"text_sha256", row.text_sha256}};
    result.text = "perplexity " + number(row.perplexity, 5) + " (mean negative log-likelihood " + number(row.nll, 6) +
                  " nats) on " + std::to_string(row.tokens) + " tokens of " + row.text + ", " + row.convention +
                  " convention, context " + std::to_string(options.scoring.context) +
                  (row.bos ? ", with BOS" : ", without BOS") + ", " + number(row.seconds, 3) + " s\n";
    if (compared) {
        result.json.update({{"kl_mean", row.kl_mean},
                            {"kl_p99", row.kl_p99},
                            {"top1_agreement", row.top1_agreement},
                            {"nll_standard_error", row.nll_standard_error}});
        result.text += "against " + options.reference + ": KL mean " + number(row.kl_mean) + ", 99th percentile " +
                       number(row.kl_p99) + " nats; top-1 agreement " + number(100 * row.top1_agreement) +
                       " %; standard error of the difference in negative log-likelihood " +
                       number(row.nll_standard_error, 3) + "\n";
    }
    return result;
}

} // namespace

Command perplexity_command() {
    return {"perplexity", "perplexity of a model on a text", [](CLI::App& parser) -> Work {
                auto options = std::make_shared<Options>();
                parser.add_option("model", options->model, "model file or folder")->required();
                options->scoring.add_to(parser);
                parser.add_option("--recipe", options->recipe, "quantize by this recipe first");
                parser.add_option("--reference", options->reference, "model to measure the divergence from");
                return
                    [options](const Common& common, Progress& progress) { return measure(*options, common, progress); };
            }};
}

} // namespace quantscope::cli
