// An AutoencoderKL that decodes: images from the latents of a diffusion model. Free of torch, so that every room and
// program can hold one; the forward pass is behind it, in autoencoder_forward.cpp.
#pragma once

#include <memory>
#include <string>

#include "core/base/progress.h"
#include "core/model/compute_options.h"
#include "core/model/diffusion_transformer.h"
#include "core/model/weight_source.h"

namespace quantscope {

class Autoencoder {
public:
    /// Reads no weights yet. \throws DataError with model().why_not_evaluated() when the model is no AutoencoderKL
    /// whose decoder can be evaluated; UsageError naming an unknown or absent device; IoError when memory does not
    /// suffice
    explicit Autoencoder(std::shared_ptr<const WeightSource> weights, ComputeOptions options = {});
    ~Autoencoder();
    Autoencoder(Autoencoder&&) noexcept;
    Autoencoder& operator=(Autoencoder&&) noexcept;

    const WeightSource& weights() const;
    const AutoencoderArchitecture& architecture() const;
    std::string device() const;       ///< "cpu", "cuda:0"
    std::string compute_type() const; ///< "float32", "bfloat16"

    /// Decodes one image after the other, so that memory does not grow with their number and an image does not depend
    /// on the batch it comes in. \param latents  [N, latent_channels, h, w] as a diffusion model makes them, neither
    /// scaled back nor shifted \returns        [N, image_channels, scale · h, scale · w]: about −1 (black) … 1 (white),
    /// not clipped \throws ShapeError when they are no latents of this model; IoError when an image does not fit into
    /// memory; Cancelled
    ImageBatch decode(const ImageBatch& latents, Progress& progress);

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

} // namespace quantscope
