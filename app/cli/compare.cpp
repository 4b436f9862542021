// quantscope-cli compare: the original and quantized versions of it side by side, one row per model.
#include <filesystem>

#include "app/cli/command.h"
#include "app/cli/console.h"
#include "app/cli/language.h"
#include "core/calibration/fitted_model.h"
#include "core/export/packed.h"
#include "core/recipe/recipe.h"
#include "core/studio/compare_row.h"

namespace quantscope::cli {

namespace {

struct Options {
    std::string model;
    std::vector<std::string> candidates;
    ScoringArguments scoring;
};

bool is_recipe(const std::filesystem::path& path) { return path.extension() == ".json"; }

std::string display_name(const std::filesystem::path& path) {
    const auto clean = path.lexically_normal();
    return clean.has_filename() ? (is_recipe(clean) ? clean.stem() : clean.filename()).string()
                                : clean.parent_path().filename().string();
}

void check(const Recipe& recipe, const std::string& file, const Model& model) {
    for (const auto& problem : recipe.problems(model))
        throw RecipeError(file, "", problem);
}

Result compare(const Options& options, const Common& common, Progress& progress) {
    const auto text = studio::EvaluationText::load(options.scoring.text);
    const PerplexityOptions how = options.scoring.options();

    const auto model = open_model(options.model);
    for (const auto& candidate : options.candidates) // mistakes are told before minutes of scoring
        if (is_recipe(candidate))
            check(Recipe::load(candidate), candidate, *model);
        else
            open_model(candidate);
    const auto original = std::make_shared<OriginalWeights>(model);
    studio::Evaluator evaluator(original, compute_options(common));
    const double share = 1.0 / static_cast<double>(options.candidates.size() * 3 + 1); // fitting 1, scoring 2 shares
    Progress scoring_original(progress, 0, share);
    std::vector<studio::CompareRow> rows{evaluator.original_row(text, how, scoring_original)};
    for (double done = share; const auto& candidate : options.candidates) {
        Progress fitting(progress, done, done + share), scoring(progress, done + share, done + 3 * share);
        done += 3 * share;
        const std::shared_ptr<const WeightSource> weights =
            is_recipe(candidate) ? quantscope::quantize(model, Recipe::load(candidate), {}, fitting)
                                 : studio::open_weights(candidate);
        rows.push_back(evaluator.candidate_row(weights, text, how, scoring));
        rows.back().name = display_name(candidate);
    }

    Result result;
    auto& list = result.json["models"] = nlohmann::json::array();
    for (const auto& row : rows)
        list.push_back(studio::as_json(row));
    result.text = comparison_table(rows, options.scoring.context);
    return result;
}

} // namespace

Command compare_command() {
    return {"compare", "the original and quantized versions side by side", [](CLI::App& parser) -> Work {
                auto options = std::make_shared<Options>();
                parser.add_option("model", options->model, "the original: model file or folder")->required();
                parser
                    .add_option("candidates", options->candidates,
                                "recipes (.json), packed files, or models with the same vocabulary")
                    ->required();
                options->scoring.add_to(parser);
                return
                    [options](const Common& common, Progress& progress) { return compare(*options, common, progress); };
            }};
}

} // namespace quantscope::cli
