// What a format's reader is: a function from a mapped file to the list of what it holds. One row per format in
// registry.cpp; only this room includes this header.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/mapped_file.h"

namespace quantscope {

/// What a reader found in one file. Every tensor's extent lies inside the file, its shape's product and each
/// dimension fit 63 bits even where another dimension is 0, and no name occurs twice.
struct Contents {
    std::vector<TensorInfo> tensors;
    nlohmann::json metadata;
    std::vector<std::string> remarks;
    std::string container; ///< as Checkpoint::container()
};

struct FormatReader {
    std::string_view format;                  ///< as Checkpoint::format() says it
    std::vector<std::string_view> extensions; ///< with the dot
    /// Whether a file that starts with these bytes (at most 64) and has this size looks like the format.
    bool (*recognises)(std::span<const std::byte> head, std::uint64_t size);
    /// \throws FormatError naming file and tensor or key
    Contents (*read)(const MappedFile& file);
};

std::span<const FormatReader> format_readers();

bool looks_like_safetensors(std::span<const std::byte> head, std::uint64_t size);
Contents read_safetensors(const MappedFile& file);
bool looks_like_gguf(std::span<const std::byte> head, std::uint64_t size);
Contents read_gguf(const MappedFile& file);
bool looks_like_pytorch(std::span<const std::byte> head, std::uint64_t size);
Contents read_pytorch(const MappedFile& file);

/// A file holds no more tensors than this; the largest models have some 100,000 in hundreds of files.
inline constexpr std::uint64_t tensor_limit = 300'000;

/// Fills in `bytes` from dtype and shape. \throws FormatError naming the tensor when its size cannot be represented or
/// does not fill whole blocks
void measure(TensorInfo& tensor, const std::string& file);

/// \param tensors  sorted by offset. \throws FormatError naming the second of two tensors that share bytes
void refuse_overlaps(std::span<const TensorInfo> tensors, const std::string& file);

} // namespace quantscope
