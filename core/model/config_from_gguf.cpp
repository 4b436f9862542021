// GGUF metadata in the words of config.json, so that one reader of facts serves both.
// Source: llama.cpp, the keys of gguf-py's constants.
#include "core/base/errors.h"
#include "core/model/read_architecture.h"

namespace quantscope {

namespace {

using nlohmann::json;

/// A value per block is what some files hold; it stands for one number when all are equal.
json one_value(const json& value, const std::string& key, const std::string& file) {
    if (!value.is_array()) return value;
    if (value.empty()) throw FormatError(file, key, "is an empty list");
    for (const auto& entry : value)
        if (entry != value.front()) throw FormatError(file, key, "differs between blocks, which no known family does");
    return value.front();
}

json rotary_parameters(const json& metadata, const std::string& prefix) {
    json rope = json::object();
    const auto copy = [&](const char* key, const char* to) {
        if (metadata.contains(prefix + key)) rope[to] = metadata.at(prefix + key);
    };
    copy("rope.freq_base", "rope_theta");
    copy("rope.scaling.type", "rope_type");
    copy("rope.scaling.factor", "factor");
    copy("rope.scaling.original_context_length", "original_max_position_embeddings");
    copy("rope.scaling.yarn_beta_fast", "beta_fast");
    copy("rope.scaling.yarn_beta_slow", "beta_slow");
    // Files from before 2023-09 hold the factor alone.
    if (metadata.contains(prefix + "rope.scale_linear")) {
        rope["rope_type"] = "linear";
        copy("rope.scale_linear", "factor");
    }
    return rope;
}

} // namespace

json config_from_gguf(const json& metadata, const std::string& architecture, const std::string& file) {
    const std::string prefix = architecture + ".";
    json config = {{"model_type", architecture}};
    const auto copy = [&](const char* key, const char* to) {
        if (metadata.contains(prefix + key)) config[to] = one_value(metadata.at(prefix + key), prefix + key, file);
    };
    copy("embedding_length", "hidden_size");
    copy("block_count", "num_hidden_layers");
    copy("feed_forward_length", "intermediate_size");
    copy("attention.head_count", "num_attention_heads");
    copy("attention.head_count_kv", "num_key_value_heads");
    copy("attention.key_length", "head_dim");
    copy("attention.layer_norm_rms_epsilon", "rms_norm_eps");
    copy("context_length", "max_position_embeddings");
    copy("vocab_size", "vocab_size");
    copy("attention.sliding_window", "sliding_window");
    if (config.contains("sliding_window")) config["use_sliding_window"] = true;
    config["max_window_layers"] = 0;
    config["rope_parameters"] = rotary_parameters(metadata, prefix);

    // Files whose heads are no share of the width must say so; the others need not.
    const bool sizes_known = config.contains("hidden_size") && config.contains("num_attention_heads");
    if (!config.contains("head_dim") && sizes_known) {
        const auto hidden = checked_integer(config, "hidden_size", 1, 1 << 24, file);
        const auto heads = checked_integer(config, "num_attention_heads", 1, 1 << 24, file);
        if (hidden % heads == 0) config["head_dim"] = hidden / heads;
    }
    if (metadata.contains(prefix + "rope.dimension_count") && config.contains("head_dim")) {
        const auto rotated = checked_integer(metadata, prefix + "rope.dimension_count", 1, 1 << 24, file);
        const auto head_dim = checked_integer(config, "head_dim", 1, 1 << 24, file);
        config["rope_parameters"]["partial_rotary_factor"] =
            static_cast<double>(rotated) / static_cast<double>(head_dim);
    }
    return config;
}

} // namespace quantscope
