// What decides how images are sampled from a diffusion model, as plain data, free of torch: everything but the model,
// the classes and the seeds.
#pragma once

#include <cstdint>
#include <optional>

#include "core/model/noise_schedule.h"

namespace quantscope {

enum class SamplerKind {
    ddpm,                 ///< ancestral sampling: Ho et al. 2020, algorithm 2
    ddim,                 ///< Song et al. 2021, equation 12; eta 0 adds no noise
    dpm_solver_plus_plus, ///< DPM-Solver++(2M): Lu et al. 2022, algorithm 2; adds no noise
};

/// The variance of the noise that DDPM adds at each step.
enum class Variance {
    learned_range, ///< between the two others, by the model's own second half of channels (Nichol and Dhariwal 2021)
    fixed_small,   ///< β̃_t, the posterior's
    fixed_large,   ///< β_t
};

/// The channels in which guidance acts.
enum class GuidedChannels {
    first_three, ///< as facebookresearch/DiT's forward_with_cfg does; the conditional output is used in the others.
                 ///< With three channels or fewer the same as all
    all,         ///< as diffusers' DiTPipeline does
};

struct SamplingPlan {
    SamplerKind sampler = SamplerKind::ddim;
    std::int64_t steps = 50;
    Spacing spacing = Spacing::respace;
    double eta = 0; ///< DDIM: 0 deterministic … 1 as much noise as DDPM's small variance; must be ≥ 0
    /// Classifier-free guidance s: ε = ε_null + s · (ε_class − ε_null). At 1 the null class is never computed.
    double guidance = 1;
    GuidedChannels guided_channels = GuidedChannels::first_three;
    std::int64_t null_class =
        -1;                     ///< the label that stands for none (the number of classes); needed unless guidance is 1
    bool clip_denoised = false; ///< the predicted clean image is held in [−1, 1]: for pixels, not for latents
    /// DDPM only. None: learned_range when the model emits a second half of channels, otherwise fixed_large, as
    /// facebookresearch/DiT's create_diffusion does.
    std::optional<Variance> variance;
};

} // namespace quantscope
