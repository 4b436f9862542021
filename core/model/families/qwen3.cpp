// Qwen3: Llama with queries and keys normalized per head, and heads whose size does not follow from the width.
// Source: transformers, models/qwen3.
#include "core/model/families/families.h"

namespace quantscope {

Family qwen3_family() {
    return {
        .name = "qwen3",
        .kind = "llm",
        .model_types = {"qwen3", "Qwen3ForCausalLM"},
        .gguf_architectures = {"qwen3"},
        .telltales = {},
        .names = llama_names(),
        .has_forward = true,
        .defaults = R"({"hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
                        "head_dim": 128, "sliding_window": 4096, "max_window_layers": 28})",
        .window = WindowRule::chosen,
        .query_key_norm = true,
    };
}

} // namespace quantscope
