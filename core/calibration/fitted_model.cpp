// A quantized model's weights and sizes.
#include "core/calibration/fitted_model.h"

#include <cmath>

#include "core/base/half.h"
#include "core/checkpoint/dtype.h"

namespace quantscope {

namespace {

/// Whether an unquantized tensor is kept as float16, because the source holds it in blocks of a type of its own.
bool becomes_float16(const TensorInfo& tensor) {
    return facts(tensor.dtype).block_values > 4 && facts(tensor.dtype).decoded;
}

} // namespace

std::uint64_t float_bytes(const TensorInfo& tensor) {
    return becomes_float16(tensor) ? 2 * static_cast<std::uint64_t>(tensor.values()) : tensor.bytes;
}

FittedModel::FittedModel(std::shared_ptr<const Model> model, nlohmann::json recipe,
                         std::map<std::string, FittedSite> sites)
    : model_(std::move(model))
    , recipe_(std::move(recipe))
    , sites_(std::move(sites)) {}

const FittedSite* FittedModel::find(const std::string& site) const {
    const auto found = sites_.find(site);
    return found == sites_.end() ? nullptr : &found->second;
}

void FittedModel::read_rows(const Site& site, std::int64_t first, std::int64_t count, std::span<float> out) const {
    if (const FittedSite* fitted = find(site.name)) return fitted->decode_rows(first, count, out);
    read_site_rows(model_->checkpoint(), site, first, count, out);
    // What is evaluated is what a packed file holds, bit for bit.
    if (becomes_float16(model_->checkpoint().at(site.tensor)))
        for (float& value : out)
            value = float16_to_float(float_to_float16(value));
}

std::uint64_t FittedModel::bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& tensor : model_->checkpoint().tensors())
        if (model_->copied_from(tensor.name).empty()) bytes += float_bytes(tensor);
    for (const auto& [name, fitted] : sites_)
        bytes += fitted.bytes() - float_bytes(model_->checkpoint().at(model_->find_site(name)->tensor));
    return bytes;
}

double FittedModel::bits_per_weight() const {
    double bytes = 0, weights = 0;
    for (const auto& [name, site] : sites_) {
        bytes += static_cast<double>(site.bytes());
        weights += static_cast<double>(site.rows) * static_cast<double>(site.columns);
    }
    return weights > 0 ? 8 * bytes / weights : NAN;
}

double FittedModel::bits_per_weight_total() const {
    const auto parameters = static_cast<double>(model_->parameters());
    return parameters > 0 ? 8 * static_cast<double>(bytes()) / parameters : NAN;
}

} // namespace quantscope
