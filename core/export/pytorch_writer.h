// Writes a .pt file as torch.save does: a zip archive with the state dict's pickle and one aligned record per tensor,
// streamed. torch.load(weights_only=True) opens it; nothing in it is ever executed.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/export/safetensors_writer.h"

namespace quantscope {

/// Whether torch has this element type, so that a tensor of it can stand in a .pt file.
bool fits_pytorch(DType dtype);

/// The pickle of a state dict: an OrderedDict of contiguous tensors, tensor i in storage "i", inside of as many dicts
/// as there are containers, the outermost first. Protocol 2; its only names are those that weights_only allows.
std::string state_dict_pickle(std::span<const TensorToWrite> tensors, std::span<const std::string> containers);

/// Writes the tensors in their order to `target`.
/// \param containers  the keys under which the state dict lies: {"ema"}; empty for a state dict on top
/// \param note        a text that goes with it as the record quantscope.json, which torch.load passes over
/// \throws IoError naming the target; Cancelled; FormatError naming a tensor that occurs twice, has a dtype that torch
///         lacks, or gave more or fewer bytes than its shape has; what the tensors' own functions throw
/// \returns bytes of the file
std::uint64_t write_pytorch(const std::filesystem::path& target, const std::vector<TensorToWrite>& tensors,
                            std::span<const std::string> containers, const std::string& note, Progress& progress);

} // namespace quantscope
