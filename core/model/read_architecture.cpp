// Every number here comes from a file: each is checked for its type and range before anything is computed from it.
#include "core/model/read_architecture.h"

#include <cmath>

#include "core/base/errors.h"

namespace quantscope {

namespace {

using nlohmann::json;

constexpr std::int64_t largest_width = std::int64_t(1) << 24; ///< beyond it a size is a mistake or an attack
constexpr std::int64_t largest_block_count = 10000;

bool given(const json& object, const std::string& key) { return object.contains(key) && !object.at(key).is_null(); }

double checked_number(const json& object, const std::string& key, double low, double high, const std::string& file) {
    const auto& value = object.at(key);
    if (!value.is_number()) throw FormatError(file, key, "is not a number; expected one");
    const double number = value.get<double>();
    if (!(number >= low && number <= high))
        throw FormatError(file, key, "is out of range: " + printable(value.dump()) + "; correct the configuration");
    return number;
}

double number_or(const json& object, const std::string& key, double otherwise, double low, double high,
                 const std::string& file) {
    return given(object, key) ? checked_number(object, key, low, high, file) : otherwise;
}

bool boolean_or(const json& object, const std::string& key, bool otherwise, const std::string& file) {
    if (!given(object, key)) return otherwise;
    if (!object.at(key).is_boolean()) throw FormatError(file, key, "is neither true nor false");
    return object.at(key).get<bool>();
}

std::string text_or(const json& object, const std::string& key, const std::string& otherwise, const std::string& file) {
    if (!given(object, key)) return otherwise;
    if (!object.at(key).is_string()) throw FormatError(file, key, "is not a string");
    return object.at(key).get<std::string>();
}

std::int64_t size(const json& config, const std::string& key, const std::string& file) {
    if (!given(config, key)) throw FormatError(file, key, "is missing; the model's shape cannot be known without it");
    return checked_integer(config, key, 1, largest_width, file);
}

/// \returns why the model cannot be evaluated, or nothing
std::string read_activation(const json& config, Architecture& facts, const std::string& file) {
    const auto name = text_or(config, "hidden_act", "silu", file);
    if (name == "silu" || name == "swish")
        facts.activation = Activation::silu;
    else if (name == "gelu")
        facts.activation = Activation::gelu;
    else if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast")
        facts.activation = Activation::gelu_tanh;
    else if (name == "relu")
        facts.activation = Activation::relu;
    else
        return "its activation function '" + printable(name, 40) + "' is not known";
    return {};
}

double yarn_scale(double factor, double multiplier) {
    return factor <= 1 ? 1.0 : 0.1 * multiplier * std::log(factor) + 1.0;
}

/// The factors of one kind of scaling. Source: transformers, modeling_rope_utils.
/// \returns why the model cannot be evaluated, or nothing
std::string read_scaling(const json& rope, const json& config, Architecture& facts, const std::string& file) {
    auto& scaling = facts.rotary_scaling;
    scaling.kind = text_or(rope, "rope_type", text_or(rope, "type", "default", file), file);
    if (scaling.kind == "none") scaling.kind = "default";
    if (scaling.kind == "default") return {};
    if (scaling.kind != "linear" && scaling.kind != "dynamic" && scaling.kind != "llama3" && scaling.kind != "yarn")
        return "its rotary scaling '" + printable(scaling.kind, 40) + "' is not known";

    const double context = static_cast<double>(facts.context);
    scaling.original_context =
        number_or(rope, "original_max_position_embeddings",
                  number_or(config, "original_max_position_embeddings", context, 1, 1e12, file), 1, 1e12, file);
    if (!given(rope, "factor") && scaling.kind != "yarn")
        throw FormatError(file, "factor", "is missing from the rotary scaling '" + scaling.kind + "'");
    scaling.factor = number_or(rope, "factor", context / scaling.original_context, 1e-6, 1e6, file);
    scaling.low_frequency_factor = number_or(rope, "low_freq_factor", 1, 1e-6, 1e6, file);
    scaling.high_frequency_factor = number_or(rope, "high_freq_factor", 4, 1e-6, 1e6, file);
    if (scaling.kind == "llama3" && scaling.low_frequency_factor == scaling.high_frequency_factor)
        throw FormatError(file, "high_freq_factor", "equals low_freq_factor; they must differ");
    scaling.beta_fast = number_or(rope, "beta_fast", 32, 1e-6, 1e6, file);
    scaling.beta_slow = number_or(rope, "beta_slow", 1, 1e-6, 1e6, file);
    scaling.truncate = boolean_or(rope, "truncate", true, file);
    if (scaling.kind == "yarn") {
        const double scale = number_or(rope, "mscale", 0, 0, 1e6, file);
        const double all_channels = number_or(rope, "mscale_all_dim", 0, 0, 1e6, file);
        const double computed = scale != 0 && all_channels != 0
                                    ? yarn_scale(scaling.factor, scale) / yarn_scale(scaling.factor, all_channels)
                                    : yarn_scale(scaling.factor, 1);
        scaling.attention_factor = number_or(rope, "attention_factor", computed, 1e-6, 1e6, file);
    }
    return {};
}

std::string read_rotary(const json& config, Architecture& facts, const std::string& file) {
    json rope = json::object();
    // Models converted from the older spelling may carry both; transformers lets the newer one win.
    for (const char* key : {"rope_parameters", "rope_scaling"}) {
        if (!given(config, key)) continue;
        if (!config.at(key).is_object()) throw FormatError(file, key, "is not an object");
        rope = config.at(key);
        break;
    }
    for (const auto& [key, value] : rope.items())
        if (value.is_object())
            return "its rotary positions differ between kinds of blocks ('" + printable(key, 40) + "')";
    facts.rotary_theta =
        number_or(rope, "rope_theta", number_or(config, "rope_theta", 10000, 1e-3, 1e12, file), 1e-3, 1e12, file);
    const double share =
        number_or(rope, "partial_rotary_factor", number_or(config, "partial_rotary_factor", 1, 0, 1, file), 0, 1, file);
    facts.rotary_dim = static_cast<std::int64_t>(static_cast<double>(facts.head_dim) * share + 1e-6);
    if (facts.rotary_dim < 2 || facts.rotary_dim % 2 != 0)
        throw FormatError(file, "head_dim",
                          "rotates " + std::to_string(facts.rotary_dim) +
                              " channels; rotary positions need an even number of at least 2");
    return read_scaling(rope, config, facts, file);
}

void read_windows(const json& config, const Family& family, Architecture& facts, const std::string& file) {
    facts.window.assign(static_cast<std::size_t>(facts.blocks), 0);
    if (family.window == WindowRule::never || !given(config, "sliding_window")) return;
    if (family.window == WindowRule::chosen && !boolean_or(config, "use_sliding_window", false, file)) return;
    const auto window = checked_integer(config, "sliding_window", 1, std::int64_t(1) << 40, file);

    if (family.window == WindowRule::always) {
        facts.window.assign(facts.window.size(), window);
    } else if (given(config, "layer_types")) {
        const auto& types = config.at("layer_types");
        if (!types.is_array() || types.size() != facts.window.size())
            throw FormatError(file, "layer_types",
                              "must name one kind of attention for each of the " + std::to_string(facts.blocks) +
                                  " blocks");
        for (std::size_t block = 0; block < types.size(); ++block) {
            const bool sliding = types[block] == "sliding_attention";
            if (!sliding && types[block] != "full_attention")
                throw FormatError(file, "layer_types", "names an unknown kind: " + printable(types[block].dump(), 60));
            if (sliding) facts.window[block] = window;
        }
    } else {
        const auto first =
            given(config, "max_window_layers") ? checked_integer(config, "max_window_layers", 0, INT64_MAX, file) : 0;
        for (std::int64_t block = first; block < facts.blocks; ++block)
            facts.window[block] = window;
    }
}

} // namespace

std::int64_t checked_integer(const json& object, const std::string& key, std::int64_t low, std::int64_t high,
                             const std::string& file) {
    const auto& value = object.at(key);
    // A float such as 4096.0 is what some writers make of an integer.
    const bool whole = value.is_number_float() && std::floor(value.get<double>()) == value.get<double>() &&
                       std::abs(value.get<double>()) < 9e15;
    if (!value.is_number_integer() && !whole)
        throw FormatError(file, key, "is not a whole number; correct the configuration");
    const bool beyond = value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t(INT64_MAX);
    const auto number = beyond ? INT64_MAX : value.get<std::int64_t>();
    if (beyond || number < low || number > high)
        throw FormatError(file, key, "is out of range: " + printable(value.dump(), 40) + "; correct the configuration");
    return number;
}

ArchitectureFound read_architecture(const json& given_config, const Family& family, const std::string& file) {
    if (!given_config.is_object()) throw FormatError(file, "", "holds no JSON object");
    auto config = json::parse(family.defaults);
    for (const auto& [key, value] : given_config.items())
        config[key] = value;

    auto facts = std::make_shared<Architecture>();
    facts->family = family.name;
    facts->hidden = size(config, "hidden_size", file);
    facts->intermediate = size(config, "intermediate_size", file);
    facts->vocabulary = size(config, "vocab_size", file);
    facts->heads = size(config, "num_attention_heads", file);
    if (!given(config, "num_hidden_layers")) throw FormatError(file, "num_hidden_layers", "is missing");
    facts->blocks = checked_integer(config, "num_hidden_layers", 1, largest_block_count, file);
    facts->kv_heads = given(config, "num_key_value_heads") ? size(config, "num_key_value_heads", file) : facts->heads;
    if (facts->heads % facts->kv_heads != 0)
        throw FormatError(file, "num_key_value_heads",
                          "does not divide the number of attention heads: " + std::to_string(facts->heads) + " by " +
                              std::to_string(facts->kv_heads));
    if (given(config, "head_dim"))
        facts->head_dim = size(config, "head_dim", file);
    else if (facts->hidden % facts->heads == 0)
        facts->head_dim = facts->hidden / facts->heads;
    else
        throw FormatError(file, "num_attention_heads", "does not divide hidden_size, and head_dim is not given");
    facts->context = given(config, "max_position_embeddings")
                         ? checked_integer(config, "max_position_embeddings", 1, std::int64_t(1) << 40, file)
                         : 2048;
    facts->norm_eps = number_or(config, "rms_norm_eps", 1e-6, 0, 1, file);
    facts->query_key_norm = family.query_key_norm;
    facts->tied_head = boolean_or(config, "tie_word_embeddings", false, file);
    facts->qkv_bias = family.qkv_bias || boolean_or(config, "attention_bias", false, file);
    facts->output_bias = boolean_or(config, "attention_bias", false, file);
    facts->mlp_bias = boolean_or(config, "mlp_bias", false, file);
    facts->attention_scale = 1 / std::sqrt(static_cast<double>(facts->head_dim));
    if (given(config, "quantization_config")) {
        const auto& packing = config.at("quantization_config");
        const auto method =
            packing.is_object() && packing.contains("quant_method") ? packing.at("quant_method") : json();
        return {nullptr, "its weights are stored as '" +
                             printable(method.is_string() ? method.get<std::string>() : "?", 40) +
                             "', which this version does not decode"};
    }
    auto why_not = read_activation(config, *facts, file);
    if (auto rotary = read_rotary(config, *facts, file); why_not.empty()) why_not = rotary;
    read_windows(config, family, *facts, file);
    if (!why_not.empty()) return {nullptr, why_not};
    return {std::move(facts), {}};
}

} // namespace quantscope
