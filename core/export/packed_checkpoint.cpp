// Opens packed files. Their metadata is as little trusted as any other file: every site's arrays are held against its
// scheme before the first code is read.
#include "core/export/packed_checkpoint.h"

#include <algorithm>

#include "core/base/checked.h"
#include "core/base/errors.h"
#include "core/checkpoint/json_guard.h"
#include "core/export/packed_layout.h"
#include "core/schemes/parameter.h"
#include "core/schemes/site_arrays.h"

namespace quantscope {

using nlohmann::json;

namespace {

constexpr std::int64_t largest_dimension = std::int64_t(1) << 40;

/// The row of a fitted site (Hugging Face order) that is stored as row `row` of a GGUF tensor with permuted heads.
std::int64_t site_row(std::int64_t row, std::int64_t rows, std::int64_t permuted_heads) {
    if (permuted_heads == 0) return row;
    const std::int64_t head_dim = rows / permuted_heads;
    const std::int64_t inside = row % head_dim;
    return row - inside + inside % 2 * (head_dim / 2) + inside / 2;
}

const json* member_of(const json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

} // namespace

PackedCheckpoint::PackedCheckpoint(std::unique_ptr<Checkpoint> stored)
    : stored_(std::move(stored)) {
    path_ = stored_->path();
    format_ = "packed";
    files_.assign(stored_->files().begin(), stored_->files().end());
    file_bytes_ = stored_->file_bytes();
    remarks_.assign(stored_->remarks().begin(), stored_->remarks().end());
    metadata_ = stored_->metadata(); // while opening; read_source puts the source's own in its place
    if (const auto* version = member_of(metadata_, packed::layout_key); !version || *version != packed::layout)
        fail(packed::layout_key, "this version reads layout 1; open the file with a newer Quantscope");

    recipe_ = parsed(packed::recipe_key, json::value_t::object);
    const json sites = parsed(packed::sites_key, json::value_t::object);
    for (const auto& [name, entry] : sites.items())
        add_site(name, entry);
    const json blocks = parsed(packed::blocks_key, json::value_t::object);
    for (const auto& [name, entry] : blocks.items())
        add_blocks(name, entry);
    add_kept();
    if (tensors_.size() != kept_.size() + sites_.size()) fail(packed::sites_key, "two tensors have the same name");
    add_copies();
    restore_order();
    index_names();
    read_source();
}

void PackedCheckpoint::fail(const std::string& place, const std::string& problem) const {
    throw FormatError(path_.string(), place, problem);
}

json PackedCheckpoint::parsed(const char* key, json::value_t type) const {
    const json* text = member_of(metadata_, key);
    if (!text || !text->is_string()) fail(key, "is missing; the packed file is damaged");
    json value = parse_json(text->get_ref<const std::string&>(), path_.string(), key);
    if (value.type() != type && !value.is_null()) fail(key, "is no JSON " + std::string(json(type).type_name()));
    return value;
}

void PackedCheckpoint::read_source() {
    const json* naming = member_of(metadata_, packed::naming_key);
    naming_ = naming && naming->is_string() ? naming->get<std::string>() : std::string();
    if (naming_ != "safetensors" && naming_ != "gguf" && naming_ != "pytorch")
        fail(packed::naming_key, "is none of safetensors, gguf and pytorch; the packed file is damaged");
    if (const json* container = member_of(metadata_, packed::container_key); container && container->is_string())
        container_ = container->get<std::string>();
    config_ = parsed(packed::config_key, json::value_t::object);
    metadata_ = parsed(packed::metadata_key, json::value_t::object);
}

/// A stored tensor that something in the metadata names.
const TensorInfo& PackedCheckpoint::claim(const std::string& name) {
    const TensorInfo* tensor = stored_->find(name);
    if (!tensor) fail(name, "is named in the metadata but missing; the packed file is damaged");
    if (!claimed_.insert(name).second) fail(name, "is named twice in the metadata; the packed file is damaged");
    return *tensor;
}

std::vector<std::int64_t> PackedCheckpoint::shape_of(const std::string& name, const json& entry) const {
    const json* sizes = entry.is_object() ? member_of(entry, "shape") : nullptr;
    if (!sizes || !sizes->is_array() || sizes->size() > 16) fail(name, "its entry has no shape");
    std::vector<std::int64_t> shape;
    std::uint64_t room = 1;
    for (const json& size : *sizes) {
        if (!size.is_number_unsigned() || size.get<std::uint64_t>() > largest_dimension)
            fail(name, "its shape holds something that is no size");
        shape.push_back(size.get<std::int64_t>());
        const auto next = checked_multiply(room, std::max<std::uint64_t>(1, size.get<std::uint64_t>()));
        if (!next) fail(name, "its shape is too large to exist; the packed file is damaged");
        room = *next;
    }
    return shape;
}

void PackedCheckpoint::add_site(const std::string& name, const json& entry) {
    TensorInfo tensor;
    tensor.dtype = DType::PACKED;
    tensor.shape = shape_of(name, entry);
    const json *own = member_of(entry, "tensor"), *scheme = member_of(entry, "scheme"),
               *arrays = member_of(entry, "arrays"), *heads = member_of(entry, "permuted_heads"),
               *error = member_of(entry, "error");
    if (!own || !own->is_string()) fail(name, "its entry names no tensor");
    if (!scheme || !scheme->is_object()) fail(name, "its entry has no scheme");
    if (!arrays || !arrays->is_array() || arrays->size() > 64) fail(name, "its entry has no list of arrays");
    if (tensor.shape.size() < 2) fail(name, "its shape is that of no weight");
    tensor.name = own->get<std::string>();

    PackedSite site;
    site.described.name = name;
    site.described.rows = tensor.rows();
    site.described.columns = tensor.columns();
    site.described.scheme = *scheme;
    site.described.error = packed::error_from(error ? *error : json());
    for (const json& array : *arrays) {
        if (!array.is_string()) fail(name, "its list of arrays holds something else than names");
        const TensorInfo& stored = claim(name + "." + array.get<std::string>());
        if (!site.arrays.emplace(array.get<std::string>(), &stored).second) fail(name, "names an array twice");
        tensor.bytes += stored.bytes;
        if (array == "codes") tensor.offset = stored.offset, tensor.file = stored.file;
    }
    if (heads) {
        if (!heads->is_number_unsigned() || heads->get<std::uint64_t>() > 1'000'000)
            fail(name, "permuted_heads is no number of heads");
        site.permuted_heads = heads->get<std::int64_t>();
        if (site.permuted_heads > 0 && site.described.rows % (2 * site.permuted_heads) != 0)
            fail(name, "its rows are not those of " + std::to_string(site.permuted_heads) + " heads");
    }
    check_site(site);
    if (!sites_.emplace(tensor.name, std::move(site)).second) fail(tensor.name, "belongs to two sites");
    tensors_.push_back(std::move(tensor));
}

/// Holds the stored arrays' dtypes and shapes against what the scheme plans, so that sizes are known to be true.
void PackedCheckpoint::check_site(const PackedSite& site) const {
    const std::string& name = site.described.name;
    json grid_values;
    try {
        for (const Choice choice : all_choices) {
            const json* values = member_of(site.described.scheme, std::string(quantscope::name(choice)).c_str());
            if (!values) fail(name, "its scheme has no " + std::string(quantscope::name(choice)));
            const json resolved = resolved_member(choice, *values, std::string(quantscope::name(choice)));
            if (choice == Choice::grid) grid_values = resolved;
        }
    } catch (const RecipeError& error) {
        fail(name, std::string("its scheme is not valid: ") + error.what());
    }
    const auto grid = grid_named(grid_values.at("name").get<std::string>()).method(grid_values);
    const auto scale = site.arrays.find("scale");
    DType scale_dtype = grid->scale_dtype();
    if (scale != site.arrays.end() && scale->second->dtype == DType::F32)
        scale_dtype = DType::F32; // fp16 was too narrow
    const auto plans = planned_arrays(*grid, grid->units(site.described.rows, site.described.columns), scale_dtype);
    for (const ArrayPlan& plan : plans) {
        const auto found = site.arrays.find(plan.name);
        if (found == site.arrays.end())
            fail(name, "its array " + plan.name + " is missing; the packed file is damaged");
        if (found->second->dtype != plan.dtype || found->second->shape != plan.shape)
            fail(name + "." + plan.name,
                 "its dtype or shape is not what the site's scheme asks for; the packed file is "
                 "damaged or was made by another version");
    }
    if (plans.size() != site.arrays.size()) fail(name, "it has arrays that its scheme does not use");
}

/// A tensor that is stored as the bytes of its blocks.
void PackedCheckpoint::add_blocks(const std::string& name, const json& entry) {
    TensorInfo tensor = claim(name);
    const std::uint64_t stored = tensor.bytes;
    tensor.shape = shape_of(name, entry);
    const json* dtype = member_of(entry, "dtype");
    const auto known = dtype && dtype->is_string() ? dtype_named(dtype->get_ref<const std::string&>()) : std::nullopt;
    if (!known) fail(name, "its entry has no known dtype");
    tensor.dtype = *known;
    const auto values = checked_product(tensor.shape);
    if (!values || bytes_of(tensor.dtype, *values) != stored)
        fail(name, "its bytes are not those of its dtype and shape");
    tensors_.push_back(tensor);
    kept_.emplace(name, stored_->find(name));
}

/// Everything that belongs to no site is a tensor of the source as it is.
void PackedCheckpoint::add_kept() {
    for (const TensorInfo& tensor : stored_->tensors()) {
        if (claimed_.contains(tensor.name)) continue;
        if (sites_.contains(tensor.name)) fail(tensor.name, "is both fitted and kept; the packed file is damaged");
        tensors_.push_back(tensor);
        kept_.emplace(tensor.name, &tensor);
    }
}

/// Tensors that the source holds again are stored once; each gets its own name back, and the values of the other.
void PackedCheckpoint::add_copies() {
    if (!member_of(metadata_, packed::copies_key)) return;
    std::map<std::string_view, std::size_t> stored;
    for (std::size_t i = 0; i < tensors_.size(); ++i)
        stored.emplace(tensors_[i].name, i);
    std::vector<TensorInfo> copies;
    const json entries = parsed(packed::copies_key, json::value_t::object);
    for (const auto& [name, original] : entries.items()) {
        if (stored.contains(name)) fail(name, "is both stored and named as a copy; the packed file is damaged");
        const auto found = original.is_string() ? stored.find(original.get_ref<const std::string&>()) : stored.end();
        if (found == stored.end()) fail(name, "is a copy of a tensor that is not there; the packed file is damaged");
        copies.push_back(tensors_[found->second]);
        copies.back().name = name;
        copies_.emplace(name, original.get<std::string>());
    }
    tensors_.insert(tensors_.end(), copies.begin(), copies.end());
}

const std::string& PackedCheckpoint::stored_name(const std::string& name) const {
    const auto found = copies_.find(name);
    return found == copies_.end() ? name : found->second;
}

/// The file stores by dtype and name; the source's own order is what a reader expects to see.
void PackedCheckpoint::restore_order() {
    std::map<std::string, std::size_t> place;
    const json order = parsed(packed::order_key, json::value_t::array);
    for (std::size_t i = 0; i < order.size(); ++i)
        if (order[i].is_string()) place.emplace(order[i].get<std::string>(), i);
    const auto at = [&](const TensorInfo& tensor) {
        const auto found = place.find(tensor.name);
        return found == place.end() ? place.size() : found->second;
    };
    std::stable_sort(tensors_.begin(), tensors_.end(), [&](auto& a, auto& b) { return at(a) < at(b); });
}

std::span<const std::byte> PackedCheckpoint::raw(const TensorInfo& tensor) const {
    const auto found = kept_.find(stored_name(tensor.name));
    if (found == kept_.end())
        throw ShapeError(path_.string(), tensor.name, "is stored as codes, not as values; read its rows");
    return stored_->raw(*found->second);
}

void PackedCheckpoint::release(const TensorInfo& tensor) const {
    const std::string& name = stored_name(tensor.name);
    if (const auto kept = kept_.find(name); kept != kept_.end()) return stored_->release(*kept->second);
    const auto site = sites_.find(name);
    if (site == sites_.end()) return;
    for (const auto& entry : site->second.arrays)
        stored_->release(*entry.second);
    const std::lock_guard guard(lock_);
    std::erase_if(lately_, [&](const auto& entry) { return entry.first == name; });
}

std::shared_ptr<const FittedSite> PackedCheckpoint::site(const TensorInfo& tensor) const {
    const std::string& own = stored_name(tensor.name);
    const auto found = sites_.find(own);
    if (found == sites_.end()) return nullptr;
    {
        const std::lock_guard guard(lock_);
        for (const auto& [name, site] : lately_)
            if (name == own) return site;
    }
    auto site = std::make_shared<FittedSite>(found->second.described);
    for (const auto& [name, stored] : found->second.arrays) {
        const auto bytes = stored_->raw(*stored);
        site->arrays[name] = {stored->dtype, stored->shape, std::vector<std::byte>(bytes.begin(), bytes.end())};
    }
    const std::lock_guard guard(lock_);
    lately_.emplace_back(own, site);
    std::uint64_t total = 0;
    for (const auto& entry : lately_)
        total += entry.second->bytes();
    while (lately_.size() > 1 && total > kept_bytes) {
        total -= lately_.front().second->bytes();
        lately_.erase(lately_.begin());
    }
    return site;
}

void PackedCheckpoint::decode_rows(const TensorInfo& tensor, std::int64_t first, std::int64_t count,
                                   std::span<float> out) const {
    const auto fitted = site(tensor);
    if (!fitted) return Checkpoint::decode_rows(tensor, first, count, out);
    const std::int64_t heads = sites_.find(stored_name(tensor.name))->second.permuted_heads, columns = tensor.columns();
    try {
        if (heads == 0) return fitted->decode_rows(first, count, out);
        for (std::int64_t i = 0; i < count; ++i)
            fitted->decode_rows(site_row(first + i, tensor.rows(), heads), 1,
                                out.subspan(static_cast<std::size_t>(i * columns), static_cast<std::size_t>(columns)));
    } catch (const FormatError& error) { // the site does not know its file
        throw FormatError(path_.string(), error.place(), error.problem());
    }
}

} // namespace quantscope
