// Mistral: Llama with a sliding window in every block. Its GGUF files call themselves "llama".
// Source: transformers, models/mistral (a configuration without `sliding_window` means 4096).
#include "core/model/families/families.h"

namespace quantscope {

Family mistral_family() {
    return {
        .name = "mistral",
        .kind = "llm",
        .model_types = {"mistral", "MistralForCausalLM"},
        .gguf_architectures = {},
        .telltales = {},
        .names = llama_names(),
        .has_forward = true,
        .defaults = R"({"hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-6,
                        "num_key_value_heads": 8, "sliding_window": 4096})",
        .window = WindowRule::always,
    };
}

} // namespace quantscope
