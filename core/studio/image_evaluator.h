// Samples the same classes and seeds from a DiT and from quantized versions of it. What the command line's `sample`
// and `compare` and the studio's Images view have in common. Free of torch.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/comparison/image_judge.h"
#include "core/model/autoencoder.h"
#include "core/model/diffusion_transformer.h"
#include "core/studio/image_views.h"

namespace quantscope::studio {

/// \throws UsageError naming the samplers: "ddpm", "ddim", "dpm++"
SamplerKind sampler_kind(const std::string& name);

/// The names of a model's classes as its config.json has them ("class_names"); empty when it has none.
std::vector<std::string> class_names(const Model& model);

class ImageEvaluator {
public:
    /// \throws DataError when the original is no DiT that can be evaluated
    explicit ImageEvaluator(std::shared_ptr<const WeightSource> original, ComputeOptions compute = {});

    /// The request's rows and settings, with no column yet.
    ImageComparison empty(const ImageRequest& request) const;
    /// Who says what the images show and how far they lie from real ones. The default model's judge lies beside it and
    /// is found on its own; it judges from two images on.
    void set_judge(ImageJudge judge) { judge_ = std::make_unique<ImageJudge>(std::move(judge)); }
    const ImageJudge* judge() const { return judge_.get(); }
    /// What makes images of latents. A diffusers pipeline's own (its folder vae) is found on its own.
    /// \throws ShapeError when it decodes latents of another number of channels
    void set_decoder(std::shared_ptr<const WeightSource> autoencoder);
    /// Samples the original; remembered, so that asking again for the same costs nothing.
    /// \throws UsageError, DataError naming what of the request cannot be done; Cancelled
    ImageColumn original_column(const ImageRequest& request, Progress& progress);
    /// Samples a version of it and holds it against the original's images.
    ImageColumn candidate_column(std::shared_ptr<const WeightSource> weights, const ImageRequest& request,
                                 Progress& progress);

    const DitArchitecture& architecture() const { return original_.architecture(); }
    DiffusionTransformer& original() { return original_; }
    /// As sampled last by original_column or candidate_column: [rows, channels, size, size].
    const ImageBatch& last_images() const { return last_images_; }

private:
    /// What the denoiser saw at one step of the original's trajectory, for a part of the images.
    struct Seen {
        std::int64_t timestep = 0;
        ImageBatch x;
        std::vector<float> noise; ///< what the original predicted, without the learned variance
    };
    void sample_original(const ImageRequest& request, Progress& progress);
    std::vector<NoiseError> noise_errors(DiffusionTransformer& model, Progress& progress) const;
    void find_judge();
    void find_decoder();
    /// Latents decoded, pixels as they are.
    ImageBatch decoded(ImageBatch images, Progress& progress);
    void let_judge(ImageColumn& column, const ImageRequest& request, Progress& progress) const;
    Picture picture_of(const ImageBatch& images, std::int64_t index) const;
    std::vector<std::int64_t> seen_classes() const;
    void predict_noise(Progress& progress);

    ComputeOptions compute_;
    DiffusionTransformer original_;
    ImageRequest sampled_; ///< what the following belong to
    ImageBatch images_, last_images_;
    std::vector<Seen> trajectory_;
    double seconds_ = 0;
    std::unique_ptr<ImageJudge> judge_;
    std::unique_ptr<Autoencoder> decoder_;
};

} // namespace quantscope::studio
