// The list of formats.
#include "core/export/registry.h"

#include "core/base/errors.h"
#include "core/export/hugging_face.h"
#include "core/export/original_layout.h"
#include "core/export/packed.h"

namespace quantscope {

const std::vector<ExportFormat>& export_formats() {
    static const std::vector<ExportFormat> formats{
        {"packed", "Quantscope packed",
         "Codes and parameters as they were fitted, with the recipe inside. The smallest, and exact; Quantscope opens "
         "it "
         "again.",
         true, [](const Model&) { return std::string(); },
         [](const FittedModel& model, const std::filesystem::path& target, const ExportOptions&, Progress& progress) {
             return write_packed_folder(model, target, progress);
         }},
        {"hf", "Hugging Face folder",
         "Decoded weights in the original's names, for transformers and all that reads its folders. As large as the "
         "unquantized model: 16 or 32 bits a weight.",
         true, why_not_hugging_face, write_hugging_face},
        {"safetensors", "Safetensors, original names",
         "Decoded weights in one file, with the source's tensor names, dtypes and order. The original's code loads it. "
         "As large as the unquantized model.",
         false, why_not_original_safetensors, write_original_safetensors, ".safetensors"},
        {"pt", "PyTorch file, original names",
         "Decoded weights as torch.save writes them, under ema or model where the source had them there. The "
         "original's code loads it, with weights_only. As large as the unquantized model.",
         false, why_not_original_pytorch, write_original_pytorch, ".pt"},
        {"diffusers", "diffusers folder",
         "Decoded weights in a folder that diffusers loads, with its config.json; of a pipeline, with its other parts. "
         "As large as the unquantized model.",
         true, why_not_diffusers, write_diffusers},
    };
    return formats;
}

const ExportFormat& export_format(std::string_view name) {
    std::string known;
    for (const ExportFormat& format : export_formats()) {
        if (format.name == name) return format;
        known += (known.empty() ? "" : ", ") + format.name;
    }
    throw UsageError({}, "format", "\"" + printable(name, 40) + "\" is no export format; there are " + known);
}

} // namespace quantscope
