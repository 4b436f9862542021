#include "training/parameters.h"

#include <algorithm>

#include "core/base/errors.h"
#include "core/export/safetensors_writer.h"

namespace quantscope::training {

namespace {

TensorToWrite tensor_to_write(const std::string& name, const at::Tensor& tensor, DType dtype) {
    const auto values = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    return tensor_of_rows(
        name, dtype, values.sizes().vec(), [values](std::int64_t first, std::int64_t count, std::span<float> out) {
            const auto columns = values.dim() > 0 && values.size(0) > 0 ? values.numel() / values.size(0) : 1;
            std::copy_n(values.const_data_ptr<float>() + first * columns, count * columns, out.data());
        });
}

void copy_into(const Checkpoint& file, const std::string& name, at::Tensor& tensor) {
    const auto& stored = file.at(name);
    if (at::IntArrayRef(stored.shape) != tensor.sizes())
        throw FormatError(file.path().string(), name, "has another shape than this training's; start in a new folder");
    const auto values = file.read(stored);
    tensor.detach().copy_(at::tensor(at::ArrayRef<float>(values)).view(tensor.sizes()));
}

} // namespace

void Parameters::add(const std::string& name, at::Tensor initial) {
    Parameter p;
    p.average = initial.clone();
    p.first = at::zeros_like(initial);
    p.second = at::zeros_like(initial);
    p.step = at::zeros({}, at::kFloat);
    p.value = std::move(initial).requires_grad_(true);
    parameters_.emplace(name, std::move(p));
}

at::Tensor Parameters::operator[](const std::string& name) const { return parameters_.at(name).value; }
at::Tensor Parameters::average(const std::string& name) const { return parameters_.at(name).average; }

std::int64_t Parameters::count() const {
    std::int64_t total = 0;
    for (const auto& [name, p] : parameters_)
        total += p.value.numel();
    return total;
}

void Parameters::step(const AdamOptions& options) {
    const at::NoGradGuard no_gradient;
    std::vector<at::Tensor> values, gradients, first, second, steps, averages;
    for (auto& [name, p] : parameters_) {
        if (!p.value.grad().defined()) throw DataError("", name, "has no gradient; the loss does not depend on it");
        values.push_back(p.value.detach());
        gradients.push_back(p.value.grad());
        first.push_back(p.first);
        second.push_back(p.second);
        steps.push_back(p.step);
        averages.push_back(p.average);
    }
    if (options.clip > 0) {
        const auto norm = at::norm(at::stack(at::_foreach_norm(gradients))).item<double>();
        if (!std::isfinite(norm))
            throw DataError("", "gradient", "is not finite; lower --rate and go on from the checkpoint");
        if (norm > options.clip) at::_foreach_mul_(gradients, options.clip / norm);
    }
    ++steps_;
    at::_foreach_add_(steps, 1);
    at::_fused_adamw_(values, gradients, first, second, {}, steps, options.rate, 0.9, 0.99, options.weight_decay, 1e-8,
                      false, false);
    const double done = static_cast<double>(steps_);
    const double decay = std::min(options.average, (1 + done) / (10 + done));
    at::_foreach_lerp_(averages, values, 1 - decay);
    for (auto& [name, p] : parameters_)
        p.value.mutable_grad() = at::Tensor();
}

void Parameters::save(const std::filesystem::path& file) const {
    std::vector<TensorToWrite> tensors;
    for (const auto& [name, p] : parameters_)
        for (const auto& [kind, tensor] : std::map<std::string, at::Tensor>{
                 {"value", p.value}, {"average", p.average}, {"first", p.first}, {"second", p.second}})
            tensors.push_back(tensor_to_write(kind + "/" + name, tensor, DType::F32));
    Progress progress;
    write_safetensors(file, std::move(tensors), {{"steps", std::to_string(steps_)}}, progress);
}

void Parameters::load(const std::filesystem::path& path) {
    const auto file = Checkpoint::open(path);
    if (!file->metadata().contains("steps"))
        throw FormatError(path.string(), "steps", "is missing; it is no training state");
    steps_ = std::stoll(file->metadata().at("steps").get<std::string>());
    const at::NoGradGuard no_gradient;
    for (auto& [name, p] : parameters_) {
        copy_into(*file, "value/" + name, p.value);
        copy_into(*file, "average/" + name, p.average);
        copy_into(*file, "first/" + name, p.first);
        copy_into(*file, "second/" + name, p.second);
        p.step.fill_(static_cast<double>(steps_));
    }
}

void Parameters::write_model(const std::filesystem::path& file, DType dtype,
                             const std::map<std::string, at::Tensor>& fixed,
                             const std::map<std::string, std::string>& metadata) const {
    std::vector<TensorToWrite> tensors;
    for (const auto& [name, p] : parameters_)
        tensors.push_back(tensor_to_write(name, p.average, dtype));
    for (const auto& [name, tensor] : fixed)
        tensors.push_back(tensor_to_write(name, tensor, DType::F32));
    Progress progress;
    write_safetensors(file, std::move(tensors), metadata, progress);
}

} // namespace quantscope::training
