// Says an architecture's facts in the words of transformers' configurations.
// Source: transformers, models/{llama,mistral,qwen2,qwen3}/configuration_*.py and modeling_rope_utils.py.
#include "core/export/hugging_face_config.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "core/base/errors.h"

namespace quantscope {

using nlohmann::json;

namespace {

constexpr std::pair<std::string_view, std::string_view> model_classes[] = {{"llama", "LlamaForCausalLM"},
                                                                           {"mistral", "MistralForCausalLM"},
                                                                           {"qwen2", "Qwen2ForCausalLM"},
                                                                           {"qwen3", "Qwen3ForCausalLM"}};

std::string_view class_of(std::string_view family) {
    for (const auto& [name, model_class] : model_classes)
        if (name == family) return model_class;
    return {};
}

std::string_view dtype_name(DType dtype) {
    return dtype == DType::F16 ? "float16" : dtype == DType::BF16 ? "bfloat16" : "float32";
}

std::string_view name_of(Activation activation) {
    switch (activation) {
    case Activation::silu:
        return "silu";
    case Activation::gelu:
        return "gelu";
    case Activation::gelu_tanh:
        return "gelu_pytorch_tanh";
    case Activation::relu:
        return "relu";
    }
    return "silu";
}

/// What Llama 3's scaling divides each frequency by.
double llama3_divisor(double frequency, double factor, double low, double high, double context) {
    const double wavelength = 2 * std::numbers::pi / frequency;
    if (wavelength < context / high) return 1;
    if (wavelength > context / low) return factor;
    const double smooth = (context / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
}

/// GGUF keeps the divisors, a configuration the numbers they were computed from: these are found again by trying the
/// first context lengths in use. Factors for low and high frequencies have been 1 and 4 in every model so far.
std::optional<json> llama3_scaling(const Architecture& facts) {
    const auto& divisors = facts.rotary_scaling.divisors;
    const double factor = *std::max_element(divisors.begin(), divisors.end());
    for (int context = 16; context <= 1 << 20; context *= 2) {
        bool same = true;
        for (std::size_t i = 0; i < divisors.size() && same; ++i) {
            const double exponent = 2 * static_cast<double>(i) / static_cast<double>(facts.rotary_dim);
            const double frequency = std::pow(facts.rotary_theta, -exponent);
            same = std::abs(llama3_divisor(frequency, factor, 1, 4, context) / divisors[i] - 1) < 1e-4;
        }
        if (same)
            return json{{"rope_type", "llama3"},
                        {"factor", factor},
                        {"low_freq_factor", 1.0},
                        {"high_freq_factor", 4.0},
                        {"original_max_position_embeddings", context}};
    }
    return std::nullopt;
}

json rotary_scaling(const Architecture& facts) {
    const RotaryScaling& scaling = facts.rotary_scaling;
    if (!scaling.divisors.empty()) return llama3_scaling(facts).value_or(json());
    if (scaling.kind == "default") return nullptr;
    json rope = {{"rope_type", scaling.kind}, {"factor", scaling.factor}};
    if (scaling.original_context > 0)
        rope["original_max_position_embeddings"] = static_cast<std::int64_t>(scaling.original_context);
    if (scaling.kind == "llama3") {
        rope["low_freq_factor"] = scaling.low_frequency_factor;
        rope["high_freq_factor"] = scaling.high_frequency_factor;
    }
    if (scaling.kind == "yarn") {
        rope["beta_fast"] = scaling.beta_fast;
        rope["beta_slow"] = scaling.beta_slow;
        rope["attention_factor"] = scaling.attention_factor;
        if (!scaling.truncate) rope["truncate"] = false;
    }
    return rope;
}

void add_window(json& config, const Architecture& facts) {
    const auto first = std::find_if(facts.window.begin(), facts.window.end(), [](auto window) { return window > 0; });
    const bool any = first != facts.window.end();
    if (facts.family == "mistral") config["sliding_window"] = any ? json(*first) : json();
    if (facts.family != "qwen2" && facts.family != "qwen3") return;
    config["use_sliding_window"] = any;
    if (!any) return;
    config["sliding_window"] = *first;
    config["max_window_layers"] = first - facts.window.begin();
}

/// Which facts this family's class in transformers has no word for.
std::string unspeakable(const Architecture& facts) {
    if (class_of(facts.family).empty()) return "the family '" + facts.family + "' has no configuration here yet";
    if (facts.rotary_dim != facts.head_dim) return "only a part of each head is rotated";
    if (!facts.rotary_scaling.divisors.empty() && !llama3_scaling(facts))
        return "the rotary divisors in rope_freqs.weight follow no known rule";
    if (facts.qkv_bias != facts.output_bias && facts.family != "qwen2")
        return "only some of the attention layers have biases";
    const bool bias_fits =
        facts.family == "llama" || (!facts.mlp_bias && (facts.family == "qwen3" || !facts.output_bias));
    return bias_fits ? std::string() : "its layers have biases that the family '" + facts.family + "' does not know";
}

} // namespace

std::string why_no_hugging_face_config(const Model& model) {
    if (model.checkpoint().naming() != "gguf") return {};
    if (!model.architecture())
        return "A GGUF file of this family cannot be said in Hugging Face's words: " + model.why_not_evaluated();
    const std::string reason = unspeakable(*model.architecture());
    return reason.empty() ? reason : "The model cannot be said in Hugging Face's words: " + reason + ".";
}

json hugging_face_config(const Model& model, DType dtype) {
    if (const std::string reason = why_no_hugging_face_config(model); !reason.empty())
        throw FormatError(model.checkpoint().path().string(), "", reason);
    if (model.checkpoint().naming() != "gguf") {
        json config = model.checkpoint().config();
        if (!config.is_object()) return config;
        for (const char* key : {"torch_dtype", "dtype"})
            if (config.contains(key)) config[key] = dtype_name(dtype);
        if (!config.contains("torch_dtype") && !config.contains("dtype")) config["torch_dtype"] = dtype_name(dtype);
        return config;
    }
    const Architecture& facts = *model.architecture();
    json config = {{"architectures", {class_of(facts.family)}},
                   {"model_type", facts.family},
                   {"torch_dtype", dtype_name(dtype)},
                   {"hidden_size", facts.hidden},
                   {"intermediate_size", facts.intermediate},
                   {"num_hidden_layers", facts.blocks},
                   {"num_attention_heads", facts.heads},
                   {"num_key_value_heads", facts.kv_heads},
                   {"head_dim", facts.head_dim},
                   {"vocab_size", facts.vocabulary},
                   {"max_position_embeddings", facts.context},
                   {"rms_norm_eps", facts.norm_eps},
                   {"hidden_act", name_of(facts.activation)},
                   {"tie_word_embeddings", facts.tied_head},
                   {"rope_theta", facts.rotary_theta},
                   {"rope_scaling", rotary_scaling(facts)}};
    if (facts.family == "llama" || facts.family == "qwen3") config["attention_bias"] = facts.qkv_bias;
    if (facts.family == "llama") config["mlp_bias"] = facts.mlp_bias;
    add_window(config, facts);
    const json special = generation_config(model.checkpoint().metadata());
    if (special.is_object()) config.update(special);
    return config;
}

json generation_config(const json& gguf_metadata) {
    json config;
    const auto copy = [&](const char* from, const char* to) {
        const auto found = gguf_metadata.find(from);
        if (found != gguf_metadata.end() && found->is_number_integer()) config[to] = *found;
    };
    if (!gguf_metadata.is_object()) return config;
    copy("tokenizer.ggml.bos_token_id", "bos_token_id");
    copy("tokenizer.ggml.eos_token_id", "eos_token_id");
    copy("tokenizer.ggml.padding_token_id", "pad_token_id");
    return config;
}

} // namespace quantscope
