// Single files in the source's names, with what must stand beside them. Folders are in diffusers_folder.cpp.
#include "core/export/original_layout.h"

#include <algorithm>
#include <fstream>

#include "core/base/errors.h"
#include "core/export/companion_files.h"
#include "core/export/decoded_tensors.h"
#include "core/export/kept_tensor.h"
#include "core/export/provenance.h"
#include "core/export/pytorch_writer.h"

namespace quantscope {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

void refuse_source(const fs::path& target, const Checkpoint& source) {
    std::error_code ignored;
    for (const fs::path& file : source.files())
        if (fs::exists(target, ignored) && fs::equivalent(target, file, ignored))
            throw IoError(target.string(), "", "is the model's own file; name another one");
    if (fs::is_directory(target, ignored)) throw IoError(target.string(), "", "is a folder; name a file in it");
}

/// The source's own texts, and where the file comes from.
std::map<std::string, std::string> metadata_of(const FittedModel& model, const Provenance& provenance) {
    std::map<std::string, std::string> entries;
    const Checkpoint& source = model.model().checkpoint();
    if (source.naming() == "safetensors" && source.metadata().is_object())
        for (const auto& [key, value] : source.metadata().items())
            if (value.is_string() && !key.starts_with("quantscope")) entries.emplace(key, value.get<std::string>());
    entries.emplace("format", "pt"); // some readers insist
    entries.emplace("quantscope", as_text(provenance, model.recipe()));
    return entries;
}

bool holds(const fs::path& file, const json& config) {
    std::ifstream in(file);
    return json::parse(in, nullptr, false) == config;
}

/// A DiT's number of heads, a model's family: what config.json says, no weight file does.
void add_config(const Checkpoint& source, const fs::path& target, ExportResult& result) {
    if (!source.config().is_object()) return;
    const fs::path beside = target.parent_path() / "config.json";
    std::error_code ignored;
    if (!fs::exists(beside, ignored)) {
        write_text(beside, source.config().dump(2) + "\n");
        result.files.push_back(beside);
    } else if (!holds(beside, source.config())) {
        result.remarks.push_back("There is a config.json beside the file already, which was left as it is; the "
                                 "model's own is that of its source.");
    }
}

std::vector<std::string> keys_of(const std::string& container) {
    std::vector<std::string> keys;
    for (std::size_t begin = 0; begin < container.size();) {
        const std::size_t end = std::min(container.find('.', begin), container.size());
        keys.push_back(container.substr(begin, end - begin));
        begin = end + 1;
    }
    return keys;
}

/// Why the names or values of a source have no place in a file of the original's layout.
std::string why_not_original(const Model& model) {
    const Checkpoint& source = model.checkpoint();
    if (source.naming() == "gguf" && model.kind() != "dit") // whose GGUF files keep the original's names
        return "A GGUF file has names and a row order of its own; choose hf or packed.";
    for (const TensorInfo& tensor : source.tensors())
        if (!fits_safetensors(tensor.dtype) && !facts(tensor.dtype).decoded)
            return "The tensor " + printable(tensor.name, 80) + " is stored as " +
                   std::string(facts(tensor.dtype).name) + ", which this version does not decode; choose packed.";
    return {};
}

using Write = std::function<std::uint64_t(DecodedTensors&, const Provenance&, Progress&)>;

ExportResult write_single(const FittedModel& model, const fs::path& file, const ExportOptions& options,
                          const std::string& why_not, const Write& write, Progress& progress) {
    const Checkpoint& source = model.model().checkpoint();
    if (!why_not.empty()) throw FormatError(source.path().string(), "", why_not);
    refuse_source(file, source);
    Progress hashing(progress, 0, 0.1), choosing(progress, 0.1, 0.1), writing(progress, 0.1, 1);
    const Provenance provenance = provenance_of(model.model(), hashing);
    DecodedTensors decoded = decoded_tensors(model, options, AutoDtype::source, choosing);
    ExportResult result;
    result.remarks = decoded.remarks;
    result.bytes = write(decoded, provenance, writing);
    result.files = {file};
    add_config(source, file, result);
    return result;
}

} // namespace

std::string why_not_original_safetensors(const Model& model) { return why_not_original(model); }

ExportResult write_original_safetensors(const FittedModel& model, const fs::path& file, const ExportOptions& options,
                                        Progress& progress) {
    return write_single(
        model, file, options, why_not_original_safetensors(model.model()),
        [&](DecodedTensors& decoded, const Provenance& provenance, Progress& writing) {
            return write_safetensors(file, std::move(decoded.tensors), metadata_of(model, provenance), writing,
                                     TensorOrder::given);
        },
        progress);
}

std::string why_not_original_pytorch(const Model& model) {
    if (std::string reason = why_not_original(model); !reason.empty()) return reason;
    for (const TensorInfo& tensor : model.checkpoint().tensors())
        if (fits_safetensors(tensor.dtype) && !fits_pytorch(tensor.dtype))
            return "The tensor " + printable(tensor.name, 80) + " is stored as " +
                   std::string(facts(tensor.dtype).name) + ", a type that .pt files do not have; choose safetensors.";
    return {};
}

ExportResult write_original_pytorch(const FittedModel& model, const fs::path& file, const ExportOptions& options,
                                    Progress& progress) {
    const std::string& container = model.model().checkpoint().container();
    ExportResult result = write_single(
        model, file, options, why_not_original_pytorch(model.model()),
        [&](DecodedTensors& decoded, const Provenance& provenance, Progress& writing) {
            return write_pytorch(file, decoded.tensors, keys_of(container), as_text(provenance, model.recipe()),
                                 writing);
        },
        progress);
    if (!container.empty())
        result.remarks.push_back("The weights lie under \"" + container +
                                 "\", as in the source; what else the source held is left out.");
    return result;
}

} // namespace quantscope
