// quantscope-cli experiment: a named grid of recipes over a model, resumable, as one table.
#include <filesystem>

#include "app/cli/command.h"
#include "app/cli/console.h"
#include "app/cli/language.h"
#include "core/base/atomic_file.h"
#include "core/base/log.h"
#include "core/export/packed.h"
#include "core/studio/compare_row.h"
#include "core/studio/experiment.h"

namespace quantscope::cli {

namespace {

struct Options {
    std::string name, model, out;
    ScoringArguments scoring{.max_tokens = 8192};
};

void write(const std::filesystem::path& file, const std::string& content) {
    AtomicFile out(file);
    out.write(content);
    out.commit();
}

Result run(const Options& options, const Common& common, Progress& progress) {
    const auto& experiment = studio::experiment_named(options.name);
    const auto text = studio::EvaluationText::load(options.scoring.text);
    const PerplexityOptions how = options.scoring.options();
    const std::filesystem::path folder = options.out.empty() ? "results/" + options.name : options.out;
    make_folder(folder);
    const auto rows = studio::run_experiment(
        experiment, open_model(options.model), text, how, compute_options(common), folder / "rows.jsonl",
        [](const studio::CompareRow& row) {
            log(Level::info, row.name + ": perplexity " + number(row.perplexity) + ", KL " + number(row.kl_mean, 3));
        },
        progress);
    Result result;
    auto& list = result.json["models"] = nlohmann::json::array();
    for (const auto& row : rows)
        list.push_back(studio::as_json(row));
    result.text = comparison_table(rows, options.scoring.context);
    write(folder / "table.txt", result.text);
    return result;
}

std::string names() {
    std::string text;
    for (const auto& experiment : studio::experiments())
        text += (text.empty() ? "" : "; ") + experiment.name + ": " + experiment.help;
    return text;
}

} // namespace

Command experiment_command() {
    return {"experiment", "a named grid of recipes over a model, resumable", [](CLI::App& parser) -> Work {
                auto options = std::make_shared<Options>();
                parser.add_option("name", options->name, names())->required();
                parser.add_option("model", options->model, "model file or folder")->required();
                parser.add_option("--out", options->out,
                                  "folder for rows.jsonl and table.txt; results/NAME when left out");
                options->scoring.add_to(parser);
                return [options](const Common& common, Progress& progress) { return run(*options, common, progress); };
            }};
}

} // namespace quantscope::cli
