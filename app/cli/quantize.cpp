// quantscope-cli quantize: fits a model under a recipe, writes it in the formats asked for, and a report beside.
#include <algorithm>
#include <chrono>
#include <filesystem>

#include "app/cli/command.h"
#include "app/cli/console.h"
#include "core/base/atomic_file.h"
#include "core/calibration/fitted_model.h"
#include "core/export/packed.h"
#include "core/export/registry.h"
#include "core/export/report.h"
#include "core/recipe/recipe.h"

namespace quantscope::cli {

namespace {

struct Options {
    std::string model, recipe, out, dtype = "auto";
    std::vector<std::string> formats{"packed"};
    bool no_report = false;
};

std::string format_names() {
    std::string names;
    for (const auto& format : export_formats())
        names += (names.empty() ? "" : ", ") + format.name;
    return names;
}

nlohmann::json site_rows(const FittedModel& model) {
    auto rows = nlohmann::json::array();
    for (const Site& site : model.model().sites()) {
        const FittedSite* fitted = model.find(site.name);
        if (!fitted) continue;
        rows.push_back({{"name", site.name},
                        {"bytes", fitted->bytes()},
                        {"bits_per_weight", fitted->bits_per_weight()},
                        {"mse", fitted->error.mse},
                        {"sqnr_db", fitted->error.sqnr_db},
                        {"cosine", fitted->error.cosine},
                        {"max_error", fitted->error.max_error},
                        {"relative", fitted->error.relative},
                        {"scheme", scheme_label(fitted->scheme)}});
    }
    return rows;
}

/// One line a role, so that a person sees which kind of layer suffers; the single sites are in the JSON and the report.
std::string role_table(const FittedModel& model) {
    struct Sums {
        std::size_t sites = 0;
        double bytes = 0, weights = 0, relative = 0, worst = 0;
        std::string worst_site, scheme;
    };
    std::vector<std::pair<std::string, Sums>> roles; // in forward order
    for (const Site& site : model.model().sites()) {
        const FittedSite* fitted = model.find(site.name);
        if (!fitted) continue;
        auto found = std::find_if(roles.begin(), roles.end(), [&](const auto& r) { return r.first == site.role; });
        if (found == roles.end()) found = roles.insert(roles.end(), {site.role, {}});
        Sums& sums = found->second;
        const std::string scheme = scheme_label(fitted->scheme);
        sums.scheme = sums.scheme.empty() || sums.scheme == scheme ? scheme : "several";
        ++sums.sites;
        sums.bytes += static_cast<double>(fitted->bytes());
        sums.weights += static_cast<double>(site.out) * static_cast<double>(site.in);
        sums.relative += fitted->error.relative;
        if (fitted->error.relative >= sums.worst) {
            sums.worst = fitted->error.relative;
            sums.worst_site = site.name;
        }
    }
    std::vector<std::vector<std::string>> rows{
        {"role", "scheme", "layers", "size", "bits/weight", "mean error %", "worst %", "worst layer"}};
    for (const auto& [role, sums] : roles)
        rows.push_back({role, sums.scheme, std::to_string(sums.sites), megabytes(sums.bytes),
                        number(8 * sums.bytes / sums.weights, 3),
                        number(100 * sums.relative / static_cast<double>(sums.sites), 3), number(100 * sums.worst, 3),
                        sums.worst_site});
    return table(rows) + "error: ‖W − Ŵ‖ / ‖W‖\n";
}

Result run(const Options& options, const Common&, Progress& progress) {
    const auto start = std::chrono::steady_clock::now();
    const auto model = open_model(options.model);
    const Recipe recipe = Recipe::load(options.recipe);
    for (const auto& problem : recipe.problems(*model))
        throw RecipeError(options.recipe, "", problem);
    for (const auto& name : options.formats)
        if (const auto why_not = export_format(name).why_not(*model); !why_not.empty())
            throw UsageError(options.model, "--format " + name, why_not);

    Progress fitting(progress, 0, 0.6), writing(progress, 0.6, 0.8), reporting(progress, 0.8, 1);
    const auto fitted = quantize(model, recipe, {}, fitting);
    make_folder(options.out);
    ExportOptions how;
    how.dtype = options.dtype;
    std::vector<std::string> files, remarks;
    for (const auto& name : options.formats) {
        // One format fills the folder itself; of several each has its own below it.
        std::filesystem::path target = options.out;
        if (options.formats.size() > 1) target /= name;
        const ExportFormat& format = export_format(name);
        if (!format.is_folder) {
            make_folder(target);
            target /= "model" + format.extension;
        }
        const ExportResult written = format.write(*fitted, target, how, writing);
        for (const auto& file : written.files)
            files.push_back(file.string());
        remarks.insert(remarks.end(), written.remarks.begin(), written.remarks.end());
    }
    if (!options.no_report) {
        files.push_back((std::filesystem::path(options.out) / "report.h5").string());
        write_report(*model, fitted.get(), {}, files.back(), reporting);
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    Result result;
    const std::uint64_t bytes = packed_file_bytes(*fitted);
    result.json = {{"bytes", bytes},
                   {"bits_per_weight", fitted->bits_per_weight()},
                   {"bits_per_weight_total", fitted->bits_per_weight_total()},
                   {"seconds", seconds},
                   {"original_bytes", model->checkpoint().file_bytes()},
                   {"files", files},
                   {"remarks", remarks},
                   {"sites", site_rows(*fitted)}};
    result.text = role_table(*fitted) + "\n" + std::to_string(fitted->sites().size()) +
                  " layers quantized: " + megabytes(static_cast<double>(bytes)) + " (original file " +
                  megabytes(static_cast<double>(model->checkpoint().file_bytes())) + ", as float32 " +
                  megabytes(4.0 * static_cast<double>(model->parameters())) + "), " +
                  number(fitted->bits_per_weight(), 4) + " bits per quantized weight, " +
                  number(fitted->bits_per_weight_total(), 4) + " over all parameters, " + number(seconds, 3) + " s\n";
    for (const auto& remark : remarks)
        result.text += "remark: " + remark + "\n";
    for (const auto& file : files)
        result.text += "wrote " + file + "\n";
    return result;
}

} // namespace

Command quantize_command() {
    return {"quantize", "quantize a model by a recipe and write it", [](CLI::App& parser) -> Work {
                auto options = std::make_shared<Options>();
                parser.add_option("model", options->model, "model file or folder")->required();
                parser.add_option("--recipe", options->recipe, "recipe file (see: recipe new)")->required();
                parser.add_option("--format", options->formats, "one or more of " + format_names())
                    ->delimiter(',')
                    ->capture_default_str();
                parser.add_option("--dtype", options->dtype, "of decoded weights: auto, float32, float16 or bfloat16")
                    ->capture_default_str();
                parser.add_option("--out", options->out, "folder to write into, made when absent")->required();
                parser.add_flag("--no-report", options->no_report, "leave out report.h5");
                return [options](const Common& common, Progress& progress) { return run(*options, common, progress); };
            }};
}

} // namespace quantscope::cli
