// Which of a decoder's weights stay in memory, and reading those that do not.
#include "core/model/block_weights.h"

#include <algorithm>
#include <map>

#include "core/base/errors.h"
#include "core/model/device.h"

namespace quantscope {

namespace {

std::string block_name(std::int64_t block) { return "model.layers." + std::to_string(block) + "."; }

std::uint64_t mebibytes(std::uint64_t bytes) { return (bytes >> 20) + 1; }

} // namespace

ModelWeights::ModelWeights(std::shared_ptr<const WeightSource> source, const std::string& device, at::ScalarType type,
                           std::uint64_t budget)
    : reader_(std::move(source), device, type)
    , facts_(*this->source().model().architecture())
    , keeps_block_(static_cast<std::size_t>(facts_.blocks))
    , blocks_(static_cast<std::size_t>(facts_.blocks)) {
    plan(budget, device);
}

/// The head comes first, as a tied one serves twice; then as many blocks as fit, then an embedding of its own.
void ModelWeights::plan(std::uint64_t budget, const std::string& device_name) {
    const auto value_bytes = static_cast<std::uint64_t>(c10::elementSize(type()));
    const auto& f = facts_;
    const auto attention = static_cast<std::uint64_t>(f.hidden * (2 * f.heads + 2 * f.kv_heads) * f.head_dim);
    const auto mlp = static_cast<std::uint64_t>(3 * f.hidden * f.intermediate);
    const std::uint64_t block_bytes = (attention + mlp) * value_bytes;
    const std::uint64_t table_bytes = static_cast<std::uint64_t>(f.vocabulary * f.hidden) * value_bytes;

    const std::uint64_t least = std::max(block_bytes, table_bytes) + WeightReader::staging_bytes;
    const std::uint64_t free = free_memory(device_name);
    if (least > free)
        throw IoError(source().model().checkpoint().path().string(), "",
                      "needs " + std::to_string(mebibytes(least)) + " MiB of memory for its largest part, but only " +
                          std::to_string(mebibytes(free)) + " MiB are free on " + device_name +
                          "; close other programs or compute in bfloat16");
    if (budget == 0) budget = free / 2;

    const auto keep = [&](std::uint64_t bytes) {
        if (bytes > budget) return false;
        budget -= bytes;
        return true;
    };
    keeps_head_ = keep(table_bytes);
    for (std::size_t block = 0; block < keeps_block_.size() && keep(block_bytes); ++block)
        keeps_block_[block] = true;
    keeps_embedding_ = f.tied_head ? keeps_head_ : keep(table_bytes);
}

std::int64_t ModelWeights::resident_blocks() const {
    return std::count(keeps_block_.begin(), keeps_block_.end(), true);
}

std::shared_ptr<const BlockWeights> ModelWeights::read_block(std::int64_t index, const Progress& progress) const {
    const auto at = block_name(index);
    auto weights = std::make_shared<BlockWeights>();
    weights->attention_norm = reader_.vector(at + "input_layernorm.weight");
    weights->mlp_norm = reader_.vector(at + "post_attention_layernorm.weight");
    weights->query_norm = reader_.vector(at + "self_attn.q_norm.weight");
    weights->key_norm = reader_.vector(at + "self_attn.k_norm.weight");
    weights->q = reader_.linear(at + "self_attn.q_proj", progress);
    weights->k = reader_.linear(at + "self_attn.k_proj", progress);
    weights->v = reader_.linear(at + "self_attn.v_proj", progress);
    weights->o = reader_.linear(at + "self_attn.o_proj", progress);
    if (facts_.gated) weights->gate = reader_.linear(at + "mlp.gate_proj", progress);
    weights->up = reader_.linear(at + "mlp.up_proj", progress);
    weights->down = reader_.linear(at + "mlp.down_proj", progress);
    return weights;
}

/// Pages of weights that are read again at every pass must not push everything else out of memory.
void ModelWeights::release(const BlockWeights& block) const {
    const auto& checkpoint = source().model().checkpoint();
    for (const Linear* linear : {&block.q, &block.k, &block.v, &block.o, &block.gate, &block.up, &block.down})
        if (linear->site) {
            if (const auto* tensor = checkpoint.find(linear->site->tensor)) checkpoint.release(*tensor);
        }
}

std::shared_ptr<const BlockWeights> ModelWeights::block(std::int64_t index, const Progress& progress) {
    auto& kept = blocks_.at(static_cast<std::size_t>(index));
    if (kept) return kept;
    auto weights = read_block(index, progress);
    if (keeps_block_[static_cast<std::size_t>(index)])
        kept = weights;
    else
        release(*weights);
    return weights;
}

at::Tensor ModelWeights::embed(std::span<const std::int32_t> ids, const Progress& progress) {
    if (facts_.tied_head && head_.weight.defined()) embedding_ = head_.weight;
    const auto& table = reader_.site("model.embed_tokens");
    if (keeps_embedding_ && !embedding_.defined()) {
        embedding_ = reader_.matrix(table, progress);
        if (facts_.tied_head) head_ = {embedding_, reader_.vector("lm_head.bias"), &table};
    }
    if (embedding_.defined()) {
        const auto indices = at::tensor(at::ArrayRef<std::int32_t>(ids.data(), ids.size()), at::kInt).to(device());
        return at::embedding(embedding_, indices); // [ids, hidden]
    }
    // Only the rows that occur, each once.
    std::map<std::int32_t, std::int64_t> place;
    for (const auto id : ids)
        place.try_emplace(id, static_cast<std::int64_t>(place.size()));
    auto rows = at::empty({static_cast<std::int64_t>(place.size()), table.in}, at::kFloat);
    float* const values = rows.mutable_data_ptr<float>();
    for (const auto& [id, row] : place)
        source().read_rows(table, id, 1, {values + row * table.in, static_cast<std::size_t>(table.in)});
    std::vector<std::int64_t> indices;
    for (const auto id : ids)
        indices.push_back(place.at(id));
    return rows.index_select(0, at::tensor(at::ArrayRef<std::int64_t>(indices), at::kLong)).to(device(), type());
}

at::Tensor ModelWeights::final_norm() {
    if (!final_norm_.defined()) final_norm_ = reader_.vector("model.norm.weight");
    return final_norm_;
}

Linear ModelWeights::head(const Progress& progress) {
    if (head_.weight.defined()) return head_;
    if (facts_.tied_head && embedding_.defined()) return head_ = {embedding_, {}, &reader_.site("model.embed_tokens")};
    auto head = reader_.linear(facts_.tied_head ? "model.embed_tokens" : "lm_head", progress);
    if (keeps_head_)
        head_ = head;
    else if (const auto* tensor = source().model().checkpoint().find(head.site->tensor))
        source().model().checkpoint().release(*tensor);
    return head;
}

} // namespace quantscope
