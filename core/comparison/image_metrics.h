// How far two images are apart, as the field measures it.
#pragma once

#include <cstdint>
#include <span>

namespace quantscope {

/// One image's place in memory: [channels, height, width], row-major.
struct ImageShape {
    std::int64_t channels = 0, height = 0, width = 0;
    std::int64_t values() const { return channels * height * width; }
};

/// Peak signal-to-noise ratio in dB: 10 · log₁₀(range² / mean squared error); infinite for equal images.
/// \param range  of the values: 2 for images in [−1, 1]
double psnr_db(std::span<const float> image, std::span<const float> reference, double range);

/// Mean structural similarity over all places where an 11 × 11 Gaussian window (σ 1.5) fits, averaged over channels;
/// of images smaller than the window, over the largest odd window that fits. 1 for equal images.
/// Source: Wang et al. 2004, equations 13 to 17, K₁ 0.01, K₂ 0.03; population covariances, as its authors' own code.
/// \throws ShapeError when the spans do not hold `shape`
double ssim(std::span<const float> image, std::span<const float> reference, const ImageShape& shape, double range);

} // namespace quantscope
