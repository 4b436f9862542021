// Tensors that leave as they came: a checkpoint's tensor as one of a file to be written.
#pragma once

#include "core/export/safetensors_writer.h"

namespace quantscope {

/// Whether safetensors has a dtype for it.
bool fits_safetensors(DType dtype);

/// A tensor of the checkpoint, which must outlive the write, under a new name.
/// \param as  its own dtype (bytes are copied), or F32, F16 or BF16 to convert to
/// \throws FormatError naming file and tensor when its values cannot be had in that dtype
TensorToWrite kept_tensor(const Checkpoint& checkpoint, const TensorInfo& tensor, std::string name, DType as);

/// The stored blocks of a tensor whose dtype safetensors does not have, as U8 [bytes].
TensorToWrite kept_blocks(const Checkpoint& checkpoint, const TensorInfo& tensor);

} // namespace quantscope
