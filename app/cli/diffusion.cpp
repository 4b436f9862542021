#include "app/cli/diffusion.h"

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
    return request;
}

void add_heads(CLI::App& parser, ModelOptions& options) {
    parser.add_option("--heads", options.heads, "attention heads, where nothing else tells")
        ->check(CLI::Range(1, 4096));
}

} // namespace quantscope::cli
