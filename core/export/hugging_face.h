// A Hugging Face folder with decoded weights: what the transformers library loads, in its names and orientation.
#pragma once

#include <filesystem>

#include "core/base/progress.h"
#include "core/calibration/fitted_model.h"
#include "core/export/export_options.h"

namespace quantscope {

/// Writes config.json, the tokenizer's files, model.safetensors (or shards with an index) and quantscope.json, which
/// says where the weights come from. From a GGUF file, names, row order, config.json and the tokenizer are made.
/// \throws FormatError when the model cannot be said in Hugging Face's words, DataError when a weight does not fit
///         float16, IoError, Cancelled
ExportResult write_hugging_face(const FittedModel& model, const std::filesystem::path& folder,
                                const ExportOptions& options, Progress& progress);

/// Why a model cannot be written so, as a sentence for a user; empty when it can.
std::string why_not_hugging_face(const Model& model);

} // namespace quantscope
