// Weights are decoded on all threads into float32 on the processor, a piece at a time, and from there converted to the
// compute type and moved to the device; so at most one piece exists twice.
#include "core/model/block_weights.h"

#include <algorithm>
#include <map>

#include "core/base/errors.h"
#include "core/base/parallel.h"
#include "core/model/device.h"

namespace quantscope {

namespace {

constexpr std::int64_t staging_values = std::int64_t(1) << 23; ///< 32 MiB of float32
constexpr std::int64_t values_per_piece = std::int64_t(1) << 16;

std::string block_name(std::int64_t block) { return "model.layers." + std::to_string(block) + "."; }

std::uint64_t mebibytes(std::uint64_t bytes) { return (bytes >> 20) + 1; }

} // namespace

at::Tensor Linear::operator()(const at::Tensor& x) const {
    return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
}

ModelWeights::ModelWeights(std::shared_ptr<const WeightSource> source, const std::string& device, at::ScalarType type,
                           std::uint64_t budget)
    : source_(std::move(source))
    , facts_(*source_->model().architecture())
    , device_(device)
    , type_(type)
    , keeps_block_(static_cast<std::size_t>(facts_.blocks))
    , blocks_(static_cast<std::size_t>(facts_.blocks)) {
    plan(budget, device);
}

/// The head comes first, as a tied one serves twice; then as many blocks as fit, then an embedding of its own.
void ModelWeights::plan(std::uint64_t budget, const std::string& device_name) {
    const auto value_bytes = static_cast<std::uint64_t>(c10::elementSize(type_));
    const auto& f = facts_;
    const auto attention = static_cast<std::uint64_t>(f.hidden * (2 * f.heads + 2 * f.kv_heads) * f.head_dim);
    const auto mlp = static_cast<std::uint64_t>(3 * f.hidden * f.intermediate);
    const std::uint64_t block_bytes = (attention + mlp) * value_bytes;
    const std::uint64_t table_bytes = static_cast<std::uint64_t>(f.vocabulary * f.hidden) * value_bytes;

    const std::uint64_t least = std::max(block_bytes, table_bytes) + staging_values * sizeof(float);
    const std::uint64_t free = free_memory(device_name);
    if (least > free)
        throw IoError(source_->model().checkpoint().path().string(), "",
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

const Site& ModelWeights::site(const std::string& name) const {
    const auto* found = source_->model().site_of(name);
    if (!found)
        throw FormatError(source_->model().checkpoint().path().string(), name + ".weight",
                          "is missing; the model is incomplete");
    return *found;
}

at::Tensor ModelWeights::matrix(const Site& site, const Progress& progress) const {
    auto result = at::empty({site.out, site.in}, at::TensorOptions().device(device_).dtype(type_));
    const bool direct = device_.is_cpu() && type_ == at::kFloat;
    const auto rows_at_once = direct ? site.out : std::clamp<std::int64_t>(staging_values / site.in, 1, site.out);
    const auto grain = std::max<std::int64_t>(1, values_per_piece / site.in);
    at::Tensor staging = direct ? result : at::empty({rows_at_once, site.in}, at::kFloat);
    float* const values = staging.mutable_data_ptr<float>(); // on the processor in either case
    for (std::int64_t first = 0; first < site.out; first += rows_at_once) {
        const auto rows = std::min(rows_at_once, site.out - first);
        parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end) {
            progress.check();
            const auto count = end - begin;
            source_->read_rows(site, first + begin, count,
                               {values + begin * site.in, static_cast<std::size_t>(count * site.in)});
        });
        if (!direct) result.narrow(0, first, rows).copy_(staging.narrow(0, 0, rows));
    }
    return result;
}

at::Tensor ModelWeights::vector(const std::string& name) const {
    const auto values = source_->model().read_vector(name);
    if (values.empty()) return {};
    return at::tensor(at::ArrayRef<float>(values), at::kFloat).to(device_, type_);
}

Linear ModelWeights::linear(const std::string& name, const Progress& progress) const {
    const auto& site = this->site(name);
    return {matrix(site, progress), vector(name + ".bias"), &site};
}

std::shared_ptr<const BlockWeights> ModelWeights::read_block(std::int64_t index, const Progress& progress) const {
    const auto at = block_name(index);
    auto weights = std::make_shared<BlockWeights>();
    weights->attention_norm = vector(at + "input_layernorm.weight");
    weights->mlp_norm = vector(at + "post_attention_layernorm.weight");
    weights->query_norm = vector(at + "self_attn.q_norm.weight");
    weights->key_norm = vector(at + "self_attn.k_norm.weight");
    weights->q = linear(at + "self_attn.q_proj", progress);
    weights->k = linear(at + "self_attn.k_proj", progress);
    weights->v = linear(at + "self_attn.v_proj", progress);
    weights->o = linear(at + "self_attn.o_proj", progress);
    if (facts_.gated) weights->gate = linear(at + "mlp.gate_proj", progress);
    weights->up = linear(at + "mlp.up_proj", progress);
    weights->down = linear(at + "mlp.down_proj", progress);
    return weights;
}

/// Pages of weights that are read again at every pass must not push everything else out of memory.
void ModelWeights::release(const BlockWeights& block) const {
    const auto& checkpoint = source_->model().checkpoint();
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
    const auto& table = site("model.embed_tokens");
    if (keeps_embedding_ && !embedding_.defined()) {
        embedding_ = matrix(table, progress);
        if (facts_.tied_head) head_ = {embedding_, vector("lm_head.bias"), &table};
    }
    if (embedding_.defined()) {
        const auto indices = at::tensor(at::ArrayRef<std::int32_t>(ids.data(), ids.size()), at::kInt).to(device_);
        return at::embedding(embedding_, indices); // [ids, hidden]
    }
    // Only the rows that occur, each once.
    std::map<std::int32_t, std::int64_t> place;
    for (const auto id : ids)
        place.try_emplace(id, static_cast<std::int64_t>(place.size()));
    auto rows = at::empty({static_cast<std::int64_t>(place.size()), table.in}, at::kFloat);
    float* const values = rows.mutable_data_ptr<float>();
    for (const auto& [id, row] : place)
        source_->read_rows(table, id, 1, {values + row * table.in, static_cast<std::size_t>(table.in)});
    std::vector<std::int64_t> indices;
    for (const auto id : ids)
        indices.push_back(place.at(id));
    return rows.index_select(0, at::tensor(at::ArrayRef<std::int64_t>(indices), at::kLong)).to(device_, type_);
}

at::Tensor ModelWeights::final_norm() {
    if (!final_norm_.defined()) final_norm_ = vector("model.norm.weight");
    return final_norm_;
}

Linear ModelWeights::head(const Progress& progress) {
    if (head_.weight.defined()) return head_;
    if (facts_.tied_head && embedding_.defined()) return head_ = {embedding_, {}, &site("model.embed_tokens")};
    auto head = linear(facts_.tied_head ? "model.embed_tokens" : "lm_head", progress);
    if (keeps_head_)
        head_ = head;
    else if (const auto* tensor = source_->model().checkpoint().find(head.site->tensor))
        source_->model().checkpoint().release(*tensor);
    return head;
}

} // namespace quantscope
