// A folder with the decoded tensors under their Hugging Face names, and with what goes beside them.
#include "core/export/hugging_face.h"

#include "core/base/errors.h"
#include "core/export/companion_files.h"
#include "core/export/decoded_tensors.h"
#include "core/export/hugging_face_config.h"
#include "core/export/provenance.h"
#include "core/export/sharded_safetensors.h"
#include "core/export/tokenizer_json.h"

namespace quantscope {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

void write_configuration(const FittedModel& model, DType dtype, const fs::path& folder, ExportResult& result) {
    const Checkpoint& checkpoint = model.model().checkpoint();
    const json config = hugging_face_config(model.model(), dtype);
    if (config.is_object())
        write_text(folder / "config.json", config.dump(2) + "\n");
    else
        result.remarks.push_back("The source has no config.json, so there is none in the export.");
    if (checkpoint.naming() != "gguf") {
        copy_companions(checkpoint, folder);
        return;
    }
    if (const json special = generation_config(checkpoint.metadata()); special.is_object())
        write_text(folder / "generation_config.json", special.dump(2) + "\n");
    const TokenizerFiles tokenizer = tokenizer_json_from_gguf(checkpoint.metadata(), checkpoint.path().string());
    result.remarks.insert(result.remarks.end(), tokenizer.remarks.begin(), tokenizer.remarks.end());
    if (!tokenizer.tokenizer.is_object()) return;
    write_text(folder / "tokenizer.json", tokenizer.tokenizer.dump(1) + "\n");
    write_text(folder / "tokenizer_config.json", tokenizer.config.dump(2) + "\n");
}

} // namespace

std::string why_not_hugging_face(const Model& model) {
    const json& config = model.checkpoint().config();
    if (model.kind() == "dit" || model.kind() == "vae" || (config.is_object() && config.contains("_class_name")))
        return "The transformers library has no class for this model, which is a part of an image generator; choose "
               "safetensors or pt, or diffusers where the source is of diffusers.";
    return why_no_hugging_face_config(model);
}

ExportResult write_hugging_face(const FittedModel& model, const fs::path& folder, const ExportOptions& options,
                                Progress& progress) {
    if (const std::string reason = why_not_hugging_face(model.model()); !reason.empty())
        throw FormatError(model.model().checkpoint().path().string(), "", reason);
    ExportResult result;
    OutputFolder output(folder, model.model().checkpoint());
    Progress hashing(progress, 0, 0.1), choosing(progress, 0.1, 0.1), writing(progress, 0.1, 1);
    const Provenance provenance = provenance_of(model.model(), hashing);
    DecodedTensors decoded = decoded_tensors(model, options, AutoDtype::exact, choosing);
    result.bytes = output.fill([&] {
        write_configuration(model, decoded.load_dtype, output.path(), result);
        write_text(output.path() / "quantscope.json", as_text(provenance, model.recipe()));
        return write_sharded(std::move(decoded.tensors), options.shard_bytes, "model", output.path(), writing);
    });
    progress.check();
    result.files = output.commit();
    return result;
}

} // namespace quantscope
