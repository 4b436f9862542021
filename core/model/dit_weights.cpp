#include "core/model/dit_weights.h"

#include <algorithm>

#include "core/base/errors.h"
#include "core/model/device.h"

namespace quantscope {

namespace {

std::string block_name(const DitArchitecture& facts, std::int64_t block) {
    return (facts.separate_qkv ? "transformer_blocks." : "blocks.") + std::to_string(block) + ".";
}

} // namespace

DitWeights::DitWeights(std::shared_ptr<const WeightSource> source, const std::string& device, at::ScalarType type,
                       std::uint64_t budget)
    : reader_(std::move(source), device, type)
    , facts_(*reader_.source().model().diffusion())
    , blocks_(static_cast<std::size_t>(facts_.blocks))
    , conditions_(static_cast<std::size_t>(facts_.blocks)) {
    const auto w = facts_.width;
    const auto values = static_cast<std::uint64_t>(w * (10 * w + 2 * facts_.mlp_width));
    const std::uint64_t block_bytes = values * c10::elementSize(type);
    const std::uint64_t least = block_bytes + WeightReader::staging_bytes, free = free_memory(device);
    if (least > free)
        throw IoError(this->source().model().checkpoint().path().string(), "",
                      "needs " + std::to_string((least >> 20) + 1) + " MiB of memory for a block, but only " +
                          std::to_string((free >> 20) + 1) + " MiB are free on " + device +
                          "; close other programs or compute in bfloat16");
    if (budget == 0) budget = free / 2;
    kept_blocks_ = std::min<std::int64_t>(facts_.blocks, static_cast<std::int64_t>(budget / block_bytes));
}

const DitEnds& DitWeights::ends(const Progress& progress) {
    if (ends_) return *ends_;
    auto ends = std::make_unique<DitEnds>();
    const bool diffusers = facts_.separate_qkv;
    ends->patches = reader_.linear(diffusers ? "pos_embed.proj" : "x_embedder.proj", progress);
    ends->positions = positions();
    ends->condition = condition(0, progress);
    ends->modulation = reader_.linear(diffusers ? "proj_out_1" : "final_layer.adaLN_modulation.1", progress);
    ends->output = reader_.linear(diffusers ? "proj_out_2" : "final_layer.linear", progress);
    ends_ = std::move(ends);
    return *ends_;
}

/// The file's own table, else the one that all released models hold; undefined while the input's size is not known.
at::Tensor DitWeights::positions() const {
    const auto stored = facts_.separate_qkv ? at::Tensor() : reader_.vector("pos_embed");
    if (stored.defined()) return stored.view({1, -1, facts_.width});
    if (facts_.input_size == 0) return {};
    return position_table(facts_.width, facts_.input_size / facts_.patch).to(device(), type());
}

/// Whether a block has embedders that differ from the first block's.
bool DitWeights::has_own(const std::string& table) const {
    const auto& model = reader_.source().model();
    const auto* tensor = facts_.separate_qkv ? model.tensor(table + ".weight") : nullptr;
    return tensor && model.copied_from(tensor->name).empty();
}

std::shared_ptr<const DitCondition> DitWeights::condition(std::int64_t block, const Progress& progress) {
    auto& kept = conditions_.at(static_cast<std::size_t>(block));
    if (kept) return kept;
    auto weights = std::make_shared<DitCondition>();
    const bool diffusers = facts_.separate_qkv;
    const std::string at = diffusers ? block_name(facts_, block) + "norm1.emb." : "";
    const auto table = at + (diffusers ? "class_embedder" : "y_embedder") + ".embedding_table";
    if (block > 0 && !has_own(table)) return kept = condition(0, progress);
    weights->time_in = reader_.linear(at + (diffusers ? "timestep_embedder.linear_1" : "t_embedder.mlp.0"), progress);
    weights->time_out = reader_.linear(at + (diffusers ? "timestep_embedder.linear_2" : "t_embedder.mlp.2"), progress);
    weights->classes = reader_.matrix(reader_.site(table), progress);
    return kept = std::move(weights);
}

std::shared_ptr<const DitBlock> DitWeights::read_block(std::int64_t index, const Progress& progress) {
    const std::string at = block_name(facts_, index);
    auto block = std::make_shared<DitBlock>();
    block->condition = condition(index, progress);
    if (facts_.separate_qkv) {
        block->modulation = reader_.linear(at + "norm1.linear", progress);
        block->query = reader_.linear(at + "attn1.to_q", progress);
        block->key = reader_.linear(at + "attn1.to_k", progress);
        block->value = reader_.linear(at + "attn1.to_v", progress);
        block->projection = reader_.linear(at + "attn1.to_out.0", progress);
        block->fc1 = reader_.linear(at + "ff.net.0.proj", progress);
        block->fc2 = reader_.linear(at + "ff.net.2", progress);
    } else {
        block->modulation = reader_.linear(at + "adaLN_modulation.1", progress);
        block->qkv = reader_.linear(at + "attn.qkv", progress);
        block->projection = reader_.linear(at + "attn.proj", progress);
        block->fc1 = reader_.linear(at + "mlp.fc1", progress);
        block->fc2 = reader_.linear(at + "mlp.fc2", progress);
    }
    return block;
}

std::shared_ptr<const DitBlock> DitWeights::block(std::int64_t index, const Progress& progress) {
    auto& kept = blocks_.at(static_cast<std::size_t>(index));
    if (kept) return kept;
    auto block = read_block(index, progress);
    if (index < kept_blocks_) kept = block;
    return block;
}

} // namespace quantscope
