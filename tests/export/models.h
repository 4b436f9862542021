// Small models on disk for the tests of exports: random Llama weights as a folder, and recipes for them.
#pragma once

#include <QTemporaryDir>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "core/calibration/fitted_model.h"
#include "core/export/packed.h"
#include "core/export/safetensors_writer.h"
#include "core/recipe/recipe.h"

namespace quantscope::testing {

namespace fs = std::filesystem;
using nlohmann::json;

inline std::vector<float> random_values(std::int64_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 0.1f);
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values)
        value = normal(random);
    return values;
}

inline TensorToWrite random_tensor(const std::string& name, std::vector<std::int64_t> shape, unsigned seed,
                                   DType dtype = DType::F32) {
    TensorInfo info;
    info.shape = shape;
    const std::int64_t columns = info.columns();
    return tensor_of_rows(name, dtype, shape,
                          [values = random_values(info.values(), seed), columns](std::int64_t first, std::int64_t count,
                                                                                 std::span<float> out) {
                              std::copy_n(values.begin() + first * columns, count * columns, out.begin());
                          });
}

inline json tiny_llama_config(std::int64_t vocabulary = 40) {
    return {{"architectures", {"LlamaForCausalLM"}},
            {"model_type", "llama"},
            {"hidden_size", 32},
            {"intermediate_size", 48},
            {"num_hidden_layers", 2},
            {"num_attention_heads", 4},
            {"num_key_value_heads", 2},
            {"vocab_size", vocabulary},
            {"max_position_embeddings", 64},
            {"rms_norm_eps", 1e-5},
            {"hidden_act", "silu"},
            {"rope_theta", 10000.0},
            {"tie_word_embeddings", false},
            {"torch_dtype", "float32"}};
}

/// A folder with config.json, a tokenizer_config.json and random weights.
inline fs::path tiny_llama(const fs::path& folder, DType dtype = DType::F32, std::int64_t vocabulary = 40) {
    fs::create_directories(folder);
    std::ofstream(folder / "config.json") << tiny_llama_config(vocabulary).dump(2);
    std::ofstream(folder / "tokenizer_config.json") << R"({"tokenizer_class": "PreTrainedTokenizerFast"})";
    std::vector<TensorToWrite> tensors;
    unsigned seed = 1;
    const auto add = [&](const std::string& name, std::vector<std::int64_t> shape) {
        tensors.push_back(random_tensor(name + ".weight", std::move(shape), seed++, dtype));
    };
    add("model.embed_tokens", {vocabulary, 32});
    for (int block = 0; block < 2; ++block) {
        const std::string at = "model.layers." + std::to_string(block) + ".";
        add(at + "self_attn.q_proj", {32, 32});
        add(at + "self_attn.k_proj", {16, 32});
        add(at + "self_attn.v_proj", {16, 32});
        add(at + "self_attn.o_proj", {32, 32});
        add(at + "mlp.gate_proj", {48, 32});
        add(at + "mlp.up_proj", {48, 32});
        add(at + "mlp.down_proj", {32, 48});
        add(at + "input_layernorm", {32});
        add(at + "post_attention_layernorm", {32});
    }
    add("model.norm", {32});
    add("lm_head", {vocabulary, 32});
    Progress progress;
    write_safetensors(folder / "model.safetensors", std::move(tensors), {{"format", "pt"}}, progress);
    return folder;
}

inline json recipe_of(const json& grid, const char* clipping = "min-max") {
    return {{"quantscope_recipe", 1},
            {"default",
             {{"weight",
               {{"grid", grid},
                {"clipping", {{"name", clipping}}},
                {"rounding", {{"name", "nearest"}}},
                {"transform", {{"name", "none"}}},
                {"residual", {{"name", "none"}}}}},
              {"activation", nullptr},
              {"kv", nullptr}}}};
}

inline json uniform_recipe(int bits = 4, const char* granularity = "channel") {
    return recipe_of({{"name", "uniform"}, {"bits", bits}, {"granularity", granularity}});
}

inline std::shared_ptr<const FittedModel> fitted(const fs::path& model, const json& recipe) {
    Progress progress;
    return quantize(open_model(model), Recipe::from_json(recipe), {}, progress);
}

inline std::vector<float> all_rows(const WeightSource& weights, const Site& site) {
    std::vector<float> values(static_cast<std::size_t>(site.out * site.in));
    weights.read_rows(site, 0, site.out, values);
    return values;
}

inline std::string content_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Names of what lies in a folder, sorted, hidden files included.
inline std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

} // namespace quantscope::testing
