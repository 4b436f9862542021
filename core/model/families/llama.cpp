// Llama 1 to 3.x, and what is built like it: SmolLM2, TinyLlama. Its names serve Mistral and Qwen too.
// Source: transformers, models/llama; llama.cpp, gguf constants for architecture "llama".
#include "core/model/families/families.h"
#include "core/model/site.h"

namespace quantscope {

std::vector<NameRule> llama_names() {
    return {
        {"model.embed_tokens", role::embedding, "token_embd"},
        {"model.layers.N.input_layernorm", role::norm, "blk.N.attn_norm"},
        {"model.layers.N.self_attn.q_proj", role::q, "blk.N.attn_q", true, 'q'},
        {"model.layers.N.self_attn.k_proj", role::k, "blk.N.attn_k", true, 'k'},
        {"model.layers.N.self_attn.v_proj", role::v, "blk.N.attn_v", true},
        {"model.layers.N.self_attn.q_norm", role::norm, "blk.N.attn_q_norm"},
        {"model.layers.N.self_attn.k_norm", role::norm, "blk.N.attn_k_norm"},
        {"model.layers.N.self_attn.o_proj", role::o, "blk.N.attn_output", true},
        {"model.layers.N.post_attention_layernorm", role::norm, "blk.N.ffn_norm"},
        {"model.layers.N.mlp.gate_proj", role::gate, "blk.N.ffn_gate", true},
        {"model.layers.N.mlp.up_proj", role::up, "blk.N.ffn_up", true},
        {"model.layers.N.mlp.down_proj", role::down, "blk.N.ffn_down", true},
        {"model.norm", role::norm, "output_norm"},
        {"lm_head", role::head, "output"},
    };
}

Family llama_family() {
    return {
        .name = "llama",
        .kind = "llm",
        .model_types = {"llama", "LlamaForCausalLM"},
        .gguf_architectures = {"llama"},
        .telltales = {"layers.N.self_attn.q_proj", "layers.N.self_attn.k_proj", "layers.N.mlp.gate_proj",
                      "layers.N.input_layernorm"},
        .names = llama_names(),
        .has_forward = true,
        .defaults = R"({"hidden_act": "silu", "max_position_embeddings": 2048, "rms_norm_eps": 1e-6})",
        .gguf_permutes_rotary = true,
    };
}

} // namespace quantscope
