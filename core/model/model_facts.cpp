// The second half of ModelBuilder: reads the facts of a language model and holds every tensor against them.
#include <cmath>

#include "core/base/errors.h"
#include "core/model/model_builder.h"
#include "core/model/names.h"
#include "core/model/read_architecture.h"
#include "core/model/read_autoencoder_architecture.h"
#include "core/model/read_dit_architecture.h"

namespace quantscope {

namespace {

std::string shape_text(std::span<const std::int64_t> shape) {
    std::string text = "[";
    for (auto size : shape)
        text += (text.size() > 1 ? ", " : "") + std::to_string(size);
    return text + "]";
}

} // namespace

void ModelBuilder::read_facts() {
    auto& why_not = model_->why_not_;
    if (!family_) {
        if (why_not.empty())
            why_not = "The model's family is not known, so it can be inspected, quantized and exported, not evaluated.";
        return;
    }
    if (family_->has_dit_forward) return read_dit_facts();
    if (family_->kind == "vae") return read_autoencoder_facts();
    if (!family_->has_forward) {
        why_not = "Models of the family '" + std::string(family_->name) +
                  "' can be inspected, quantized and exported, but not yet evaluated.";
        return;
    }
    if (!config_.is_object()) {
        why_not = "There is no config.json beside the weights, so the number of heads is not known; "
                  "put the model's config.json into the same folder.";
        return;
    }
    if (const auto* embedding = model_->tensor("model.embed_tokens.weight");
        gguf_ && embedding && embedding->shape.size() == 2 && !config_.contains("vocab_size"))
        config_["vocab_size"] = embedding->shape[0];
    if (gguf_) config_["tie_word_embeddings"] = model_->tensor("lm_head.weight") == nullptr;

    auto found = read_architecture(config_, *family_, config_file_);
    if (!found.architecture) {
        why_not = "The model cannot be evaluated: " + found.why_not + ".";
        return;
    }
    facts_ = std::move(found.architecture);
    if (gguf_) {
        use_permutation();
        read_rotary_divisors();
    }
    check_tensors();
    if (why_not.empty()) model_->architecture_ = facts_;
}

void ModelBuilder::read_dit_facts() {
    auto found = read_dit_architecture(*model_, config_, options_.heads, config_file_);
    model_->why_not_ = std::move(found.why_not);
    model_->diffusion_ = std::move(found.architecture);
}

void ModelBuilder::read_autoencoder_facts() {
    auto found = read_autoencoder_architecture(*model_, config_, config_file_);
    model_->why_not_ = std::move(found.why_not);
    model_->autoencoder_ = std::move(found.architecture);
}

void ModelBuilder::use_permutation() {
    if (!family_->gguf_permutes_rotary) return;
    for (auto& site : model_->sites_) {
        if (site.role != role::q && site.role != role::k) continue;
        const auto heads = site.role == role::q ? facts_->heads : facts_->kv_heads;
        if (site.block < 0 || site.out != heads * facts_->head_dim || facts_->head_dim % 2 != 0) continue;
        site.permuted_heads = static_cast<int>(heads);
    }
}

void ModelBuilder::read_rotary_divisors() {
    const auto* tensor = checkpoint_.find("rope_freqs.weight");
    if (!tensor) return;
    const auto file = checkpoint_.path().string();
    if (tensor->values() != facts_->rotary_dim / 2)
        throw ShapeError(file, tensor->name,
                         "has shape " + shape_text(tensor->shape) + " where the configuration asks for [" +
                             std::to_string(facts_->rotary_dim / 2) + "]");
    auto divisors = checkpoint_.read(*tensor);
    for (float divisor : divisors)
        if (!(divisor > 0 && std::isfinite(divisor)))
            throw DataError(file, tensor->name,
                            "divides rotary frequencies by zero, a negative or a non-finite number");
    facts_->rotary_scaling.divisors = std::move(divisors);
}

/// \returns whether the tensor is there \throws ShapeError when it has another shape
bool ModelBuilder::check_tensor(const std::string& name, std::vector<std::int64_t> shape, bool required) {
    const auto* tensor = model_->tensor(name);
    if (!tensor) {
        if (required && model_->why_not_.empty())
            model_->why_not_ = "The model cannot be evaluated: its tensor " + name +
                               " is missing (is this one shard of several? Open the folder instead).";
        return false;
    }
    if (tensor->shape != shape)
        throw ShapeError(checkpoint_.path().string(), tensor->name,
                         "has shape " + shape_text(tensor->shape) + " where the configuration asks for " +
                             shape_text(shape));
    if (const auto& type = facts(tensor->dtype); (!type.decoded || !type.is_float) && model_->why_not_.empty())
        model_->why_not_ = "The model cannot be evaluated: its tensor " + tensor->name + " is stored as " +
                           std::string(type.name) + ", which this version does not decode.";
    return true;
}

/// \returns whether it has a bias
bool ModelBuilder::check_linear(const std::string& name, std::int64_t out, std::int64_t in, bool bias_required) {
    check_tensor(name + ".weight", {out, in}, true);
    return check_tensor(name + ".bias", {out}, bias_required);
}

void ModelBuilder::check_tensors() {
    auto& f = *facts_;
    check_tensor("model.embed_tokens.weight", {f.vocabulary, f.hidden}, true);
    check_tensor("model.norm.weight", {f.hidden}, true);
    if (!f.tied_head) check_linear("lm_head", f.vocabulary, f.hidden, false);

    const bool attention_biases = f.output_bias, mlp_biases = f.mlp_bias, qkv_biases = f.qkv_bias;
    for (std::int64_t block = 0; block < f.blocks; ++block) {
        const auto at = "model.layers." + std::to_string(block) + ".";
        check_tensor(at + "input_layernorm.weight", {f.hidden}, true);
        check_tensor(at + "post_attention_layernorm.weight", {f.hidden}, true);
        for (auto [name, heads] : {std::pair{"q", f.heads}, {"k", f.kv_heads}, {"v", f.kv_heads}})
            f.qkv_bias |= check_linear(at + "self_attn." + name + "_proj", heads * f.head_dim, f.hidden, qkv_biases);
        f.output_bias |= check_linear(at + "self_attn.o_proj", f.hidden, f.heads * f.head_dim, attention_biases);
        for (const char* name : {"q", "k"})
            f.query_key_norm |=
                check_tensor(at + "self_attn." + name + "_norm.weight", {f.head_dim}, family_->query_key_norm);
        f.mlp_bias |= check_linear(at + "mlp.gate_proj", f.intermediate, f.hidden, mlp_biases);
        f.mlp_bias |= check_linear(at + "mlp.up_proj", f.intermediate, f.hidden, mlp_biases);
        f.mlp_bias |= check_linear(at + "mlp.down_proj", f.hidden, f.intermediate, mlp_biases);
        if (!model_->why_not_.empty()) return;
    }
    if (const auto* first = model_->tensor("model.layers.0.self_attn.q_proj.weight")) f.dtype = first->dtype;
}

} // namespace quantscope
