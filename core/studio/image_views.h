// What the Images view shows: the same classes and seeds sampled by the original and by each quantized version of it.
// Plain structs, finished snapshots; see views.h.
#pragma once

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace quantscope::studio {

/// An image for a screen, 8 bits a channel, red green blue, row by row. Grey images have three equal channels.
struct Picture {
    int width = 0, height = 0;
    std::vector<std::uint8_t> rgb; ///< height · width · 3; empty while the image is not sampled yet
    bool false_colour = false;     ///< latents without a decoder, their first three channels stretched to be seen
};

/// What was asked for: a row of the grid.
struct ImageRow {
    int label = 0;          ///< the class
    std::string class_name; ///< "sneaker"; empty when the model's classes have no names
    std::uint64_t seed = 0;
};

/// How the images of one row differ from the original's; NaN in the original's own column.
struct ImageMetrics {
    double psnr_db = NAN; ///< peak signal-to-noise ratio; infinite for equal images
    double ssim = NAN;    ///< structural similarity, 1 for equal images (Wang et al. 2004)
    int recognised = -1;  ///< the class a classifier sees in it; −1 where there is no classifier
};

/// The error of the predicted noise at one timestep, same noisy input for both models.
struct NoiseError {
    int timestep = 0;
    double relative = NAN; ///< ‖ε − ε̂‖ / ‖ε‖, averaged over the images
};

/// One model: a column of the grid.
struct ImageColumn {
    std::string name;                     ///< "original", "uniform W4 g64", …
    std::vector<Picture> pictures;        ///< one per row
    std::vector<ImageMetrics> metrics;    ///< one per row
    std::vector<NoiseError> noise_errors; ///< by falling timestep; empty for the original
    double bytes = NAN, bits_per_weight = NAN, seconds = NAN;
    double mean_psnr_db = NAN, mean_ssim = NAN;
    double frechet_distance = NAN; ///< to real images or to the original's, as `frechet_reference` says
    double variance_share = NAN;   ///< of the features within a class, as a share of real images'
    double recognised_share = NAN; ///< of frechet_samples images, seen as the class asked for
    nlohmann::json recipe;
};

/// The whole comparison, or its part that is ready.
struct ImageComparison {
    std::vector<ImageRow> rows;
    std::vector<ImageColumn> columns; ///< the original first
    std::string sampler = "ddim";     ///< "ddpm", "ddim", "dpm++"
    int steps = 50;
    double guidance = 4;
    std::string remark;            ///< "latents without a decoder, in false colour", …; empty for none
    std::string frechet_reference; ///< "test images"; empty when no distance was measured
    std::uint64_t frechet_samples = 0;
};

/// A quantized version of the model that can be sampled.
struct ImageCandidate {
    std::string name; ///< a preset's, or "present recipe"
    nlohmann::json recipe;

    bool operator==(const ImageCandidate&) const = default;
};

/// What a person asks the Images view to sample.
struct ImageRequest {
    std::vector<ImageRow> rows;
    std::vector<ImageCandidate> models; ///< to be compared with the original, which is always sampled
    std::string sampler = "ddim";
    int steps = 50;
    double guidance = 4;
    double eta = 0;                   ///< DDIM only: 0 adds no noise, 1 as much as DDPM
    std::string schedule = "auto";    ///< "linear", "cosine", or as the pipeline's scheduler says (else linear)
    bool guides_all_channels = false; ///< else the first three, as the original DiT
};

} // namespace quantscope::studio
