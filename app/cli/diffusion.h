// What the commands that run a DiT share.
#pragma once

#include <string>
#include <vector>

#include "app/cli/command.h"
#include "core/studio/image_evaluator.h"

namespace quantscope::cli {

/// What images are asked for, as `sample` and `compare` take it.
struct ImageArguments {
    std::vector<int> classes = {};
    int per_class = 1, steps = 50;
    std::string sampler = "ddim";
    double guidance = 4, eta = 0;
    std::uint64_t seed = 0;
    std::string schedule = "auto";
    bool guides_all_channels = false;

    void add_to(CLI::App& parser);
    /// Image i of all has seed + i.
    studio::ImageRequest request() const;
};

/// Adds --vae to a command; gives its autoencoder to the evaluator when it is chosen.
void add_vae(CLI::App& parser, std::string& vae);
void use_vae(studio::ImageEvaluator& evaluator, const std::string& vae);

/// The columns as a text table, with what they were measured on below it.
std::string image_table(const studio::ImageComparison& comparison);

/// Adds --heads, for DiTs whose number of heads nothing tells.
void add_heads(CLI::App& parser, ModelOptions& options);

} // namespace quantscope::cli
