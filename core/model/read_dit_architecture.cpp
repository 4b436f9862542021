// The number of heads is the one fact that no tensor's shape tells: it follows from the width of the published sizes,
// from the configuration, or from the user.
#include "core/model/read_dit_architecture.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/errors.h"
#include "core/model/read_architecture.h"

namespace quantscope {

namespace {

using nlohmann::json;
using Shape = std::vector<std::int64_t>;

std::string text_of(const Shape& shape) {
    std::string text = "[";
    for (auto size : shape)
        text += (text.size() > 1 ? ", " : "") + std::to_string(size);
    return text + "]";
}

/// Heads of the published sizes. Source: Peebles and Xie 2023, table 1.
std::int64_t published_heads(std::int64_t width) {
    for (const auto& [published, heads] :
         std::initializer_list<std::pair<std::int64_t, std::int64_t>>{{384, 6}, {768, 12}, {1024, 16}, {1152, 16}})
        if (width == published) return heads;
    return 0;
}

class DitFacts {
public:
    DitFacts(const Model& model, const json& config, const std::string& file)
        : model_(model)
        , config_(config.is_object() ? config : json::object())
        , file_(file)
        , facts_(std::make_shared<DitArchitecture>()) {}

    DitArchitectureFound read(std::int64_t heads) {
        auto& f = *facts_;
        f.family = model_.family();
        f.separate_qkv = f.family == "dit-diffusers";
        f.blocks = model_.blocks();
        read_ends();
        if (why_not_.empty() && f.separate_qkv) read_diffusers();
        if (why_not_.empty()) read_heads(heads);
        for (std::int64_t block = 0; block < f.blocks && why_not_.empty(); ++block)
            check_block(block);
        if (!why_not_.empty()) return {nullptr, "The model cannot be evaluated: " + why_not_ + "."};
        return {std::move(facts_), {}};
    }

private:
    const TensorInfo* find(const std::string& name, std::size_t dimensions) {
        const auto* tensor = model_.tensor(name);
        if (!tensor) {
            missing(name);
            return nullptr;
        }
        if (tensor->shape.size() != dimensions)
            throw ShapeError(model_.checkpoint().path().string(), tensor->name,
                             "has shape " + text_of(tensor->shape) + " where " + std::to_string(dimensions) +
                                 " dimensions are expected; the file is no DiT or is damaged");
        check_type(*tensor);
        return tensor;
    }

    void missing(const std::string& name) {
        if (why_not_.empty()) why_not_ = "its tensor " + name + " is missing";
    }

    void check_type(const TensorInfo& tensor) {
        const auto& type = quantscope::facts(tensor.dtype);
        if ((!type.decoded || !type.is_float) && why_not_.empty())
            why_not_ = "its tensor " + tensor.name + " is stored as " + std::string(type.name) +
                       ", which this version does not decode";
    }

    void check(const std::string& name, const Shape& shape, bool required = true) {
        const auto* tensor = model_.tensor(name);
        if (!tensor) {
            if (required) missing(name);
            return;
        }
        if (tensor->shape != shape)
            throw ShapeError(model_.checkpoint().path().string(), tensor->name,
                             "has shape " + text_of(tensor->shape) + " where the model's other tensors ask for " +
                                 text_of(shape) + "; the file is damaged or mixes two models");
        check_type(*tensor);
    }

    void check_linear(const std::string& name, std::int64_t out, std::int64_t in) {
        check(name + ".weight", {out, in});
        check(name + ".bias", {out}, false);
    }

    [[noreturn]] void contradiction(const std::string& tensor, const std::string& what) {
        throw ShapeError(model_.checkpoint().path().string(), tensor, what + "; the file is damaged or no DiT");
    }

