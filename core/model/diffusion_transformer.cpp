// Checks what comes in and runs the forward pass a few images at a time, so that a cancel never waits long.
#include "core/model/diffusion_transformer.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <c10/core/InferenceMode.h>

#include "core/base/errors.h"
#include "core/base/parallel.h"
#include "core/model/device.h"
#include "core/model/dit_weights.h"

namespace quantscope {

namespace {

const DitArchitecture& evaluable(const Model& model) {
    if (model.diffusion()) return *model.diffusion();
    throw DataError(model.checkpoint().path().string(), "",
                    model.why_not_evaluated().empty() ? "is no class-conditional DiT; give one to denoise with"
                                                      : model.why_not_evaluated());
}

std::string text_of(const ImageBatch& x) {
    return "[" + std::to_string(x.count) + ", " + std::to_string(x.channels) + ", " + std::to_string(x.height) + ", " +
           std::to_string(x.width) + "]";
}

} // namespace

struct DiffusionTransformer::Data {
    Data(std::shared_ptr<const WeightSource> weights, const ComputeOptions& options)
        : source(std::move(weights))
        , facts(evaluable(source->model()))
        , device(resolve_device(options.device))
        , type(computes_in_float32(source->model(), options.type) ? at::kFloat : at::kBFloat16)
        , threads(options.threads)
        , decoded(source, device, type, options.weight_budget) {}

    void check(const ImageBatch& x, std::span<const float> t, std::span<const std::int64_t> y) const;
    at::Tensor run(const at::Tensor& x, const at::Tensor& t, const at::Tensor& y, const Progress& progress);
    void set_threads() const { at::set_num_threads(threads > 0 ? threads : thread_count()); }

    std::shared_ptr<const WeightSource> source;
    const DitArchitecture& facts;
    std::string device;
    at::ScalarType type;
    int threads;
    DitWeights decoded;
    DitLinearHook hook;
};

void DiffusionTransformer::Data::check(const ImageBatch& x, std::span<const float> t,
                                       std::span<const std::int64_t> y) const {
    const auto file = source->model().checkpoint().path().string();
    if (x.channels != facts.in_channels || x.height != x.width || x.height < 1 || x.height % facts.patch != 0 ||
        (facts.input_size != 0 && x.height != facts.input_size))
        throw ShapeError(
            file, "x",
            "has shape " + text_of(x) + " where [N, " + std::to_string(facts.in_channels) +
                (facts.input_size
                     ? ", " + std::to_string(facts.input_size) + ", " + std::to_string(facts.input_size) + "]"
                     : ", size, size], size a multiple of " + std::to_string(facts.patch) + ",") +
                " is expected");
    if (static_cast<std::int64_t>(x.values.size()) != x.count * x.channels * x.height * x.width)
        throw ShapeError(file, "x",
                         "holds " + std::to_string(x.values.size()) + " values where " + text_of(x) + " is said");
    if (static_cast<std::int64_t>(t.size()) != x.count || static_cast<std::int64_t>(y.size()) != x.count)
        throw ShapeError(file, "t, y",
                         "hold " + std::to_string(t.size()) + " timesteps and " + std::to_string(y.size()) +
                             " classes for " + std::to_string(x.count) + " images; give one each");
    for (const auto label : y)
        if (label < 0 || label > facts.classes)
            throw DataError(file, "y",
                            "class " + std::to_string(label) + " is not between 0 and " +
                                std::to_string(facts.classes) + ", the null class");
}

at::Tensor DiffusionTransformer::Data::run(const at::Tensor& x, const at::Tensor& t, const at::Tensor& y,
                                           const Progress& progress) {
    DitEnds ends = decoded.ends(progress);
    if (!ends.positions.defined())
        ends.positions = position_table(facts.width, x.size(2) / facts.patch).to(decoded.device(), type);
    const auto blocks = [&](std::int64_t index) { return decoded.block(index, progress); };
    return dit_forward(facts, ends, blocks, x, t, y, hook, progress);
}

DiffusionTransformer::DiffusionTransformer(std::shared_ptr<const WeightSource> weights, ComputeOptions options)
    : data_(std::make_unique<Data>(std::move(weights), options)) {}
DiffusionTransformer::~DiffusionTransformer() = default;
DiffusionTransformer::DiffusionTransformer(DiffusionTransformer&&) noexcept = default;
DiffusionTransformer& DiffusionTransformer::operator=(DiffusionTransformer&&) noexcept = default;

const WeightSource& DiffusionTransformer::weights() const { return *data_->source; }
const DitArchitecture& DiffusionTransformer::architecture() const { return data_->facts; }
std::string DiffusionTransformer::device() const { return data_->device; }
std::string DiffusionTransformer::compute_type() const { return data_->type == at::kFloat ? "float32" : "bfloat16"; }

ImageBatch DiffusionTransformer::denoise(const ImageBatch& x, std::span<const float> t, std::span<const std::int64_t> y,
                                         Progress& progress) {
    const c10::InferenceMode inference;
    auto& data = *data_;
    data.check(x, t, y);
    data.set_threads();
    const auto device = data.decoded.device();
    const auto images =
        at::tensor(at::ArrayRef<float>(x.values), at::kFloat).view({x.count, x.channels, x.height, x.width});
    const auto times = at::tensor(at::ArrayRef<float>(t.data(), t.size()), at::kFloat).to(device);
    const auto classes = at::tensor(at::ArrayRef<std::int64_t>(y.data(), y.size()), at::kLong).to(device);
    constexpr std::int64_t at_once = 16;
    ImageBatch output{x.count, data.facts.out_channels, x.height, x.width, {}};
    for (std::int64_t first = 0; first < x.count; first += at_once) {
        progress.report(static_cast<double>(first) / static_cast<double>(x.count));
        const auto count = std::min(at_once, x.count - first);
        const auto part = data.run(images.narrow(0, first, count).to(device, data.type), times.narrow(0, first, count),
                                   classes.narrow(0, first, count), progress)
                              .to(at::kCPU, at::kFloat)
                              .contiguous();
        output.values.insert(output.values.end(), part.const_data_ptr<float>(),
                             part.const_data_ptr<float>() + part.numel());
    }
    return output;
}

} // namespace quantscope
