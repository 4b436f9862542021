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
#include "core/model/noise_schedule.h"
#include "core/model/sampling_plan.h"
#include "core/model/weight_source.h"

namespace quantscope {

/// Images or latents, [count, channels, height, width], row-major.
struct ImageBatch {
    std::int64_t count = 0, channels = 0, height = 0, width = 0;
    std::vector<float> values;
};

/// What images are sampled: image i is of class classes[i] and starts from the noise of seeds[i].
struct ImageOrder {
    std::vector<std::int64_t> classes;
    std::vector<std::uint64_t> seeds;
};

/// Called with the input of a linear before it is multiplied: the site, [rows, in] values as float32, and the timestep.
using DitInputObserver =
    std::function<void(const Site& site, std::span<const float> values, std::int64_t rows, double timestep)>;
/// Called at each step with what the denoiser is about to see: the step from 0, its timestep, the images.
using TrajectoryObserver = std::function<void(std::int64_t step, std::int64_t timestep, const ImageBatch& x)>;

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

    /// A plan that suits the model: its null class; predicted clean images held in [−1, 1] when it works on pixels (one
    /// or three channels).
    SamplingPlan plan(SamplingPlan wished) const;

    /// Images or latents from noise. \param plan  as plan() completes it
    /// \param watched  may be empty; told of the first `images_at_once` images only
    /// \returns  [N, in_channels, size, size], in about [−1, 1] for models of pixels
    /// \throws UsageError when the plan cannot be followed, DataError naming a class that there is not; Cancelled
    ImageBatch sample(const SamplingPlan& plan, const NoiseSchedule& schedule, const ImageOrder& order,
                      Progress& progress, const TrajectoryObserver& watched = {});
    static constexpr std::int64_t images_at_once = 16;

    /// Installs (or with an empty function removes) an observer of the linears' inputs.
    void observe_linear_inputs(DitInputObserver observer);

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

} // namespace quantscope
