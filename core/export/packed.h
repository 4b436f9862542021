// Quantscope's own layout: a safetensors file with each fitted site's codes and parameters as they are, every other
// tensor in its dtype (16 bits where the source was block-quantized), and in its metadata all that opening needs:
//
//   quantscope_packed   "1"
//   quantscope_version, source, source_sha256, created, family
//   recipe              JSON, as the user gave it
//   sites               JSON: {"<site>": {"tensor", "shape", "permuted_heads", "scheme", "error", "arrays"}}; a site's
//                       arrays are the tensors "<site>.codes", "<site>.scale", …
//   blocks              JSON: {"<tensor>": {"dtype", "shape"}}: tensors in blocks that nobody decodes, stored as U8
//   copies              JSON: {"<tensor>": "<tensor>"}: tensors that the source stores again and this file once; absent
//                       when there are none
//   tensors             JSON: the names of the source's tensors, in its order
//   source_format       "safetensors", "gguf" or "pytorch": whose names and row order the tensors have
//   source_container    of a .pt file: the keys under which the weights lay ("ema"); absent when they lay on top
//   source_config       JSON: the source's config.json
//   source_metadata     JSON: the source's own metadata; for GGUF its key-values, vocabulary included
//
// Opened again, it is a checkpoint with the source's tensors: fitted ones decode through their grid, bit for bit.
#pragma once

#include <filesystem>
#include <memory>

#include "core/base/progress.h"
#include "core/calibration/fitted_model.h"
#include "core/export/export_options.h"
#include "core/model/model.h"

namespace quantscope {

/// Opens any model file or folder, packed ones included. \throws FormatError, IoError naming file and tensor or key
std::shared_ptr<const Model> open_model(const std::filesystem::path& path, const ModelOptions& options = {});

/// Whether a checkpoint's metadata says that it is packed.
bool is_packed(const Checkpoint& checkpoint);

/// The recipe inside a packed model; null for any other.
nlohmann::json packed_recipe(const Checkpoint& checkpoint);

/// The size of the file that write_packed() makes: tensors, their names and offsets, the recipe, and what the source's
/// file held beside its tensors (for GGUF the vocabulary). Nothing is read but names and shapes.
std::uint64_t packed_file_bytes(const FittedModel& model);

/// Writes one packed file. \throws IoError naming it, FormatError naming a tensor that cannot be kept, Cancelled
/// \returns its bytes
std::uint64_t write_packed(const FittedModel& model, const std::filesystem::path& file, Progress& progress);

/// A folder with the packed file (model.safetensors) and copies of what stands beside the source: config.json and the
/// tokenizer's files.
ExportResult write_packed_folder(const FittedModel& model, const std::filesystem::path& folder, Progress& progress);

} // namespace quantscope
