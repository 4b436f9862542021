// Judges sampled images without a person: which class a classifier sees in them, and how far they lie from real images.
// Free of torch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/model/diffusion_transformer.h"

namespace quantscope {

/// What many images together are worth.
struct ImageVerdict {
    std::uint64_t images = 0;
    std::vector<int> seen;       ///< the class seen in each; empty without a classifier
    double recognised_share = 0; ///< of images seen as the class asked for; NaN without a classifier
    double frechet_distance = 0; ///< to the reference; NaN without one or with fewer than two images
    double variance_share = 0;   ///< features' variance within classes, as a share of the real images'; NaN likewise
};

class ImageJudge {
public:
    /// The classifier that ships with the default DiT. \param folder  holds classifier.safetensors and, of real images,
    /// real_features.safetensors
    static ImageJudge of_default_model(const std::filesystem::path& folder);
    /// A TorchScript file that maps [N, C, H, W] in [−1, 1] to [N, features]; real images' features come from a
    /// folder's sampled images, or the original model's. \note TorchScript is a program: give only files you trust.
    static ImageJudge of_torch_script(const std::filesystem::path& file);
    ~ImageJudge();
    ImageJudge(ImageJudge&&) noexcept;
    ImageJudge& operator=(ImageJudge&&) noexcept;

    /// Takes these images as the real ones from now on.
    void set_reference(const ImageBatch& images, const std::string& name, Progress& progress);
    /// What distances are measured to: "test images", "original"; empty when there is nothing yet.
    const std::string& reference() const;

    /// \param classes  asked for, one per image
    /// \throws ShapeError when the images do not suit the network
    ImageVerdict judge(const ImageBatch& images, const std::vector<std::int64_t>& classes, Progress& progress) const;

private:
    struct Data;
    explicit ImageJudge(std::unique_ptr<Data> data);
    std::unique_ptr<Data> data_;
};

} // namespace quantscope
