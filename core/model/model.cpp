// The model's look-ups; how it is made is in model_builder.cpp.
#include "core/model/model.h"

#include <algorithm>

#include "core/model/model_builder.h"
#include "core/model/names.h"

namespace quantscope {

std::shared_ptr<const Model> Model::open(const std::filesystem::path& path, const ModelOptions& options) {
    return from(Checkpoint::open(path), options);
}

std::shared_ptr<const Model> Model::from(std::unique_ptr<Checkpoint> checkpoint, const ModelOptions& options) {
    return ModelBuilder(std::move(checkpoint), options).build();
}

std::string Model::copied_from(std::string_view tensor) const {
    const auto found = copies_.find(tensor);
    return found == copies_.end() ? std::string() : found->second;
}

const Site* Model::find_site(std::string_view name) const {
    const auto found = site_by_name_.find(name);
    return found == site_by_name_.end() ? nullptr : &sites_[found->second];
}

const TensorInfo* Model::tensor(std::string_view hugging_face_name) const {
    const auto found = std::lower_bound(names_.begin(), names_.end(), hugging_face_name,
                                        [](const auto& entry, std::string_view name) { return entry.first < name; });
    if (found == names_.end() || found->first != hugging_face_name) return nullptr;
    return checkpoint_->find(found->second);
}

const Site* Model::site_of(std::string_view hugging_face_name) const {
    const auto* tensor = this->tensor(std::string(hugging_face_name) + ".weight");
    if (!tensor) return nullptr;
    const auto found = site_by_tensor_.find(tensor->name);
    return found == site_by_tensor_.end() ? nullptr : &sites_[found->second];
}

std::vector<float> Model::read_vector(std::string_view hugging_face_name) const {
    const auto* tensor = this->tensor(hugging_face_name);
    if (!tensor) return {};
    auto values = checkpoint_->read(*tensor);
    // Biases of q and k are permuted with their weights' rows.
    const auto* site = site_of(split_name(hugging_face_name).name);
    if (!site || site->permuted_heads == 0 || site->out != static_cast<std::int64_t>(values.size())) return values;
    std::vector<float> ordered(values.size());
    for (std::size_t row = 0; row < values.size(); ++row)
        ordered[row] = values[static_cast<std::size_t>(stored_row(*site, static_cast<std::int64_t>(row)))];
    return ordered;
}

std::pair<int, std::string> Model::place_of(const TensorInfo& tensor) const {
    const auto found = site_by_tensor_.find(tensor.name);
    if (found != site_by_tensor_.end()) return {sites_[found->second].block, sites_[found->second].role};
    const auto stem = split_name(tensor.name);
    const int block = block_in_name(tensor.name);
    if (stem.kind == "bias") return {block, std::string(role::bias)};
    const bool norm = tensor.shape.size() == 1 &&
                      (stem.name.find("norm") != stem.name.npos || stem.name.find("ln_") != stem.name.npos ||
                       stem.name.ends_with("ln") || stem.name.find("layernorm") != stem.name.npos);
    return {block, std::string(norm ? role::norm : role::other)};
}

} // namespace quantscope
