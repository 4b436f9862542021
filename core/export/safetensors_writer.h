// Writes one safetensors file, tensor after tensor: the header is known from dtypes and shapes before the first value
// is, so that a model larger than memory streams through. The file appears whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"

namespace quantscope {

/// What a tensor hands its bytes to, in order, in pieces of any size.
using ByteSink = std::function<void(std::span<const std::byte>)>;

/// A tensor to be written: what the header says of it, and a function that produces its bytes when its turn comes.
struct TensorToWrite {
    std::string name;
    DType dtype{}; ///< one of safetensors' own
    std::vector<std::int64_t> shape;
    std::function<void(const ByteSink& sink, Progress& progress)> write;

    /// \throws ShapeError when the dtype is none of safetensors' or the size cannot be represented
    std::uint64_t bytes() const;
};

/// Streams a tensor's bytes into a file that is being written.
/// \param target  for errors \param total  of the file, for the progress \param seen  told of each piece; may be empty
/// \throws FormatError when the tensor gives more or fewer bytes than its shape has; IoError; Cancelled
void stream_tensor(AtomicFile& file, const TensorToWrite& tensor, const std::filesystem::path& target,
                   std::uint64_t total, Progress& progress, const ByteSink& seen = {});

/// A disk that is too small is better named before an hour of writing than after. Not asked where the system does not
/// say. \throws IoError naming the target
void refuse_without_room(const std::filesystem::path& target, std::uint64_t bytes);
/// \throws FormatError naming the first name that two tensors have
void refuse_equal_names(const std::vector<TensorToWrite>& tensors, const std::filesystem::path& target);

/// The order in which values lie in the file and the header names them: widest dtype first, so that every tensor starts
/// at a multiple of its element's size, then by name. (Source: huggingface/safetensors, which writes the same order.)
void sort_for_safetensors(std::vector<TensorToWrite>& tensors);

/// The eight bytes of length and the JSON header, padded with spaces to a multiple of eight.
/// \param metadata  texts for "__metadata__"; left out when empty
std::string safetensors_header(const std::vector<TensorToWrite>& tensors,
                               const std::map<std::string, std::string>& metadata);

/// The size of the file that write_safetensors() makes of them, without producing a value.
std::uint64_t safetensors_bytes(std::vector<TensorToWrite> tensors, const std::map<std::string, std::string>& metadata);

/// sorted: as sort_for_safetensors. given: as they come, so that the file has its source's order, unless a tensor would
/// then not start at a multiple of its element's size.
enum class TensorOrder { sorted, given };

/// Writes the tensors to `target`.
/// \throws IoError naming the target; Cancelled; FormatError naming a tensor that occurs twice or gave more or fewer
///         bytes than its shape has; what the tensors' own functions throw
/// \returns bytes of the file
std::uint64_t write_safetensors(const std::filesystem::path& target, std::vector<TensorToWrite> tensors,
                                const std::map<std::string, std::string>& metadata, Progress& progress,
                                TensorOrder order = TensorOrder::sorted);

/// Rows that a function decodes a few at a time, written as F32, F16 or BF16 (rounded to nearest even).
using RowReader = std::function<void(std::int64_t first, std::int64_t count, std::span<float> out)>;
TensorToWrite tensor_of_rows(std::string name, DType dtype, std::vector<std::int64_t> shape, RowReader read);
/// Bytes that lie in memory until the file is written.
TensorToWrite tensor_of_bytes(std::string name, DType dtype, std::vector<std::int64_t> shape,
                              std::span<const std::byte> bytes);

} // namespace quantscope
