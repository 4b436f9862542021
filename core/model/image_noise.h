// Reproducible noise for images: each image draws from a generator of its own, so that what it gets depends on its seed
// alone, not on the batch it is sampled in nor on the device it is sampled on.
#pragma once

#include <ATen/ATen.h>
#include <cstdint>
#include <span>
#include <vector>

namespace quantscope {

class ImageNoise {
public:
    /// \param seeds  one an image
    /// \param shape  of one image: channels, height, width
    /// \param device where the noise is used; it is drawn on the processor
    /// \throws UsageError when there is no seed, or the shape is not three sizes above 0
    ImageNoise(std::span<const std::uint64_t> seeds, std::vector<std::int64_t> shape, at::Device device = at::kCPU);

    /// Standard normal noise: the first call gives what a trajectory starts from, each later one what a step adds.
    /// An image's first noise is PyTorch's randn(C, H, W) with generator.manual_seed(seed).
    /// \returns [images, channels, height, width], float32
    at::Tensor next();

private:
    std::vector<at::Generator> generators_;
    std::vector<std::int64_t> shape_;
    at::Device device_;
};

} // namespace quantscope
