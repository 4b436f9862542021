// quantscope-cli sample: images of given classes and seeds as PNG files; under a recipe, beside those of the original.
#include <chrono>

#include "app/cli/command.h"
#include "app/cli/console.h"
#include "app/cli/diffusion.h"
#include "app/cli/language.h"
#include "core/base/atomic_file.h"
#include "core/base/errors.h"
#include "core/export/png_file.h"

namespace quantscope::cli {

namespace {

struct Options {
    std::string model, recipe, out, vae;
    ModelOptions told;
    ImageArguments images;
};

/// "3_seed7.png", and "3_seed7_original.png" beside a quantized one.
std::filesystem::path file_of(const Options& options, const studio::ImageRow& row, bool beside) {
    return std::filesystem::path(options.out) /
           (std::to_string(row.label) + "_seed" + std::to_string(row.seed) + (beside ? "_original.png" : ".png"));
}

std::vector<std::string> write_pictures(const Options& options, const studio::ImageRequest& request,
                                        const studio::ImageColumn& column, bool beside) {
    std::vector<std::string> files;
    for (std::size_t i = 0; i < request.rows.size(); ++i) {
        const auto& picture = column.pictures[i];
        files.push_back(file_of(options, request.rows[i], beside).string());
        write_png(files.back(), picture.width, picture.height, picture.rgb);
    }
    return files;
}

Result sample(const Options& options, const Common& common, Progress& progress) {
    if (options.images.classes.empty()) throw UsageError("", "sample", "needs --classes, as in --classes 0,1,2");
    const auto request = options.images.request();
    const bool quantized = !options.recipe.empty();
    Progress fitting(progress, 0, quantized ? 0.3 : 0), first(progress, quantized ? 0.3 : 0, quantized ? 0.6 : 1),
        second(progress, 0.6, 1);
    const auto original = studio::open_weights(options.model, options.told);
    studio::ImageEvaluator evaluator(original, compute_options(common));
    use_vae(evaluator, options.vae);
    make_folder(options.out);
    const auto column = evaluator.original_column(request, first);
    auto files = write_pictures(options, request, column, quantized);
    Result result;
    result.json = {{"seconds", column.seconds}};
    result.text =
        std::to_string(request.rows.size()) + " images of the original in " + number(column.seconds, 3) + " s\n";
    if (quantized) {
        const auto weights = weights_under(options.model, options.recipe, fitting, options.told);
        const auto version = evaluator.candidate_column(weights, request, second);
        const auto more = write_pictures(options, request, version, false);
        files.insert(files.end(), more.begin(), more.end());
        std::vector<std::vector<std::string>> rows{{"class", "seed", "PSNR dB", "SSIM"}};
        auto& json = result.json["images"] = nlohmann::json::array();
        for (std::size_t i = 0; i < request.rows.size(); ++i) {
            const auto& metrics = version.metrics[i];
            rows.push_back({std::to_string(request.rows[i].label), std::to_string(request.rows[i].seed),
                            number(metrics.psnr_db), number(metrics.ssim)});
            json.push_back({{"class", request.rows[i].label},
                            {"seed", request.rows[i].seed},
                            {"psnr", metrics.psnr_db},
                            {"ssim", metrics.ssim}});
        }
        result.json["original_seconds"] = column.seconds;
        result.json["seconds"] = version.seconds;
        result.text += table(rows) + "mean PSNR " + number(version.mean_psnr_db) + " dB, SSIM " +
                       number(version.mean_ssim) + ", " + number(version.seconds, 3) + " s\n";
    }
    result.json["files"] = files;
    result.text += "wrote " + std::to_string(files.size()) + " PNG files into " + options.out + "\n";
    return result;
}

} // namespace

Command sample_command() {
    return {"sample", "sample images from a DiT", [](CLI::App& parser) -> Work {
                auto options = std::make_shared<Options>();
                parser.add_option("model", options->model, "model file or folder")->required();
                options->images.add_to(parser);
                parser.add_option("--recipe", options->recipe, "quantize by this recipe and show both");
                parser.add_option("--out", options->out, "folder for the PNG files")->required();
                add_vae(parser, options->vae);
                add_heads(parser, options->told);
                return
                    [options](const Common& common, Progress& progress) { return sample(*options, common, progress); };
            }};
}

} // namespace quantscope::cli
