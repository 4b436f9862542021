// Qwen2 and 2.5: Llama with biases on q, k and v, and a sliding window in the upper blocks when switched on.
// Source: transformers, models/qwen2.
#include "core/model/families/families.h"

namespace quantscope {

Family qwen2_family() {
    return {
        .name = "qwen2",
        .kind = "llm",
        .model_types = {"qwen2", "Qwen2ForCausalLM"},
        .gguf_architectures = {"qwen2"},
        .telltales = {},
        .names = llama_names(),
        .has_forward = true,
        .defaults = R"({"hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
                        "sliding_window": 4096, "max_window_layers": 28})",
        .window = WindowRule::chosen,
        .qkv_bias = true,
    };
}

} // namespace quantscope
