// Weights are decoded on all threads into float32 on the processor, a piece at a time, and from there converted to the
// compute type and moved to the device; so at most one piece exists twice.
#include "core/model/weight_reader.h"

#include <algorithm>

#include "core/base/errors.h"
#include "core/base/parallel.h"

namespace quantscope {

namespace {

constexpr std::int64_t staging_values = WeightReader::staging_bytes / static_cast<std::int64_t>(sizeof(float));
constexpr std::int64_t values_per_piece = std::int64_t(1) << 16;

} // namespace

at::Tensor Linear::operator()(const at::Tensor& x) const {
    return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
}

WeightReader::WeightReader(std::shared_ptr<const WeightSource> source, at::Device device, at::ScalarType type)
    : source_(std::move(source))
    , device_(device)
    , type_(type) {}

const Site& WeightReader::site(const std::string& name) const {
    const auto* found = source_->model().site_of(name);
    if (!found)
        throw FormatError(source_->model().checkpoint().path().string(), name + ".weight",
                          "is missing; the model is incomplete");
    return *found;
}

at::Tensor WeightReader::matrix(const Site& site, const Progress& progress) const {
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

at::Tensor WeightReader::vector(const std::string& name) const {
    const auto values = source_->model().read_vector(name);
    if (values.empty()) return {};
    return at::tensor(at::ArrayRef<float>(values), at::kFloat).to(device_, type_);
}

Linear WeightReader::linear(const std::string& name, const Progress& progress) const {
    const auto& site = this->site(name);
    return {matrix(site, progress), vector(name + ".bias"), &site};
}

} // namespace quantscope
