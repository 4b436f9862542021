// Decoded weights the way the source had them: its tensor names, dtypes, order and container, so that the code which
// loads the original loads the quantized model, unchanged.
//
// What is decided here:
// - `auto` writes each tensor in its own dtype, rounded to nearest even; a remark says where that changes a weight.
// - Of a .pt file that kept its weights under keys (ema, model, …) the copy that Quantscope opened and quantized (ema
//   where there is one) is written, under the same keys. The others are left out: they would be the same model again,
//   not quantized, and whoever loads the file takes the first anyway.
// - A config.json that belongs to the source goes beside a single file, unless one is there already.
// - Of a diffusers pipeline the parts that are not quantized are copied up to 1 GB each; larger ones (text encoders)
// are
//   named in a remark.
#pragma once

#include <filesystem>

#include "core/base/progress.h"
#include "core/calibration/fitted_model.h"
#include "core/export/export_options.h"

namespace quantscope {

/// One .safetensors file, shards joined, with the source's own metadata and quantscope's.
/// \throws IoError naming the target, FormatError naming a tensor that cannot be written, DataError naming one whose
///         values do not fit float16, Cancelled; after any of them the target is as it was. So the others, too.
ExportResult write_original_safetensors(const FittedModel& model, const std::filesystem::path& file,
                                        const ExportOptions& options, Progress& progress);
/// Why a model cannot be written so, as a sentence for a user; empty when it can.
std::string why_not_original_safetensors(const Model& model);

/// One .pt file, which torch.load(weights_only=True) opens.
ExportResult write_original_pytorch(const FittedModel& model, const std::filesystem::path& file,
                                    const ExportOptions& options, Progress& progress);
std::string why_not_original_pytorch(const Model& model);

/// A diffusers folder: config.json, diffusion_pytorch_model.safetensors (or shards) and quantscope.json. Of a pipeline
/// the whole: model_index.json, the quantized part, and the other parts.
ExportResult write_diffusers(const FittedModel& model, const std::filesystem::path& folder,
                             const ExportOptions& options, Progress& progress);
std::string why_not_diffusers(const Model& model);

/// Larger parts of a pipeline are not copied.
inline constexpr std::uint64_t copied_part_bytes = 1'000'000'000;

} // namespace quantscope
