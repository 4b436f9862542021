// A class-conditional DiT that runs: the noise it predicts in noisy images. Free of torch, so that every room and
// program can hold one; the forward pass is behind it, in dit_forward.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/model/compute_options.h"
#include "core/model/weight_source.h"

namespace quantscope {

/// Images or latents, [count, channels, height, width], row-major.
struct ImageBatch {
    std::int64_t count = 0, channels = 0, height = 0, width = 0;
    std::vector<float> values;
};

class DiffusionTransformer {
public:
    /// Reads no weights yet. \throws DataError with model().why_not_evaluated() when the model is no DiT that can be
    /// evaluated; UsageError naming an unknown or absent device; IoError when memory does not suffice
    explicit DiffusionTransformer(std::shared_ptr<const WeightSource> weights, ComputeOptions options = {});
    ~DiffusionTransformer();
    DiffusionTransformer(DiffusionTransformer&&) noexcept;
    DiffusionTransformer& operator=(DiffusionTransformer&&) noexcept;

    const WeightSource& weights() const;
    const DitArchitecture& architecture() const;
    std::string device() const;       ///< "cpu", "cuda:0"
    std::string compute_type() const; ///< "float32", "bfloat16"

    /// Everything the model emits, a learned variance included.
    /// \param x  [N, in_channels, size, size]
    /// \param t  [N] timesteps, 0 … 999 in all released models
    /// \param y  [N] classes; the number of classes is the null class
    /// \returns  [N, out_channels, size, size]
    /// \throws ShapeError, DataError naming what does not fit the model; Cancelled
    ImageBatch denoise(const ImageBatch& x, std::span<const float> t, std::span<const std::int64_t> y,
                       Progress& progress);

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

} // namespace quantscope
