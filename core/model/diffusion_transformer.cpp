// Checks what comes in and runs the forward pass a few images at a time, so that a cancel never waits long.
#include "core/model/diffusion_transformer.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <c10/core/InferenceMode.h>

#include "core/base/errors.h"
#include "core/base/parallel.h"
#include "core/model/device.h"
#include "core/model/dit_weights.h"
#include "core/model/samplers.h"

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

at::Tensor tensor_of(const ImageBatch& x) {
    return at::tensor(at::ArrayRef<float>(x.values), at::kFloat).view({x.count, x.channels, x.height, x.width});
}

void append_values(const at::Tensor& x, std::vector<float>& values) {
    const auto here = x.to(at::kCPU, at::kFloat).contiguous();
    values.insert(values.end(), here.const_data_ptr<float>(), here.const_data_ptr<float>() + here.numel());
}

ImageBatch batch_of(const at::Tensor& x) {
    ImageBatch batch{x.size(0), x.size(1), x.size(2), x.size(3), {}};
    append_values(x, batch.values);
    return batch;
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
    void check_classes(std::span<const std::int64_t> y) const;
    void set_observer(DitInputObserver observer);
    at::Tensor run(const at::Tensor& x, const at::Tensor& t, const at::Tensor& y, const Progress& progress);
    void set_threads() const { at::set_num_threads(threads > 0 ? threads : thread_count()); }

    std::shared_ptr<const WeightSource> source;
    const DitArchitecture& facts;
    std::string device;
    at::ScalarType type;
    int threads;
    DitWeights decoded;
    DitLinearHook hook;
    double timestep = 0; ///< of the pass that runs, for the observer
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
    check_classes(y);
}

void DiffusionTransformer::Data::check_classes(std::span<const std::int64_t> y) const {
    for (const auto label : y)
        if (label < 0 || label > facts.classes)
            throw DataError(source->model().checkpoint().path().string(), "y",
                            "class " + std::to_string(label) + " is not between 0 and " +
                                std::to_string(facts.classes) + ", the null class");
}

void DiffusionTransformer::Data::set_observer(DitInputObserver observer) {
    hook = {};
    if (!observer) return;
    hook = [this, observer = std::move(observer)](const Linear& linear, const at::Tensor& input) {
        const auto here = input.to(at::kCPU, at::kFloat).contiguous(); // [..., in]
        observer(*linear.site, {here.const_data_ptr<float>(), static_cast<std::size_t>(here.numel())},
                 here.numel() / here.size(-1), timestep);
    };
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
    const auto images = tensor_of(x);
    const auto times = at::tensor(at::ArrayRef<float>(t.data(), t.size()), at::kFloat).to(device);
    const auto classes = at::tensor(at::ArrayRef<std::int64_t>(y.data(), y.size()), at::kLong).to(device);
    ImageBatch output{x.count, data.facts.out_channels, x.height, x.width, {}};
    for (std::int64_t first = 0; first < x.count; first += images_at_once) {
        progress.report(static_cast<double>(first) / static_cast<double>(x.count));
        const auto count = std::min(images_at_once, x.count - first);
        data.timestep = static_cast<double>(t[static_cast<std::size_t>(first)]);
        append_values(data.run(images.narrow(0, first, count).to(device, data.type), times.narrow(0, first, count),
                               classes.narrow(0, first, count), progress),
                      output.values);
    }
    return output;
}

SamplingPlan DiffusionTransformer::plan(SamplingPlan wished) const {
    const auto& facts = data_->facts;
    wished.null_class = facts.classes;
    wished.clip_denoised = facts.in_channels == 1 || facts.in_channels == 3;
    return wished;
}

ImageBatch DiffusionTransformer::sample(const SamplingPlan& plan, const NoiseSchedule& schedule,
                                        const ImageOrder& order, Progress& progress,
                                        const TrajectoryObserver& watched) {
    const c10::InferenceMode inference;
    auto& data = *data_;
    const auto& facts = data.facts;
    data.check_classes(order.classes);
    if (facts.input_size == 0)
        throw DataError(
            weights().model().checkpoint().path().string(), "pos_embed",
            "is missing, so the images' size is not known; write \"input_size\" into the config.json beside "
            "the file");
    data.set_threads();
    const auto device = data.decoded.device();
    const auto total = static_cast<std::int64_t>(order.classes.size());
    ImageBatch images{total, facts.in_channels, facts.input_size, facts.input_size, {}};
    std::int64_t step = 0;
    bool watching = static_cast<bool>(watched);
    Progress* part = nullptr;
    const Denoiser denoiser = [&](const at::Tensor& x, const at::Tensor& t, const at::Tensor& y) {
        const auto now = t[0].item<std::int64_t>();
        data.timestep = static_cast<double>(now);
        if (watching) {
            const auto count = std::min(images_at_once, total);
            watched(step, now, batch_of(x.narrow(0, 0, count))); // a guided batch holds every image twice
        }
        ++step;
        return data.run(x.to(data.type), t, y, *part);
    };
    for (std::int64_t first = 0; first < total; first += images_at_once, step = 0, watching = false) {
        const auto count = std::min(images_at_once, total - first);
        const auto share = [&](std::int64_t done) { return static_cast<double>(done) / static_cast<double>(total); };
        Progress here(progress, share(first), share(first + count));
        part = &here;
        const auto chosen = [&](const auto& all) {
            return std::span(all).subspan(std::size_t(first), std::size_t(count));
        };
        append_values(quantscope::sample(plan, schedule, denoiser, chosen(order.classes), chosen(order.seeds),
                                         {facts.in_channels, facts.input_size, facts.input_size}, device, here),
                      images.values);
    }
    return images;
}

void DiffusionTransformer::observe_linear_inputs(DitInputObserver observer) {
    data_->set_observer(std::move(observer));
}

} // namespace quantscope
