// The facts that tell one Diffusion Transformer from another, as plain data. One generic DiT block reads this row,
// whatever the naming.
#pragma once

#include <cstdint>
#include <string>

#include "core/model/architecture.h"

namespace quantscope {

struct DitArchitecture {
    std::string family;     ///< "dit", "dit-diffusers"
    std::int64_t width = 0; ///< of the residual stream
    std::int64_t blocks = 0;
    std::int64_t heads = 0; ///< divides width
    std::int64_t mlp_width = 0;
    std::int64_t patch = 0; ///< side of a patch, pixels of the input
    std::int64_t in_channels = 0;
    std::int64_t out_channels = 0; ///< in_channels, or twice as many when the variance is learned
    std::int64_t input_size = 0;   ///< side of the square input; 0: any multiple of patch
    std::int64_t classes = 0;      ///< y in [0, classes); y = classes is the null class of guidance
    std::int64_t frequencies = 0;  ///< sinusoidal features of the timestep, even

    double norm_eps = 1e-6;     ///< before attention and before the output
    double mlp_norm_eps = 1e-6; ///< before the multilayer perceptron
    /// Frequency i of n is 10000^(−i / (n − frequency_shift)): 0 in the original, 1 in diffusers.
    double frequency_shift = 0;
    Activation activation = Activation::gelu_tanh;
    bool separate_qkv = false; ///< three linears instead of one
    DType dtype = DType::F32;  ///< the checkpoint's own, for the choice of a compute type

    bool learned_sigma() const { return out_channels == 2 * in_channels; }
};

} // namespace quantscope
