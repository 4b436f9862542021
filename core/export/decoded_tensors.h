// A quantized model's tensors with decoded weights, as the writers of readable layouts hand them on: every tensor of
// the source in the source's order, fitted ones decoded row by row when their turn comes, copies included.
#pragma once

#include <string>
#include <vector>

#include "core/calibration/fitted_model.h"
#include "core/export/export_options.h"
#include "core/export/safetensors_writer.h"

namespace quantscope {

/// What --dtype auto means for fitted weights.
enum class AutoDtype {
    exact, ///< float32, unless the source's 16-bit dtype holds every fitted weight exactly
    source ///< each tensor's own: what the original's code loads anyway; float32 where that is no F32, F16 or BF16
};

struct DecodedTensors {
    std::vector<TensorToWrite> tensors; ///< refer to the model, which must outlive them
    DType load_dtype = DType::F32;      ///< in which a reader that takes one dtype for all should load them
    std::vector<std::string> remarks;   ///< what a person should know of the dtypes
};

/// Names are the checkpoint's, for GGUF sources under `exact` the family's Hugging Face names.
/// \throws RecipeError on a dtype that is none; FormatError naming a tensor that cannot be written; Cancelled
DecodedTensors decoded_tensors(const FittedModel& model, const ExportOptions& options, AutoDtype automatic,
                               Progress& progress);

} // namespace quantscope
