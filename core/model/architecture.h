// The facts that tell one language model from another, as plain data. One generic decoder block reads this row; a new
// family fills it in and writes no forward pass of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/checkpoint/dtype.h"

namespace quantscope {

enum class Activation { silu, gelu, gelu_tanh, relu };

/// How rotary frequencies are stretched for contexts longer than the model was first trained on.
struct RotaryScaling {
    std::string kind = "default";                               ///< "default", "linear", "dynamic", "llama3", "yarn"
    double factor = 1;                                          ///< how many times longer; > 0
    double original_context = 0;                                ///< tokens of the first training (llama3, yarn)
    double low_frequency_factor = 1, high_frequency_factor = 4; ///< llama3
    double beta_fast = 32, beta_slow = 1;                       ///< yarn: rotations between which it interpolates
    double attention_factor = 1;                                ///< yarn: cosines and sines are multiplied by it
    bool truncate = true;                                       ///< yarn: the interpolation's bounds are whole channels
    /// GGUF's rope_freqs.weight: [rotary_dim / 2], each frequency is divided by its entry; empty for none.
    std::vector<float> divisors;
};

struct Architecture {
    std::string family;
    std::int64_t hidden = 0; ///< width of the residual stream
    std::int64_t blocks = 0;
    std::int64_t heads = 0; ///< query heads; a multiple of kv_heads
    std::int64_t kv_heads = 0;
    std::int64_t head_dim = 0;     ///< need not be hidden / heads
    std::int64_t intermediate = 0; ///< width between up and down
    std::int64_t vocabulary = 0;   ///< rows of the embedding
    std::int64_t context = 0;      ///< tokens the model was made for

    double norm_eps = 1e-6;      ///< of the root-mean-square norms
    bool query_key_norm = false; ///< queries and keys are normalized per head before rotation (Qwen3)
    Activation activation = Activation::silu;
    bool gated = true; ///< down(act(gate(x)) · up(x)); else down(act(up(x)))
    bool qkv_bias = false, output_bias = false, mlp_bias = false; ///< found beside the sites; all found are used
    bool tied_head = false;                                       ///< the head is the embedding

    double rotary_theta = 10000;
    std::int64_t rotary_dim = 0; ///< rotated channels of each head, the first ones; even, at most head_dim
    RotaryScaling rotary_scaling;
    std::vector<std::int64_t> window; ///< per block: tokens attended, the own one included; 0: all earlier ones

    double embedding_scale = 1; ///< embeddings are multiplied by it
    double attention_scale = 0; ///< scores are multiplied by it; 1/√head_dim in all present families

    DType dtype = DType::F32; ///< the checkpoint's own, for the choice of a compute type
};

} // namespace quantscope
