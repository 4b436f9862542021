// The list of experiments, and running one cell after the other.
#include "core/studio/experiment.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <span>

#include "core/base/atomic_file.h"
#include "core/base/sha256.h"
#include "core/calibration/fitted_model.h"
#include "core/recipe/recipe.h"
#include "core/studio/compare_row.h"

namespace quantscope::studio {

namespace {

using nlohmann::json;

json recipe_of(json grid, const char* clipping) {
    return {{"quantscope_recipe", 1},
            {"default", {{"weight", {{"grid", std::move(grid)}, {"clipping", {{"name", clipping}}}}}}}};
}

/// Uniform with the full range, uniform with a searched clip, and piecewise, from 8 to 3 bits, per channel and
/// group 64.
Experiment grids() {
    struct Kind {
        const char *label, *grid, *clipping;
    };
    Experiment experiment{
        "grids",
        "uniform (min–max and searched clip) and piecewise at 8, 6, 5, 4, 3 bits, per channel and group 64",
        {}};
    for (const char* granularity : {"channel", "group"})
        for (int bits : {8, 6, 5, 4, 3})
            for (const Kind& kind :
                 {Kind{"uniform min–max", "uniform", "min-max"}, Kind{"uniform searched clip", "uniform", "mse"},
                  Kind{"piecewise", "piecewise", "mse"}}) {
                json grid{{"name", kind.grid}, {"bits", bits}, {"granularity", granularity}};
                const bool groups = std::string_view(granularity) == "group";
                if (groups) grid["group"] = 64;
                experiment.cells.push_back(
                    {std::string(kind.label) + " W" + std::to_string(bits) + (groups ? " g64" : " channel"),
                     recipe_of(std::move(grid), kind.clipping)});
            }
    return experiment;
}

std::string cell_key(const json& recipe, const Model& model, const EvaluationText& text,
                     const PerplexityOptions& options) {
    const json key{recipe,
                   model.checkpoint().path().filename().string(),
                   model.checkpoint().file_bytes(),
                   text.sha256,
                   options.context,
                   options.max_tokens,
                   std::string(name(options.convention))};
    return sha256(key.dump()).substr(0, 16);
}

using RowsByKey = std::map<std::string, CompareRow>;

RowsByKey read_rows(const std::filesystem::path& file) {
    RowsByKey rows;
    std::ifstream in(file);
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        try {
            const json parsed = json::parse(line);
            rows[parsed.at("key").get<std::string>()] = row_from_json(parsed);
        } catch (const json::exception&) {
            throw FormatError(file.string(), "line " + std::to_string(number),
                              "is no row of an experiment; delete the line, its cell is then computed again");
        }
    }
    return rows;
}

void write_rows(const std::filesystem::path& file, const RowsByKey& rows) {
    AtomicFile out(file);
    for (const auto& [key, row] : rows) {
        json line = as_json(row);
        line["key"] = key;
        line["recipe"] = row.recipe;
        out.write(line.dump() + '\n');
    }
    out.commit();
}

} // namespace

/// A new experiment is a function above and a line here.
const std::vector<Experiment>& experiments() {
    static const std::vector<Experiment> all{grids()};
    return all;
}

const Experiment& experiment_named(const std::string& name) {
    std::string names;
    for (const auto& experiment : experiments()) {
        if (experiment.name == name) return experiment;
        names += (names.empty() ? "" : ", ") + experiment.name;
    }
    throw UsageError("", "experiment " + name, "no such experiment; choose one of " + names);
}

std::vector<CompareRow> run_experiment(const Experiment& experiment, std::shared_ptr<const Model> model,
                                       const EvaluationText& text, const PerplexityOptions& options,
                                       const ComputeOptions& compute, const std::filesystem::path& rows_file,
                                       const std::function<void(const CompareRow&)>& told, Progress& progress) {
    RowsByKey known = read_rows(rows_file);
    Evaluator evaluator(std::make_shared<OriginalWeights>(model), compute);
    std::vector<CompareRow> rows;
    const auto finish = [&](const std::string& key, CompareRow row) {
        known[key] = row;
        write_rows(rows_file, known);
        if (told) told(row);
        if (rows.empty()) rows.push_back(std::move(row)); // the original's comes first
    };
    // Some cells share one pass of the original: as many as hold their decoded weights in memory together.
    constexpr std::size_t cells_together = 5;
    const double share = 1.0 / static_cast<double>(experiment.cells.size() + 1);
    const std::string original_key = cell_key(nullptr, *model, text, options);
    Progress scoring_original(progress, 0, share);
    if (known.contains(original_key))
        rows.push_back(known[original_key]);
    else
        finish(original_key, evaluator.original_row(text, options, scoring_original));
    for (std::size_t first = 0; first < experiment.cells.size(); first += cells_together) {
        const auto cells =
            std::span(experiment.cells).subspan(first, std::min(cells_together, experiment.cells.size() - first));
        std::vector<const Cell*> missing;
        std::vector<std::shared_ptr<const WeightSource>> fitted;
        double done = share * static_cast<double>(first + 1);
        for (const Cell& cell : cells) {
            if (known.contains(cell_key(cell.recipe, *model, text, options))) continue;
            Progress fitting(progress, done, done + share / 2);
            fitted.push_back(quantize(model, Recipe::from_json(cell.recipe, cell.name), {}, fitting));
            missing.push_back(&cell);
            done += share / 2;
        }
        if (!missing.empty()) {
            Progress scoring(progress, done, share * static_cast<double>(first + cells.size() + 1));
            auto scored = evaluator.candidate_rows(fitted, text, options, scoring);
            for (std::size_t i = 0; i < scored.size(); ++i) {
                scored[i].name = missing[i]->name;
                finish(cell_key(missing[i]->recipe, *model, text, options), std::move(scored[i]));
            }
        }
    }
    rows.resize(1);
    for (const Cell& cell : experiment.cells)
        rows.push_back(known.at(cell_key(cell.recipe, *model, text, options)));
    return rows;
}

} // namespace quantscope::studio
