// What a family of models is to Quantscope: how it is recognised, what its tensors are called and which facts its
// configuration leaves out. Each family is one file in families/ and one line in families/registry.cpp.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace quantscope {

/// One kind of tensor: its names and the part it plays.
struct NameRule {
    /// Hugging Face (or original) name without ".weight"; a component "N" stands for the block's number, "*" for any
    /// one component.
    std::string_view name;
    std::string_view role; ///< one of role::
    std::string_view gguf; ///< the same in GGUF; empty when there is none
    /// In the recipe's default: linear layers inside the blocks (DESIGN §7).
    bool in_default = false;
    /// Rows belong to heads, so GGUF files of a family with `gguf_permutes_rotary` store them permuted: 'q' or 'k'.
    char heads = 0;
};

/// Which blocks use a sliding window, when the configuration names one.
enum class WindowRule {
    never,  ///< the family has none
    always, ///< every block (Mistral)
    chosen, ///< use_sliding_window, then layer_types or the blocks from max_window_layers on (Qwen2, Qwen3)
};

struct Family {
    std::string_view name; ///< as `inspect` shows it
    std::string_view kind; ///< "llm", "dit", "vae"
    /// Recognised by: config.json's model_type or _class_name, GGUF's general.architecture, or else the names of
    /// tensors that a file must all have (patterns as in NameRule, after any prefix).
    std::vector<std::string_view> model_types, gguf_architectures, telltales;
    std::vector<NameRule> names; ///< in forward order

    // --- language models that can be evaluated --------------------------------------------------------------------
    bool has_forward = false;
    /// What config.json may leave out, as a JSON object: the family's own defaults in the transformers library.
    std::string_view defaults = "{}";
    WindowRule window = WindowRule::never;
    bool query_key_norm = false;
    bool qkv_bias = false; ///< required, whatever attention_bias says
    bool gguf_permutes_rotary = false;

    // --- class-conditional DiTs -----------------------------------------------------------------------------------
    bool has_dit_forward = false;
};

/// All families, in the order in which they are tried.
std::span<const Family> families();

/// The names that Llama, Mistral, Qwen2 and Qwen3 share (families/llama.cpp).
std::vector<NameRule> llama_names();

} // namespace quantscope
