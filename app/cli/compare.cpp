// quantscope-cli compare: the original and quantized versions of it side by side, one row per model.
#include <cmath>
#include <filesystem>

#include "app/cli/command.h"
#include "app/cli/console.h"
#include "app/cli/diffusion.h"
#include "app/cli/language.h"
#include "core/calibration/fitted_model.h"
#include "core/export/packed.h"
#include "core/recipe/recipe.h"
#include "core/studio/compare_row.h"
#include "core/studio/image_report.h"

namespace quantscope::cli {

namespace {

struct Options {
    std::string model;
    std::vector<std::string> candidates;
    ScoringArguments scoring;
    ImageArguments images;
    std::string judge, out, vae;
    ModelOptions told;
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

/// Mistakes are told before minutes of work.
void check_candidates(const Options& options, const Model& model) {
    for (const auto& candidate : options.candidates)
        if (is_recipe(candidate))
            check(Recipe::load(candidate), candidate, model);
        else
            open_model(candidate, options.told);
}

struct Candidate {
    std::shared_ptr<const WeightSource> weights;
    std::uint64_t bytes = 0;
    double bits_per_weight = NAN;
};

Candidate load(const std::string& file, const Options& options, const std::shared_ptr<const Model>& model,
               Progress& progress) {
    if (!is_recipe(file)) {
        const auto opened = open_model(file, options.told);
        return {std::make_shared<OriginalWeights>(opened), opened->checkpoint().file_bytes(), NAN};
    }
    const auto fitted = quantscope::quantize(model, Recipe::load(file), {}, progress);
    return {fitted, packed_file_bytes(*fitted), fitted->bits_per_weight()};
}

Result compare_texts(const Options& options, const std::shared_ptr<const Model>& model, const Common& common,
                     Progress& progress) {
    if (options.candidates.empty())
        throw UsageError(options.model, "candidates", "are missing; name a recipe or a model to compare with");
    const auto text = studio::EvaluationText::load(options.scoring.text);
    const PerplexityOptions how = options.scoring.options();
    const auto original = std::make_shared<OriginalWeights>(model);
    studio::Evaluator evaluator(original, compute_options(common));
    const double share = 1.0 / static_cast<double>(options.candidates.size() * 3 + 1); // fitting 1, scoring 2 shares
    Progress scoring_original(progress, 0, share);
    std::vector<studio::CompareRow> rows{evaluator.original_row(text, how, scoring_original)};
    for (double done = share; const auto& candidate : options.candidates) {
        Progress fitting(progress, done, done + share), scoring(progress, done + share, done + 3 * share);
        done += 3 * share;
        rows.push_back(evaluator.candidate_row(load(candidate, options, model, fitting).weights, text, how, scoring));
        rows.back().name = display_name(candidate);
    }

    Result result;
    auto& list = result.json["models"] = nlohmann::json::array();
    for (const auto& row : rows)
        list.push_back(studio::as_json(row));
    result.text = comparison_table(rows, options.scoring.context);
    return result;
}

Result compare_images(const Options& options, const std::shared_ptr<const Model>& model, const Common& common,
                      Progress& progress) {
    const auto request = options.images.request();
    studio::ImageEvaluator evaluator(std::make_shared<OriginalWeights>(model), compute_options(common));
    use_vae(evaluator, options.vae);
    const double share = 1.0 / static_cast<double>(options.candidates.size() * 3 + 2); // fitting 1, sampling 2 shares
    Progress sampling_original(progress, 0, 2 * share);
    auto comparison = evaluator.empty(request);
    comparison.columns.push_back(evaluator.original_column(request, sampling_original));
    if (!options.judge.empty()) { // a network of the user's knows no real images: the original's are its reference
        auto judge = ImageJudge::of_torch_script(options.judge);
        judge.set_reference(evaluator.last_images(), "the original's images", progress);
        evaluator.set_judge(std::move(judge));
        comparison.frechet_reference = evaluator.judge()->reference();
        comparison.frechet_samples = request.rows.size();
    }
    for (double done = 2 * share; const auto& file : options.candidates) {
        Progress fitting(progress, done, done + share), sampling(progress, done + share, done + 3 * share);
        done += 3 * share;
        const auto candidate = load(file, options, model, fitting);
        auto column = evaluator.candidate_column(candidate.weights, request, sampling);
        column.name = display_name(file);
        column.bytes = static_cast<double>(candidate.bytes);
        column.bits_per_weight = candidate.bits_per_weight;
        comparison.columns.push_back(std::move(column));
    }
    if (!options.out.empty()) studio::write_image_grid(comparison, options.out);
    Result result;
    result.json = studio::as_json(comparison);
    result.text = image_table(comparison);
    if (!options.out.empty()) result.text += "wrote " + options.out + "\n";
    return result;
}

Result compare(const Options& options, const Common& common, Progress& progress) {
    const auto model = open_model(options.model, options.told);
    check_candidates(options, *model);
    if (model->kind() != "dit") return compare_texts(options, model, common, progress);
    if (options.images.classes.empty())
        throw UsageError(options.model, "--classes",
                         "names no class; a DiT is compared by images, as in --classes 0,1,2");
    return compare_images(options, model, common, progress);
}

} // namespace

Command compare_command() {
    return {"compare", "the original and quantized versions side by side", [](CLI::App& parser) -> Work {
                auto options = std::make_shared<Options>();
                parser.add_option("model", options->model, "the original: model file or folder")->required();
                parser.add_option("candidates", options->candidates,
                                  "recipes (.json), packed files, or models with the same vocabulary or classes");
                options->scoring.add_to(parser);
                options->images.add_to(parser);
                parser.add_option("--judge", options->judge,
                                  "TorchScript feature extractor for Fréchet distances; only a file you trust");
                parser.add_option("--out", options->out, "PNG file for the grid of images");
                add_vae(parser, options->vae);
                add_heads(parser, options->told);
                return
                    [options](const Common& common, Progress& progress) { return compare(*options, common, progress); };
            }};
}

} // namespace quantscope::cli
