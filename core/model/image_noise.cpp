// Drawn image by image, as one call for the whole batch would make an image's noise depend on its place in it.
#include "core/model/image_noise.h"

#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>

#include "core/base/errors.h"

namespace quantscope {

ImageNoise::ImageNoise(std::span<const std::uint64_t> seeds, std::vector<std::int64_t> shape, at::Device device)
    : shape_(std::move(shape))
    , device_(device) {
    if (seeds.empty()) throw UsageError({}, "seeds", "no image is asked for; name at least one seed");
    if (shape_.size() != 3 || std::ranges::any_of(shape_, [](std::int64_t size) { return size < 1; }))
        throw UsageError({}, "shape", "an image's noise needs channels, height and width above 0");
    for (const auto seed : seeds)
        generators_.push_back(at::make_generator<at::CPUGeneratorImpl>(seed));
}

at::Tensor ImageNoise::next() {
    std::vector<at::Tensor> images;
    for (const auto& generator : generators_)
        images.push_back(at::randn(shape_, generator, at::TensorOptions().dtype(at::kFloat))); // [channels, h, w]
    return at::stack(images).to(device_); // [images, channels, h, w]
}

} // namespace quantscope
