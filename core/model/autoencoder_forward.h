// The decoder of AutoencoderKL as tensors: its weights and its one forward pass, from latents to images.
#pragma once

#include <ATen/ATen.h>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/progress.h"
#include "core/model/autoencoder_architecture.h"
#include "core/model/weight_reader.h"

namespace quantscope {

/// Stride 1, padded so that height and width stay.
struct Convolution {
    at::Tensor weight; ///< [out, in, side, side]; undefined where the model has none
    at::Tensor bias;   ///< [out]

    at::Tensor operator()(const at::Tensor& x) const; ///< [N, in, H, W] → [N, out, H, W]
};

struct GroupNorm {
    at::Tensor weight, bias; ///< [channels]
};

struct AutoencoderResnet {
    GroupNorm norm1, norm2;
    Convolution conv1, conv2;
    Convolution shortcut; ///< where the channels change
};

struct AutoencoderAttention {
    GroupNorm norm;
    Linear query, key, value, projection; ///< one head over all channels
};

struct AutoencoderUpBlock {
    std::vector<AutoencoderResnet> resnets;
    Convolution upsampler; ///< behind the doubling; the last block has none
};

struct AutoencoderDecoder {
    Convolution post_quant; ///< where the model has it
    Convolution conv_in, conv_out;
    AutoencoderResnet middle_first, middle_last;
    std::optional<AutoencoderAttention> attention;
    std::vector<AutoencoderUpBlock> up_blocks;
    GroupNorm norm_out;
};

/// Reads all weights, which stay: decoders are small beside the models whose latents they decode.
AutoencoderDecoder read_autoencoder_decoder(const WeightReader& reader, const AutoencoderArchitecture& facts,
                                            const Progress& progress);

/// \param x  [N, latent_channels, h, w], a diffusion model's latents, in the weights' dtype and on their device
/// \returns  [N, image_channels, scale · h, scale · w], about −1 … 1
/// \throws Cancelled between two layers
/// Source: Rombach et al. 2022, appendix G; equal to diffusers' AutoencoderKL.decode(x / scaling_factor +
/// shift_factor).
at::Tensor autoencoder_decode(const AutoencoderArchitecture& facts, const AutoencoderDecoder& decoder,
                              const at::Tensor& x, const Progress& progress);

} // namespace quantscope