    void read_ends() {
        auto& f = *facts_;
        const bool diffusers = f.separate_qkv;
        const std::string patches = diffusers ? "pos_embed.proj" : "x_embedder.proj";
        const auto* embedder = find(patches + ".weight", 4); // [width, channels, patch, patch]
        if (!embedder) return;
        f.dtype = embedder->dtype;
        f.width = embedder->shape[0];
        f.in_channels = embedder->shape[1];
        f.patch = embedder->shape[2];
        if (f.width < 1 || f.in_channels < 1 || f.patch < 1 || embedder->shape[3] != f.patch || f.width % 4 != 0)
            contradiction(embedder->name, "has shape " + text_of(embedder->shape) + ", which embeds no square patches");
        check(patches + ".bias", {f.width}, false);

        const std::string output = diffusers ? "proj_out_2" : "final_layer.linear";
        const auto* last = find(output + ".weight", 2); // [patch · patch · out_channels, width]
        if (!last) return;
        const auto area = f.patch * f.patch;
        f.out_channels = last->shape[0] / area;
        if (last->shape[0] % area != 0 || (f.out_channels != f.in_channels && f.out_channels != 2 * f.in_channels))
            contradiction(last->name, "has " + std::to_string(last->shape[0]) + " rows, which are neither " +
                                          std::to_string(area * f.in_channels) +
                                          " nor, with a learned variance, twice as many");
        check_linear(output, last->shape[0], f.width);
        check_linear(diffusers ? "proj_out_1" : "final_layer.adaLN_modulation.1", 2 * f.width, f.width);
        const std::string block = diffusers ? "transformer_blocks.0." : "blocks.0.";
        if (const auto* fc1 = find(block + (diffusers ? "ff.net.0.proj.weight" : "mlp.fc1.weight"), 2))
            f.mlp_width = fc1->shape[0];
        const std::string at = diffusers ? block + "norm1.emb." : "";
        if (const auto* time =
                find(at + (diffusers ? "timestep_embedder.linear_1.weight" : "t_embedder.mlp.0.weight"), 2))
            f.frequencies = time->shape[1];
        if (why_not_.empty() && (f.frequencies < 2 || f.frequencies % 2 != 0))
            contradiction("t_embedder",
                          "takes " + std::to_string(f.frequencies) + " timestep features, no even number of them");
        if (const auto* table = find(at + (diffusers ? "class_embedder" : "y_embedder") + ".embedding_table.weight", 2))
            f.classes = table->shape[0] - 1;
        if (why_not_.empty() && (f.classes < 0 || f.mlp_width < 1 || f.out_channels < 1))
            contradiction("y_embedder", "has no row for the null class, or another part is empty");
        if (!diffusers) {
            check_condition("t_embedder.mlp.0", "t_embedder.mlp.2", "y_embedder.embedding_table");
            read_positions();
        }
    }

    void read_positions() {
        auto& f = *facts_;
        const auto* table = model_.tensor("pos_embed");
        if (!table) { // then it is computed
            if (given("input_size")) f.input_size = checked_integer(config_, "input_size", f.patch, 1 << 16, file_);
            if (f.input_size % f.patch != 0)
                throw FormatError(file_, "input_size", "is no multiple of the patch size; correct the configuration");
            return;
        }
        const auto side = table->shape.size() == 3 ? std::llround(std::sqrt(static_cast<double>(table->shape[1]))) : 0;
        if (side < 1 || table->shape != Shape{1, side * side, f.width})
            contradiction(table->name, "has shape " + text_of(table->shape) +
                                           " where [1, a square number of patches, " + std::to_string(f.width) +
                                           "] is expected");
        f.input_size = side * f.patch;
    }

    void check_condition(const std::string& time_in, const std::string& time_out, const std::string& table) {
        const auto& f = *facts_;
        check_linear(time_in, f.width, f.frequencies);
        check_linear(time_out, f.width, f.width);
        check(table + ".weight", {f.classes + 1, f.width});
    }

