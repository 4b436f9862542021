// A diffusers folder that stays one: the quantized model beside the pipeline's other parts.
#include <algorithm>
#include <fstream>
#include <map>

#include "core/base/errors.h"
#include "core/checkpoint/json_guard.h"
#include "core/export/companion_files.h"
#include "core/export/decoded_tensors.h"
#include "core/export/original_layout.h"
#include "core/export/provenance.h"
#include "core/export/sharded_safetensors.h"

namespace quantscope {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* pipeline_file = "model_index.json";

/// The pipeline's folder where the model was opened as a part of one, else nothing.
fs::path pipeline_of(const Checkpoint& source) {
    std::error_code ignored;
    const bool whole = fs::is_directory(source.path(), ignored) && fs::exists(source.path() / pipeline_file, ignored);
    return whole ? source.path() : fs::path();
}

bool is_plain_name(const std::string& name) {
    return !name.empty() && name != "." && name != ".." && name.find_first_of("/\\") == std::string::npos &&
           name.find('\0') == std::string::npos;
}

/// The files of a part, links followed; parts hold no folders.
std::map<fs::path, std::uint64_t> files_of(const fs::path& folder) {
    std::map<fs::path, std::uint64_t> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error))
        if (entry.is_regular_file(error)) files.emplace(entry.path(), entry.file_size(error));
    return files;
}

/// Copies the parts that model_index.json names, but the quantized one.
void copy_parts(const fs::path& pipeline, const std::string& quantized, const fs::path& target, ExportResult& result,
                Progress& progress) {
    const json index = read_json_file(pipeline / pipeline_file);
    copy_whole_file(pipeline / pipeline_file, target / pipeline_file, progress);
    if (!index.is_object()) return;
    for (const auto& [part, classes] : index.items()) {
        std::error_code ignored;
        if (!classes.is_array() || part == quantized || !is_plain_name(part)) continue;
        if (!fs::is_directory(pipeline / part, ignored)) continue;
        const auto files = files_of(pipeline / part);
        std::uint64_t bytes = 0;
        for (const auto& [file, size] : files)
            bytes += size;
        if (bytes > copied_part_bytes) {
            result.remarks.push_back("The pipeline's part " + printable(part, 60) + " (" +
                                     std::to_string(bytes / 1'000'000) +
                                     " MB) is not copied; copy or link it from the source to load the pipeline.");
            continue;
        }
        make_folder(target / part);
        for (const auto& [file, size] : files)
            copy_whole_file(file, target / part / file.filename(), progress);
    }
}

/// As it stands beside the weights; of a packed file, whose folder may hold another's, as the file itself keeps it.
void write_config(const Checkpoint& source, const fs::path& folder, Progress& progress) {
    const fs::path own = folder_of(source) / "config.json";
    std::error_code ignored;
    if (source.format() != "packed" && fs::is_regular_file(own, ignored))
        copy_whole_file(own, folder / "config.json", progress);
    else
        write_text(folder / "config.json", source.config().dump(2) + "\n");
}

} // namespace

std::string why_not_diffusers(const Model& model) {
    const json& config = model.checkpoint().config();
    if (model.kind() == "llm") return "A language model is no part of a diffusers pipeline; choose hf.";
    if (!config.is_object() || !config.contains("_class_name"))
        return "Its source is no diffusers folder: no config.json with a _class_name stands beside the weights; choose "
               "safetensors or pt.";
    return why_not_original_safetensors(model);
}

ExportResult write_diffusers(const FittedModel& model, const fs::path& folder, const ExportOptions& options,
                             Progress& progress) {
    const Checkpoint& source = model.model().checkpoint();
    if (const std::string reason = why_not_diffusers(model.model()); !reason.empty())
        throw FormatError(source.path().string(), "", reason);
    OutputFolder output(folder, source);
    Progress hashing(progress, 0, 0.1), choosing(progress, 0.1, 0.1), copying(progress, 0.1, 0.1);
    Progress writing(progress, 0.1, 1);
    const Provenance provenance = provenance_of(model.model(), hashing);
    DecodedTensors decoded = decoded_tensors(model, options, AutoDtype::source, choosing);
    ExportResult result;
    result.remarks = decoded.remarks;
    result.bytes = output.fill([&] {
        fs::path own = output.path();
        if (const fs::path pipeline = pipeline_of(source); !pipeline.empty()) {
            const std::string part = folder_of(source).filename().string();
            copy_parts(pipeline, part, output.path(), result, copying);
            own /= part;
            make_folder(own);
        }
        write_config(source, own, copying);
        write_text(own / "quantscope.json", as_text(provenance, model.recipe()));
        return write_sharded(std::move(decoded.tensors), options.shard_bytes, "diffusion_pytorch_model", own, writing);
    });
    progress.check();
    result.files = output.commit();
    return result;
}

} // namespace quantscope
