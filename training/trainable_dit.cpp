#include "training/trainable_dit.h"

#include <cmath>

namespace quantscope::training {

namespace {

std::string block_name(std::int64_t index) { return "blocks." + std::to_string(index) + "."; }

at::Tensor normal(at::IntArrayRef shape) { return at::randn(shape) * 0.02; }

} // namespace

TrainableDit::TrainableDit(const DitArchitecture& facts)
    : facts_(facts)
    , positions_(position_table(facts.width, facts.input_size / facts.patch)) {
    const auto& f = facts_;
    const double bound = std::sqrt(6.0 / static_cast<double>(f.width + f.in_channels * f.patch * f.patch));
    parameters_.add("x_embedder.proj.weight", (at::rand({f.width, f.in_channels, f.patch, f.patch}) * 2 - 1) * bound);
    parameters_.add("x_embedder.proj.bias", at::zeros({f.width}));
    parameters_.add("t_embedder.mlp.0.weight", normal({f.width, f.frequencies}));
    parameters_.add("t_embedder.mlp.0.bias", at::zeros({f.width}));
    parameters_.add("t_embedder.mlp.2.weight", normal({f.width, f.width}));
    parameters_.add("t_embedder.mlp.2.bias", at::zeros({f.width}));
    parameters_.add("y_embedder.embedding_table.weight", normal({f.classes + 1, f.width}));
    for (std::int64_t block = 0; block < f.blocks; ++block) {
        const auto at = block_name(block);
        add_zero_linear(at + "adaLN_modulation.1", 6 * f.width, f.width);
        add_linear(at + "attn.qkv", 3 * f.width, f.width);
        add_linear(at + "attn.proj", f.width, f.width);
        add_linear(at + "mlp.fc1", f.mlp_width, f.width);
        add_linear(at + "mlp.fc2", f.width, f.mlp_width);
    }
    add_zero_linear("final_layer.adaLN_modulation.1", 2 * f.width, f.width);
    add_zero_linear("final_layer.linear", f.patch * f.patch * f.out_channels, f.width);
}

void TrainableDit::add_linear(const std::string& name, std::int64_t out, std::int64_t in) {
    const double bound = std::sqrt(6.0 / static_cast<double>(in + out)); // Glorot and Bengio 2010
    parameters_.add(name + ".weight", (at::rand({out, in}) * 2 - 1) * bound);
    parameters_.add(name + ".bias", at::zeros({out}));
}

void TrainableDit::add_zero_linear(const std::string& name, std::int64_t out, std::int64_t in) {
    parameters_.add(name + ".weight", at::zeros({out, in}));
    parameters_.add(name + ".bias", at::zeros({out}));
}

Linear TrainableDit::linear(const std::string& name, bool averaged) const {
    const auto take = [&](const char* kind) {
        return averaged ? parameters_.average(name + kind) : parameters_[name + kind];
    };
    const auto weight = take(".weight");
    return {weight.flatten(1), take(".bias"), nullptr}; // a convolution's [out, in, p, p] as [out, in · p · p]
}

at::Tensor TrainableDit::operator()(const at::Tensor& x, const at::Tensor& t, const at::Tensor& y,
                                    bool averaged) const {
    const std::string table = "y_embedder.embedding_table.weight";
    const auto condition = std::make_shared<DitCondition>(
        DitCondition{linear("t_embedder.mlp.0", averaged), linear("t_embedder.mlp.2", averaged),
                     averaged ? parameters_.average(table) : parameters_[table]});
    const DitEnds ends{linear("x_embedder.proj", averaged), positions_, condition,
                       linear("final_layer.adaLN_modulation.1", averaged), linear("final_layer.linear", averaged)};
    const auto blocks = [&](std::int64_t index) {
        const auto at = block_name(index);
        auto block = std::make_shared<DitBlock>();
        block->condition = condition;
        block->modulation = linear(at + "adaLN_modulation.1", averaged);
        block->qkv = linear(at + "attn.qkv", averaged);
        block->projection = linear(at + "attn.proj", averaged);
        block->fc1 = linear(at + "mlp.fc1", averaged);
        block->fc2 = linear(at + "mlp.fc2", averaged);
        return block;
    };
    const Progress progress;
    return dit_forward(facts_, ends, blocks, x, t, y, {}, progress);
}

} // namespace quantscope::training
