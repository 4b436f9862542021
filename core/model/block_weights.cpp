// Decoding weights into tensors. Rows are decoded in parallel on the CPU and moved to the device once.
#include "core/model/block_weights.h"

#include <algorithm>
#include <cstring>

#include "core/base/parallel.h"

namespace quantscope {

namespace {

constexpr std::int64_t head_piece = 8192; ///< rows of the head that are decoded at a time where it does not stay

std::uint64_t bytes_of(const at::Tensor& tensor) { return tensor.defined() ? tensor.nbytes() : 0; }

} // namespace

WeightStore::WeightStore(std::shared_ptr<const WeightSource> source, at::Device device, at::ScalarType type,
                         std::uint64_t budget)
    : source_(std::move(source))
    , device_(device)
    , type_(type)
    , budget_(budget)
    , kept_(static_cast<std::size_t>(architecture().blocks)) {
    const Model& model = source_->model();
    embedding_site_ = model.site_of("model.embed_tokens");
    head_site_ = architecture().tied_head ? embedding_site_ : model.site_of("lm_head");
}

bool WeightStore::keep(std::uint64_t bytes) {
    if (used_ + bytes > budget_) return false;
    used_ += bytes;
    return true;
}

at::Tensor WeightStore::rows(const Site& site, std::int64_t first, std::int64_t count, const Progress* progress) const {
    at::Tensor decoded = at::empty({count, site.in}, at::kFloat); // on the CPU, so its memory may be written to
    float* values = decoded.mutable_data_ptr<float>();
    const std::int64_t grain = std::max<std::int64_t>(1, 65536 / std::max<std::int64_t>(1, site.in));
    parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
        if (progress) progress->check();
        source_->read_rows(site, first + begin, end - begin,
                           {values + begin * site.in, static_cast<std::size_t>((end - begin) * site.in)});
    });
    return decoded.to(device_, type_);
}

at::Tensor WeightStore::vector(const std::string& name, at::ScalarType type) const {
    auto values = source_->model().read_vector(name);
    if (values.empty()) return {};
    const at::Tensor borrowed = at::from_blob(values.data(), {static_cast<std::int64_t>(values.size())}, at::kFloat);
    return borrowed.clone().to(device_, type);
}

Linear WeightStore::linear(const std::string& name, const Progress& progress) const {
    const Site* site = source_->model().site_of(name);
    return {site, rows(*site, 0, site->out, &progress), vector(name + ".bias", type_)};
}

const BlockWeights& WeightStore::block(std::int64_t index, const Progress& progress) {
    auto& kept = kept_[static_cast<std::size_t>(index)];
    if (kept) return *kept;
    passing_ = {}; // the one before is let go first: memory holds one passing block at a time
    const std::string at_block = "model.layers." + std::to_string(index) + ".";
    BlockWeights block;
    block.input_norm = vector(at_block + "input_layernorm.weight", at::kFloat);
    block.post_norm = vector(at_block + "post_attention_layernorm.weight", at::kFloat);
    block.query_norm = vector(at_block + "self_attn.q_norm.weight", at::kFloat);
    block.key_norm = vector(at_block + "self_attn.k_norm.weight", at::kFloat);
    block.q = linear(at_block + "self_attn.q_proj", progress);
    block.k = linear(at_block + "self_attn.k_proj", progress);
    block.v = linear(at_block + "self_attn.v_proj", progress);
    block.o = linear(at_block + "self_attn.o_proj", progress);
    if (architecture().gated) block.gate = linear(at_block + "mlp.gate_proj", progress);
    block.up = linear(at_block + "mlp.up_proj", progress);
    block.down = linear(at_block + "mlp.down_proj", progress);
    for (const Linear* linear : {&block.q, &block.k, &block.v, &block.o, &block.gate, &block.up, &block.down}) {
        block.bytes += bytes_of(linear->weight) + bytes_of(linear->bias);
        if (linear->site) // decoded: the file's pages may go
            source_->model().checkpoint().release(source_->model().checkpoint().at(linear->site->tensor));
    }
    if (keep(block.bytes)) return kept.emplace(std::move(block));
    return passing_ = std::move(block);
}

at::Tensor WeightStore::embed(const at::Tensor& tokens) {
    if (!asked_embedding_) {
        asked_embedding_ = true;
        const auto bytes =
            static_cast<std::uint64_t>(embedding_site_->out * embedding_site_->in) * at::elementSize(type_);
        if (keep(bytes)) embedding_ = rows(*embedding_site_, 0, embedding_site_->out, nullptr);
    }
    if (embedding_.defined()) return embedding_.index_select(0, tokens.to(device_));
    at::Tensor decoded = at::empty({tokens.numel(), embedding_site_->in}, at::kFloat);
    const at::Tensor ids = tokens.contiguous();
    const auto* id = ids.const_data_ptr<std::int64_t>();
    float* values = decoded.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < tokens.numel(); ++i)
        source_->read_rows(*embedding_site_, id[i], 1,
                           {values + i * embedding_site_->in, static_cast<std::size_t>(embedding_site_->in)});
    return decoded.to(device_, type_);
}

const at::Tensor& WeightStore::final_norm() {
    if (!final_norm_.defined()) final_norm_ = vector("model.norm.weight", at::kFloat);
    return final_norm_;
}

at::Tensor WeightStore::logits(const at::Tensor& hidden, const Progress& progress) {
    if (!asked_head_) {
        asked_head_ = true;
        head_bias_ = vector("lm_head.bias", type_);
        const auto bytes = static_cast<std::uint64_t>(head_site_->out * head_site_->in) * at::elementSize(type_);
        if (head_site_ == embedding_site_ && embedding_.defined())
            head_ = embedding_;
        else if (keep(bytes))
            head_ = rows(*head_site_, 0, head_site_->out, &progress);
    }
    if (head_.defined()) return at::linear(hidden, head_, head_bias_).to(at::kFloat);
    std::vector<at::Tensor> pieces;
    for (std::int64_t first = 0; first < head_site_->out; first += head_piece) {
        progress.check();
        const std::int64_t count = std::min(head_piece, head_site_->out - first);
        const at::Tensor bias = head_bias_.defined() ? head_bias_.narrow(0, first, count) : at::Tensor();
        pieces.push_back(at::linear(hidden, rows(*head_site_, first, count, &progress), bias).to(at::kFloat));
    }
    return at::cat(pieces, -1);
}

} // namespace quantscope
