// The facts that tell one AutoencoderKL's decoder from another, as plain data.
#pragma once

#include <cstdint>
#include <vector>

#include "core/checkpoint/dtype.h"

namespace quantscope {

struct AutoencoderArchitecture {
    std::int64_t latent_channels = 0;
    std::int64_t image_channels = 0;
    std::vector<std::int64_t> channels; ///< of each up block in forward order; the middle has the first one's
    std::int64_t resnets = 0;           ///< in each up block
    std::int64_t groups = 32;           ///< of the group norms; divides all channels
    bool post_quant_conv = false;       ///< a 1 × 1 convolution in front (Stable Diffusion 3 has none)
    bool attention = false;             ///< in the middle
    bool old_attention_names = false;   ///< query, key, value, proj_attn instead of to_q, to_k, to_v, to_out.0
    /// A diffusion model's latents x mean the decoder's x / scaling_factor + shift_factor.
    double scaling_factor = 0.18215, shift_factor = 0;
    DType dtype = DType::F32; ///< the checkpoint's own, for the choice of a compute type

    /// How many pixels one latent is wide: every up block but the last doubles.
    std::int64_t scale() const { return std::int64_t(1) << (channels.size() - 1); }
};

} // namespace quantscope
