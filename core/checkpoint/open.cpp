// Checkpoint::open: which reader a file needs, which files of a folder are the model, and how shards become one list.
#include <algorithm>
#include <array>

#include "core/base/errors.h"
#include "core/checkpoint/json_guard.h"
#include "core/checkpoint/reader.h"
#include "core/checkpoint/remedy.h"
#include "core/checkpoint/weight_files.h"

namespace quantscope {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const FormatReader& reader_for(const MappedFile& file) {
    const auto head = file.bytes().first(std::min<std::size_t>(64, file.size()));
    for (const FormatReader& reader : format_readers())
        if (reader.recognises(head, file.size())) return reader;
    // Not recognised by its content: the reader of its extension says best what is wrong.
    const std::string extension = file.path().extension().string();
    for (const FormatReader& reader : format_readers())
        if (std::find(reader.extensions.begin(), reader.extensions.end(), extension) != reader.extensions.end())
            return reader;
    throw FormatError(file.name(), "", "is no safetensors, GGUF or PyTorch file; give a model file or its folder");
}

class MappedCheckpoint final : public Checkpoint {
public:
    MappedCheckpoint(const fs::path& path, const WeightFiles& weights) {
        path_ = path;
        remarks_ = weights.remarks;
        for (const fs::path& file : weights.files)
            add(file);
        refuse_duplicates();
        index_names();
        weights.check_claims(*this);
        if (!weights.config_file.empty()) read_config(weights);
    }

    std::span<const std::byte> raw(const TensorInfo& tensor) const override {
        if (!tensor.strides.empty())
            throw ShapeError(file_of(tensor), tensor.name, "is a view whose values are not stored one after another");
        return stored(tensor);
    }

    void release(const TensorInfo& tensor) const override {
        maps_.at(tensor.file)->release(tensor.offset, tensor.bytes);
    }

private:
    std::span<const std::byte> stored(const TensorInfo& tensor) const override {
        if (tensor.bytes == 0) return {};
        const MappedFile& file = *maps_.at(tensor.file);
        file.check_intact();
        return file.bytes().subspan(tensor.offset, tensor.bytes);
    }

    void add(const fs::path& path) {
        auto file = std::make_unique<MappedFile>(path);
        const FormatReader& reader = reader_for(*file);
        if (format_.empty()) format_ = reader.format;
        if (format_ != reader.format)
            throw FormatError(path.string(), "",
                              "is a " + std::string(reader.format) + " file among " + format_ +
                                  " files; keep only one format in the folder");
        Contents contents = reader.read(*file);
        if (tensors_.size() + contents.tensors.size() > tensor_limit)
            throw FormatError(path.string(), "",
                              "with it the model has more than " + std::to_string(tensor_limit) + " tensors");
        for (TensorInfo& tensor : contents.tensors) {
            tensor.file = static_cast<std::uint32_t>(files_.size());
            tensors_.push_back(std::move(tensor));
        }
        if (files_.empty()) metadata_ = std::move(contents.metadata);
        if (files_.empty()) container_ = std::move(contents.container);
        for (std::string& remark : contents.remarks)
            remarks_.push_back(std::move(remark));
        files_.push_back(path);
        file_bytes_ += file->size();
        maps_.push_back(std::move(file));
    }

    void refuse_duplicates() const {
        std::vector<const TensorInfo*> sorted;
        for (const TensorInfo& tensor : tensors_)
            sorted.push_back(&tensor);
        std::sort(sorted.begin(), sorted.end(), [](auto a, auto b) { return a->name < b->name; });
        for (std::size_t i = 1; i < sorted.size(); ++i)
            if (sorted[i]->name == sorted[i - 1]->name)
                throw FormatError(file_of(*sorted[i]), sorted[i]->name,
                                  sorted[i]->file == sorted[i - 1]->file
                                      ? "occurs twice"
                                      : "occurs in " + file_of(*sorted[i - 1]) + " too; remove one of the files");
    }

    void read_config(const WeightFiles& weights) {
        try {
            config_ = read_json_file(weights.config_file);
            if (!config_.is_object())
                throw FormatError(weights.config_file.string(), "", with_remedy("is not a JSON object"));
        } catch (const Error& error) {
            // A folder's config.json belongs to the model; one that lies beside a single file may not.
            if (weights.config_belongs) throw;
            config_ = nullptr;
            remarks_.push_back("the config.json beside the file is not used: " + std::string(error.what()));
        }
        if (config_.is_object()) note_quantization();
    }

    void note_quantization() {
        const auto found = config_.find("quantization_config");
        if (found == config_.end() || found->is_null()) return;
        const auto text = [&](const char* key) {
            const auto entry = found->find(key);
            return entry != found->end() && entry->is_string() ? entry->get<std::string>() : std::string();
        };
        std::string method = text("quant_method"), detail = text("format");
        if (detail.empty()) detail = text("checkpoint_format");
        if (method.empty()) method = "an unnamed method";
        if (!detail.empty()) method += " (" + printable(detail, 60) + ")";
        remarks_.push_back("quantization_config: the weights are already quantized with " + printable(method, 120) +
                           ", which is not decoded; their packed tensors are listed as they are stored");
    }

    std::vector<std::unique_ptr<MappedFile>> maps_;
};

} // namespace

std::unique_ptr<Checkpoint> Checkpoint::open(const fs::path& path) {
    return std::make_unique<MappedCheckpoint>(path, find_weight_files(path));
}

} // namespace quantscope
