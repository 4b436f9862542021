// Recognises a checkpoint's family and gives every tensor its Hugging Face name, block and role.
#include "core/model/model_builder.h"

#include <algorithm>
#include <tuple>

#include "core/base/checked.h"
#include "core/base/errors.h"
#include "core/model/names.h"
#include "core/model/read_architecture.h"

namespace quantscope {

namespace {

constexpr std::string_view inner_prefix = "model."; ///< of language models in Hugging Face's layout

bool holds(const std::vector<std::string_view>& list, std::string_view entry) {
    return std::find(list.begin(), list.end(), entry) != list.end();
}

/// The names by which a configuration calls its model: model_type, _class_name, architectures.
std::vector<std::string> model_types(const nlohmann::json& config) {
    std::vector<std::string> types;
    if (!config.is_object()) return types;
    for (const char* key : {"model_type", "_class_name"})
        if (config.contains(key) && config.at(key).is_string()) types.push_back(config.at(key).get<std::string>());
    if (types.empty() && config.contains("architectures") && config.at("architectures").is_array())
        for (const auto& entry : config.at("architectures"))
            if (entry.is_string()) types.push_back(entry.get<std::string>());
    return types;
}

bool is_language_model(const Family& family) { return family.kind == "llm"; }

} // namespace

ModelBuilder::ModelBuilder(std::unique_ptr<Checkpoint> checkpoint, const ModelOptions& options)
    : model_(std::make_shared<Model>())
    , checkpoint_(*checkpoint)
    , options_(options) {
    model_->checkpoint_ = std::move(checkpoint);
    gguf_ = checkpoint_.naming() == "gguf";
}

std::shared_ptr<const Model> ModelBuilder::build() {
    recognise();
    if (family_) {
        model_->family_ = family_->name;
        model_->kind_ = family_->kind;
        find_prefix();
        name_tensors();
    }
    add_other_sites();
    count_parameters();
    read_facts();
    return std::move(model_);
}

void ModelBuilder::recognise() {
    config_file_ = checkpoint_.path().string();
    std::vector<std::string> types;
    if (gguf_) {
        const auto& metadata = checkpoint_.metadata();
        if (metadata.is_object() && metadata.contains("general.architecture") &&
            metadata.at("general.architecture").is_string())
            types.push_back(metadata.at("general.architecture").get<std::string>());
        for (const auto& family : families())
            if (!types.empty() && holds(family.gguf_architectures, types[0])) family_ = &family;
        if (family_ && is_language_model(*family_)) config_ = config_from_gguf(metadata, types[0], config_file_);
    } else {
        config_ = checkpoint_.config();
        if (!config_.is_null())
            config_file_ = (std::filesystem::is_directory(checkpoint_.path()) ? checkpoint_.path()
                                                                              : checkpoint_.path().parent_path()) /
                           "config.json";
        types = model_types(config_);
        for (const auto& family : families())
            for (const auto& type : types)
                if (!family_ && holds(family.model_types, type)) family_ = &family;
    }
    if (family_) return;
    if (!types.empty())
        model_->why_not_ = "Models of type '" + printable(types[0], 40) +
                           "' can be inspected, quantized and exported, but not yet evaluated.";
    else
        family_ = family_of_names();
}

const Family* ModelBuilder::family_of_names() {
    for (const auto& family : families()) {
        if (family.telltales.empty()) continue;
        const bool all = std::ranges::all_of(family.telltales, [&](std::string_view telltale) {
            return std::ranges::any_of(checkpoint_.tensors(), [&](const TensorInfo& tensor) {
                return prefix_before(telltale, split_name(tensor.name).name).has_value();
            });
        });
        if (all) return &family;
    }
    return nullptr;
}

/// The same weights may lie under "", "model.", "ema.", "model.diffusion_model.", …; where several do, the averaged
/// ones win (that is what is sampled from), then the shortest.
void ModelBuilder::find_prefix() {
    if (gguf_) return;
    const auto better = [](std::string_view a, std::string_view b) {
        const bool a_averaged = a.find("ema") != a.npos, b_averaged = b.find("ema") != b.npos;
        if (a_averaged != b_averaged) return a_averaged;
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    };
    std::optional<std::string_view> best;
    for (const auto& rule : family_->names) {
        auto pattern = rule.name;
        if (pattern.starts_with(inner_prefix)) pattern.remove_prefix(inner_prefix.size());
        if (pattern.find("N.") == pattern.npos) continue;
        for (const auto& tensor : checkpoint_.tensors()) {
            const auto found = prefix_before(pattern, split_name(tensor.name).name);
            if (found && (!best || better(*found, *best))) best = found;
        }
        if (best) break; // the first kind of tensor that occurs decides
    }
    prefix_ = best ? std::string(*best) : std::string(is_language_model(*family_) ? inner_prefix : "");
    outer_ = prefix_.ends_with(inner_prefix) ? prefix_.substr(0, prefix_.size() - inner_prefix.size()) : prefix_;
}

void ModelBuilder::name_tensors() {
    std::vector<Named> named;
    std::set<std::string> canonical_taken;
    for (const auto& tensor : checkpoint_.tensors()) {
        const auto stem = split_name(tensor.name);
        for (std::size_t i = 0; i < family_->names.size(); ++i) {
            const auto& rule = family_->names[i];
            std::optional<int> block;
            if (gguf_) {
                if (!rule.gguf.empty()) block = match_name(rule.gguf, stem.name);
            } else {
                auto pattern = rule.name;
                const bool inner = is_language_model(*family_) && pattern.starts_with(inner_prefix);
                if (inner) pattern.remove_prefix(inner_prefix.size());
                const auto& prefix = inner || !is_language_model(*family_) ? prefix_ : outer_;
                if (stem.name.starts_with(prefix)) block = match_name(pattern, stem.name.substr(prefix.size()));
            }
            if (!block) continue;
            // A star stands for several names, so the tensor's own is the canonical one.
            auto canonical = rule.name.find('*') == rule.name.npos
                                 ? fill_name(rule.name, *block)
                                 : std::string(stem.name.substr(gguf_ ? 0 : prefix_.size()));
            const auto full = stem.kind.empty() ? canonical : canonical + "." + std::string(stem.kind);
            if (!canonical_taken.insert(full).second) break;
            model_->names_.emplace_back(full, tensor.name);
            model_->blocks_ = std::max(model_->blocks_, *block + 1);
            if (stem.kind != "bias") named.push_back({&tensor, std::move(canonical), i, *block});
            break;
        }
    }
    std::sort(model_->names_.begin(), model_->names_.end());
    find_copies();
    std::erase_if(named, [&](const Named& entry) { return model_->copies_.contains(entry.tensor->name); });
    add_named_sites(named);
}

/// diffusers stores the embedders of timestep and class in every block, equal in all released models. Where they are,
/// they are one weight: quantized once and counted once.
void ModelBuilder::find_copies() {
    const std::string_view inside = ".norm1.emb.";
    if (family_->name != "dit-diffusers") return;
    std::map<int, std::map<std::string, const TensorInfo*>> embedders; // by block: a file's numbers need not be dense
    for (const auto& [canonical, name] : model_->names_)
        if (const auto at = canonical.find(inside); at != canonical.npos) {
            const auto block = block_in_name(canonical);
            if (block >= 0) embedders[block][canonical.substr(at)] = checkpoint_.find(name);
        }
    const auto equal = [&](const TensorInfo& a, const TensorInfo& b) {
        if (a.dtype != b.dtype || a.shape != b.shape || !a.strides.empty() || !b.strides.empty()) return false;
        if (a.file == b.file && a.offset == b.offset && a.bytes == b.bytes) return true; // stored once
        if (a.dtype == DType::PACKED) return false;
        const auto first = checkpoint_.raw(a), second = checkpoint_.raw(b);
        return std::ranges::equal(first, second);
    };
    const auto& first = embedders[0];
    for (const auto& [block, here] : embedders) {
        const bool copy = block > 0 && here.size() == first.size() && std::ranges::all_of(here, [&](const auto& entry) {
                              const auto original = first.find(entry.first);
                              return original != first.end() && equal(*original->second, *entry.second);
                          });
        if (!copy) continue;
        for (const auto& [part, tensor] : here)
            model_->copies_.emplace(tensor->name, first.at(part)->name);
    }
}

void ModelBuilder::add_named_sites(const std::vector<Named>& named) {
    // Forward order: what stands before the blocks' rules, block by block, what stands behind them.
    const auto is_block_rule = [&](std::size_t rule) {
        return family_->names[rule].name.find("N.") != std::string_view::npos;
    };
    std::size_t first_block_rule = family_->names.size();
    for (std::size_t i = 0; i < family_->names.size(); ++i)
        if (is_block_rule(i)) {
            first_block_rule = i;
            break;
        }
    const auto order = [&](const Named& entry) {
        const int part = is_block_rule(entry.rule) ? 1 : entry.rule < first_block_rule ? 0 : 2;
        return std::tuple(part, part == 1 ? entry.block : 0, entry.rule);
    };
    auto sorted = named;
    std::stable_sort(sorted.begin(), sorted.end(), [&](const Named& a, const Named& b) { return order(a) < order(b); });
    for (const auto& entry : sorted) {
        const auto& rule = family_->names[entry.rule];
        if (rule.role == role::norm || !is_site(*entry.tensor)) continue;
        // GGUF's names are shown as Hugging Face has them; other files' names stay their own.
        auto name = gguf_ ? entry.canonical : std::string(split_name(entry.tensor->name).name);
        add_site(*entry.tensor, std::move(name), entry.block, rule.role, rule.in_default);
    }
}

bool ModelBuilder::is_site(const TensorInfo& tensor) const {
    if (!facts(tensor.dtype).is_float) return false;
    if (tensor.shape.size() != 2 && tensor.shape.size() != 4) return false;
    return std::ranges::all_of(tensor.shape, [](std::int64_t size) { return size > 0; });
}

void ModelBuilder::add_site(const TensorInfo& tensor, std::string name, int block, std::string_view role,
                            bool in_default) {
    if (!taken_.insert(name).second) {
        name = tensor.name; // "a" and "a.weight" in one file
        if (!taken_.insert(name).second) return;
    }
    Site site;
    site.name = std::move(name);
    site.tensor = tensor.name;
    site.block = block;
    site.role = role;
    site.out = tensor.rows();
    site.in = tensor.columns();
    site.in_default = in_default && facts(tensor.dtype).decoded;
    model_->site_by_name_.emplace(site.name, model_->sites_.size());
    model_->site_by_tensor_.emplace(site.tensor, model_->sites_.size());
    model_->sites_.push_back(std::move(site));
}

/// Tensors that no rule of the family names; in a file of unknown family, all.
void ModelBuilder::add_other_sites() {
    std::set<std::string> known;
    for (const auto& [canonical, name] : model_->names_)
        known.insert(name);
    std::vector<const TensorInfo*> others;
    bool experts = false, numbered = false;
    for (const auto& tensor : checkpoint_.tensors()) {
        if (known.contains(tensor.name) || !is_site(tensor)) continue;
        // Of two copies of the weights (averaged and not), only the one that is used has sites.
        if (family_ && family_->kind == "dit" && !prefix_.empty() && !tensor.name.starts_with(prefix_)) continue;
        others.push_back(&tensor);
        experts = experts || tensor.name.find("expert") != std::string::npos;
        if (tensor.shape.size() == 2) numbered = numbered || block_in_name(tensor.name) >= 0;
    }
    for (const auto* tensor : others) {
        const auto stem = split_name(tensor->name).name;
        const int block = block_in_name(tensor->name);
        auto role = guess_role(stem, tensor->shape.size());
        if (role == role::router && !experts) role = role::gate;
        const bool outside = role == role::embedding || role == role::head;
        const bool covered =
            !family_ && tensor->shape.size() == 2 && role != role::router && (numbered ? block >= 0 : !outside);
        add_site(*tensor, std::string(stem), block, role, covered);
        if (!family_) model_->blocks_ = std::max(model_->blocks_, block + 1);
    }
}

void ModelBuilder::count_parameters() {
    const bool one_of_copies = family_ && family_->kind == "dit" && !prefix_.empty();
    std::uint64_t total = 0;
    for (const auto& tensor : checkpoint_.tensors()) {
        if (!facts(tensor.dtype).is_float || (one_of_copies && !tensor.name.starts_with(prefix_))) continue;
        if (model_->copies_.contains(tensor.name)) continue;
        total = checked_add(total, static_cast<std::uint64_t>(tensor.values())).value_or(INT64_MAX);
    }
    model_->parameters_ = total;
}

} // namespace quantscope
