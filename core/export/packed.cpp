// Writes packed files and opens any model. Reading them is in packed_checkpoint.cpp.
#include "core/export/packed.h"

#include <map>

#include "core/base/atomic_file.h"
#include "core/base/errors.h"
#include "core/export/companion_files.h"
#include "core/export/kept_tensor.h"
#include "core/export/packed_checkpoint.h"
#include "core/export/packed_layout.h"
#include "core/export/provenance.h"

namespace quantscope {

using nlohmann::json;

namespace {

std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

/// One packed file in the making: which tensors, and what the metadata says of them.
class PackedWriter {
public:
    explicit PackedWriter(const FittedModel& model)
        : model_(model)
        , checkpoint_(model.model().checkpoint()) {
        for (const auto& [name, site] : model.sites()) {
            const Site* place = model.model().find_site(name);
            if (!place) throw ShapeError(checkpoint_.path().string(), name, "was fitted but is no site of the model");
            sites_.emplace(place->tensor, &site);
        }
        for (const TensorInfo& tensor : checkpoint_.tensors()) {
            order_.push_back(tensor.name);
            add(tensor);
        }
    }

    std::vector<TensorToWrite> take_tensors() { return std::move(tensors_); }

    std::map<std::string, std::string> metadata(const Provenance& provenance) const {
        std::map<std::string, std::string> entries{{packed::layout_key, packed::layout},
                                                   {packed::version_key, provenance.version},
                                                   {packed::source_key, provenance.source},
                                                   {packed::sha256_key, provenance.source_sha256},
                                                   {packed::created_key, provenance.created},
                                                   {packed::family_key, provenance.family},
                                                   {packed::recipe_key, text_of(model_.recipe())},
                                                   {packed::sites_key, text_of(described_)},
                                                   {packed::blocks_key, text_of(blocks_)},
                                                   {packed::order_key, text_of(order_)},
                                                   {packed::naming_key, checkpoint_.naming()},
                                                   {packed::config_key, text_of(checkpoint_.config())},
                                                   {packed::metadata_key, text_of(checkpoint_.metadata())}};
        if (!copies_.empty()) entries.emplace(packed::copies_key, text_of(copies_));
        if (!checkpoint_.container().empty()) entries.emplace(packed::container_key, checkpoint_.container());
        return entries;
    }

private:
    void add(const TensorInfo& tensor) {
        if (const std::string original = model_.model().copied_from(tensor.name); !original.empty()) {
            copies_[tensor.name] = original;
            return;
        }
        if (const auto fitted = sites_.find(tensor.name); fitted != sites_.end())
            return add_site(tensor, *fitted->second);
        if (tensor.dtype == DType::PACKED) return add_earlier_site(tensor);
        const DTypeFacts& known = facts(tensor.dtype);
        if (fits_safetensors(tensor.dtype))
            tensors_.push_back(kept_tensor(checkpoint_, tensor, tensor.name, tensor.dtype));
        else if (known.decoded) // 16 bits stand for the original that was block-quantized
            tensors_.push_back(kept_tensor(checkpoint_, tensor, tensor.name, DType::F16));
        else {
            tensors_.push_back(kept_blocks(checkpoint_, tensor));
            blocks_[tensor.name] = {{"dtype", known.name}, {"shape", tensor.shape}};
        }
    }

    void add_site(const TensorInfo& tensor, const FittedSite& site) {
        const Site* place = model_.model().find_site(site.name);
        json arrays = json::array();
        for (const auto& [name, array] : site.arrays) {
            arrays.push_back(name);
            tensors_.push_back(tensor_of_bytes(site.name + "." + name, array.dtype, array.shape, array.data));
        }
        described_[site.name] = {{"tensor", tensor.name},
                                 {"shape", tensor.shape},
                                 {"permuted_heads", place ? place->permuted_heads : 0},
                                 {"scheme", site.scheme},
                                 {"error", packed::as_json(site.error)},
                                 {"arrays", arrays}};
    }

    /// A site that the source, itself packed, holds as codes, and that this recipe leaves alone.
    void add_earlier_site(const TensorInfo& tensor) {
        const auto* source = dynamic_cast<const PackedCheckpoint*>(&checkpoint_);
        if (!source) throw FormatError(checkpoint_.path().string(), tensor.name, "has codes but no scheme");
        earlier_.push_back(source->site(tensor));
        add_site(tensor, *earlier_.back());
    }

    const FittedModel& model_;
    const Checkpoint& checkpoint_;
    std::map<std::string, const FittedSite*> sites_; ///< by tensor name
    std::vector<std::shared_ptr<const FittedSite>> earlier_;
    std::vector<TensorToWrite> tensors_;
    json described_ = json::object(), blocks_ = json::object(), copies_ = json::object(), order_ = json::array();
};

} // namespace

bool is_packed(const Checkpoint& checkpoint) {
    return dynamic_cast<const PackedCheckpoint*>(&checkpoint) ||
           (checkpoint.metadata().is_object() && checkpoint.metadata().contains(packed::layout_key));
}

json packed_recipe(const Checkpoint& checkpoint) {
    const auto* opened = dynamic_cast<const PackedCheckpoint*>(&checkpoint);
    return opened ? opened->recipe() : json();
}

std::shared_ptr<const Model> open_model(const std::filesystem::path& path, const ModelOptions& options) {
    auto checkpoint = Checkpoint::open(path);
    if (checkpoint->format() == "safetensors" && is_packed(*checkpoint))
        checkpoint = std::make_unique<PackedCheckpoint>(std::move(checkpoint));
    return Model::from(std::move(checkpoint), options);
}

std::uint64_t packed_file_bytes(const FittedModel& model) {
    PackedWriter writer(model);
    return safetensors_bytes(writer.take_tensors(), writer.metadata(provenance_unread(model.model())));
}

std::uint64_t write_packed(const FittedModel& model, const std::filesystem::path& file, Progress& progress) {
    Progress hashing(progress, 0, 0.2), writing(progress, 0.2, 1);
    const Provenance provenance = provenance_of(model.model(), hashing);
    PackedWriter writer(model);
    return write_safetensors(file, writer.take_tensors(), writer.metadata(provenance), writing);
}

ExportResult write_packed_folder(const FittedModel& model, const std::filesystem::path& folder, Progress& progress) {
    const Checkpoint& source = model.model().checkpoint();
    OutputFolder output(folder, source);
    ExportResult result;
    result.bytes = output.fill([&] {
        if (source.naming() != "gguf") copy_companions(source, output.path(), {"config.json"}); // GGUF: all is inside
        return write_packed(model, output.path() / "model.safetensors", progress);
    });
    progress.check();
    result.files = output.commit();
    return result;
}

} // namespace quantscope
