// The weights of a folder as the Hugging Face libraries keep them: one safetensors file, or several and an index.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/export/safetensors_writer.h"

namespace quantscope {

/// Writes <stem>.safetensors, or <stem>-00001-of-0000N.safetensors, … and <stem>.safetensors.index.json.
/// \param shard_bytes  no file's tensors take more, where one alone does not
/// \returns bytes of the weight files \throws what write_safetensors() does
std::uint64_t write_sharded(std::vector<TensorToWrite> tensors, std::uint64_t shard_bytes, const std::string& stem,
                            const std::filesystem::path& folder, Progress& progress);

} // namespace quantscope
