// Samplers of diffusion models: from noise to images, calling a denoiser at each step. DDPM, DDIM and DPM-Solver++(2M)
// for models that predict the noise, with classifier-free guidance as in facebookresearch/DiT.
#pragma once

#include <ATen/ATen.h>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>

#include "core/base/progress.h"
#include "core/model/image_noise.h"
#include "core/model/noise_schedule.h"
#include "core/model/sampling_plan.h"

namespace quantscope {

/// A model as a sampler sees it.
/// \param x  [N, C, H, W], float32
/// \param t  [N], int64, the training's timesteps, all equal
/// \param y  [N], int64, labels; the null class in the second half when guided
/// \returns  [N, C or 2C, H, W], any floating dtype: the predicted noise, then what learned_range takes the variance
/// from
using Denoiser = std::function<at::Tensor(const at::Tensor& x, const at::Tensor& t, const at::Tensor& y)>;

/// What an observer is told after each step.
struct SamplingStep {
    std::int64_t step = 0;     ///< from 0
    std::int64_t timestep = 0; ///< at which the denoiser was called
    at::Tensor x;              ///< [N, C, H, W], float32, what the step made
};
using SamplingObserver = std::function<void(const SamplingStep&)>;

/// Where the noise that a step adds comes from. \returns [N, C, H, W], float32, on x's device
using NoiseSource = std::function<at::Tensor()>;

/// The timesteps at which a plan calls the denoiser, highest first.
/// \throws UsageError when the schedule has too few timesteps for the plan
std::vector<std::int64_t> plan_timesteps(const SamplingPlan& plan, const NoiseSchedule& schedule);

/// Runs a whole trajectory from given noise. Computed in float32 whatever the denoiser's dtype, the schedule in double.
/// \param x        [N, C, H, W], the noise to start from
/// \param y        [N], int64, on x's device
/// \param noise    called once a step by samplers that add noise (DDPM and DDIM with eta > 0), except at the last
/// \param progress asked between steps whether to go on
/// \returns        [N, C, H, W], float32: latents, or pixels in about [−1, 1]
/// \throws UsageError when the plan cannot be followed, ShapeError naming what the denoiser returned, Cancelled
at::Tensor sample(const SamplingPlan& plan, const NoiseSchedule& schedule, const Denoiser& denoiser,
                  const at::Tensor& x, const at::Tensor& y, const NoiseSource& noise, Progress& progress,
                  const SamplingObserver& observer = {});

/// The same from seeds: image i of class classes[i] starts from noise that depends on seeds[i] alone, so any split into
/// batches and every model gives it the same.
/// \param shape  of one image: channels, height, width
at::Tensor sample(const SamplingPlan& plan, const NoiseSchedule& schedule, const Denoiser& denoiser,
                  std::span<const std::int64_t> classes, std::span<const std::uint64_t> seeds,
                  const std::vector<std::int64_t>& shape, at::Device device, Progress& progress,
                  const SamplingObserver& observer = {});

/// Calls the denoiser as a plan's guidance asks: at guidance 1 once for the batch, otherwise once for a batch of both
/// halves, the classes' first. The channels behind C, and those that guidance leaves out, are the conditional half's.
/// \param t  the timestep
/// \returns  [N, C or 2C, H, W], float32
/// \throws UsageError when guidance is on and the plan names no null class, ShapeError
at::Tensor guided_output(const SamplingPlan& plan, const Denoiser& denoiser, const at::Tensor& x, std::int64_t t,
                         const at::Tensor& y);

} // namespace quantscope