    void read_diffusers() {
        auto& f = *facts_;
        f.frequency_shift = 1;
        f.mlp_norm_eps = 1e-5;
        if (given("norm_eps")) f.mlp_norm_eps = number("norm_eps", 0, 1);
        if (given("sample_size")) f.input_size = checked_integer(config_, "sample_size", 1, 1 << 16, file_);
        if (f.input_size % f.patch != 0)
            throw FormatError(file_, "sample_size", "is no multiple of the patch size; correct the configuration");
        if (given("norm_type") && config_.at("norm_type") != "ada_norm_zero")
            why_not_ = "its norm type " + printable(config_.at("norm_type").dump(), 40) + " is not known";
        if (given("norm_elementwise_affine") && config_.at("norm_elementwise_affine") != false)
            why_not_ = "its norms have weights of their own, which no published DiT has";
        const auto activation = given("activation_fn") ? config_.at("activation_fn") : json("gelu-approximate");
        if (activation == "gelu")
            f.activation = Activation::gelu;
        else if (activation != "gelu-approximate")
            why_not_ = "its activation function " + printable(activation.dump(), 40) + " is not known";
    }

    void read_heads(std::int64_t told) {
        auto& f = *facts_;
        f.heads = told;
        const char* key = f.separate_qkv ? "num_attention_heads" : "num_heads";
        // diffusers writes the number down; an original file has it in its width, and only others in a configuration.
        if (f.heads == 0 && f.separate_qkv && given(key)) f.heads = checked_integer(config_, key, 1, f.width, file_);
        if (f.heads == 0) f.heads = published_heads(f.width);
        if (f.heads == 0 && given(key)) f.heads = checked_integer(config_, key, 1, f.width, file_);
        if (f.heads == 0) {
            why_not_ = "its number of attention heads is not known, as its width of " + std::to_string(f.width) +
                       " is none of the published sizes; give --heads N, or write \"" + key +
                       "\" into a config.json beside the file";
            return;
        }
        if (f.heads < 1 || f.width % f.heads != 0)
            throw FormatError(file_, key,
                              std::to_string(f.heads) + " heads do not divide the width of " + std::to_string(f.width) +
                                  "; give the number the model was trained with");
    }

    void check_block(std::int64_t block) {
        const auto& f = *facts_;
        const auto number = std::to_string(block);
        if (!f.separate_qkv) {
            const std::string at = "blocks." + number + ".";
            check_linear(at + "adaLN_modulation.1", 6 * f.width, f.width);
            check_linear(at + "attn.qkv", 3 * f.width, f.width);
            check_linear(at + "attn.proj", f.width, f.width);
            check_linear(at + "mlp.fc1", f.mlp_width, f.width);
            check_linear(at + "mlp.fc2", f.width, f.mlp_width);
            return;
        }
        const std::string at = "transformer_blocks." + number + ".";
        const std::string emb = at + "norm1.emb.";
        check_condition(emb + "timestep_embedder.linear_1", emb + "timestep_embedder.linear_2",
                        emb + "class_embedder.embedding_table");
        check_linear(at + "norm1.linear", 6 * f.width, f.width);
        for (const char* name : {"attn1.to_q", "attn1.to_k", "attn1.to_v", "attn1.to_out.0"})
            check_linear(at + name, f.width, f.width);
        check_linear(at + "ff.net.0.proj", f.mlp_width, f.width);
        check_linear(at + "ff.net.2", f.width, f.mlp_width);
    }

    bool given(const char* key) const { return config_.contains(key) && !config_.at(key).is_null(); }

    double number(const char* key, double low, double high) const {
        const auto& value = config_.at(key);
        if (!value.is_number() || !(value.get<double>() >= low && value.get<double>() <= high))
            throw FormatError(file_, key,
                              "is no number between " + std::to_string(low) + " and " + std::to_string(high) +
                                  "; correct the configuration");
        return value.get<double>();
    }

    const Model& model_;
    const json config_;
    const std::string& file_;
    std::shared_ptr<DitArchitecture> facts_;
    std::string why_not_;
};

} // namespace

DitArchitectureFound read_dit_architecture(const Model& model, const json& config, std::int64_t heads,
                                           const std::string& file) {
    return DitFacts(model, config, file).read(heads);
}

} // namespace quantscope
