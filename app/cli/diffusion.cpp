#include "app/cli/diffusion.h"

#include <cmath>

#include "app/cli/console.h"
#include "core/studio/evaluator.h"

namespace quantscope::cli {

void ImageArguments::add_to(CLI::App& parser) {
    parser.add_option("--classes", classes, "classes to sample, as 0,1,2")->delimiter(',');
    parser.add_option("--per-class", per_class, "images of each class")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    parser.add_option("--steps", steps, "denoising steps")->check(CLI::Range(1, 1000))->capture_default_str();
    parser.add_option("--sampler", sampler, "ddpm, ddim or dpm++")->capture_default_str();
    parser.add_option("--guidance", guidance, "classifier-free guidance; 1: none")
        ->check(CLI::Range(0.0, 100.0))
        ->capture_default_str();
    parser.add_option("--eta", eta, "ddim: noise added at each step; 0: none, 1: as much as ddpm")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    parser
        .add_option("--schedule", schedule,
                    "noise schedule of the training: linear, cosine, or auto for what a pipeline's scheduler says")
        ->capture_default_str();
    parser.add_flag("--guide-all-channels", guides_all_channels,
                    "guide every channel, as diffusers does, not the first three");
    parser.add_option("--seed", seed, "of the first image; each further one has the next")->capture_default_str();
}

studio::ImageRequest ImageArguments::request() const {
    studio::ImageRequest request;
    std::uint64_t next = seed;
    for (const int label : classes)
        for (int i = 0; i < per_class; ++i)
            request.rows.push_back({label, {}, next++});
    request.sampler = sampler;
    request.steps = steps;
    request.guidance = guidance;
    request.eta = eta;
    request.schedule = schedule;
    request.guides_all_channels = guides_all_channels;
    return request;
}

void add_vae(CLI::App& parser, std::string& vae) {
    parser.add_option("--vae", vae, "autoencoder that makes images of a latent DiT's output: file or folder");
}

void use_vae(studio::ImageEvaluator& evaluator, const std::string& vae) {
    if (!vae.empty()) evaluator.set_decoder(studio::open_weights(vae));
}

std::string image_table(const studio::ImageComparison& comparison) {
    std::vector<std::vector<std::string>> cells{{"model", "size", "bits/weight", "PSNR dB", "SSIM", "noise error %",
                                                 "Fréchet", "recognised %", "variance %", "seconds"}};
    for (const auto& column : comparison.columns) {
        double error = column.noise_errors.empty() ? NAN : 0;
        for (const auto& point : column.noise_errors)
            error += point.relative / static_cast<double>(column.noise_errors.size());
        cells.push_back({column.name, megabytes(column.bytes), number(column.bits_per_weight, 3),
                         number(column.mean_psnr_db), number(column.mean_ssim), number(100 * error, 3),
                         number(column.frechet_distance), number(100 * column.recognised_share, 3),
                         number(100 * column.variance_share, 3), number(column.seconds, 3)});
    }
    std::string text = table(cells) + "\n" + std::to_string(comparison.rows.size()) + " images, " + comparison.sampler +
                       ", " + std::to_string(comparison.steps) + " steps, guidance " + number(comparison.guidance, 3) +
                       "; PSNR, SSIM and the error of the predicted noise against the original";
    if (!comparison.frechet_reference.empty())
        text += "; Fréchet distance to " + comparison.frechet_reference +
                "; variance: of the judge's features within a class, as a share of real images'";
    return text + (comparison.remark.empty() ? "\n" : "\n" + comparison.remark + "\n");
}

void add_heads(CLI::App& parser, ModelOptions& options) {
    parser.add_option("--heads", options.heads, "attention heads, where nothing else tells")
        ->check(CLI::Range(1, 4096));
}

} // namespace quantscope::cli
