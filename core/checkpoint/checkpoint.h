// A model file or folder, memory-mapped and read-only: tensors by name, decoded a few rows at a time.
// Knows dtype, shape and offset; never the family. Nothing in a file is trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/progress.h"
#include "core/checkpoint/dtype.h"

namespace quantscope {

struct TensorInfo {
    std::string name;
    DType dtype{};
    std::vector<std::int64_t> shape; ///< outermost dimension first, whatever the file's own order
    std::uint64_t bytes = 0;         ///< that its values occupy in the file, from the first to the last
    std::uint64_t offset = 0;        ///< of its first byte in its file
    std::uint32_t file = 0;          ///< which of the checkpoint's files (shards)
    /// In elements, for tensors of .pt files that are views into a storage; empty when contiguous.
    std::vector<std::int64_t> strides;

    std::int64_t values() const;  ///< product of shape
    std::int64_t rows() const;    ///< first dimension (1 for a scalar)
    std::int64_t columns() const; ///< product of the other dimensions: a 4-D convolution is [out, in·h·w]
};

/// One reader per format stands behind this interface (open_safetensors, open_gguf, open_pickle, …).
class Checkpoint {
public:
    virtual ~Checkpoint() = default;

    /// Opens a file (.safetensors, .gguf, .pt, .pth, .bin) or a folder (Hugging Face, diffusers, sharded); reads the
    /// headers only. \throws FormatError, IoError naming file and tensor or key
    static std::unique_ptr<Checkpoint> open(const std::filesystem::path& path);

    const std::filesystem::path& path() const { return path_; } ///< as given
    const std::string& format() const { return format_; }       ///< "safetensors", "gguf", "pytorch"
    /// Whose names, row order and metadata the tensors have: the format, or, of a packed file, its source's format.
    const std::string& naming() const { return naming_.empty() ? format_ : naming_; }
    /// Of a .pt file: the keys under which the weights lie, as "ema" or "state_dict.model"; empty when they lie on top.
    const std::string& container() const { return container_; }
    std::span<const std::filesystem::path> files() const { return files_; } ///< the weight files, in shard order
    std::uint64_t file_bytes() const { return file_bytes_; }                ///< of all of them
    std::span<const TensorInfo> tensors() const { return tensors_; }        ///< in the file's order
    const TensorInfo* find(std::string_view name) const;                    ///< null when absent
    const TensorInfo& at(std::string_view name) const;                      ///< \throws FormatError when absent

    /// config.json of a folder (or beside a single file), or null. GGUF: null, see metadata().
    const nlohmann::json& config() const { return config_; }
    /// safetensors __metadata__ or GGUF key-values. Large GGUF arrays (vocabulary, merges) are JSON arrays too.
    const nlohmann::json& metadata() const { return metadata_; }
    /// What the reader noticed and a person should know (a quantization_config that cannot be decoded, …).
    std::span<const std::string> remarks() const { return remarks_; }

    /// The stored bytes of a tensor, straight from the mapping; empty spans for empty tensors. Only for contiguous
    /// tensors. The mapping lives as long as the checkpoint.
    virtual std::span<const std::byte> raw(const TensorInfo& tensor) const = 0;

    /// Decodes rows [first, first + count) of the tensor seen as [rows(), columns()] into float32.
    /// \param out  count · columns() values
    /// \throws FormatError naming file and tensor when its dtype is not decoded, ShapeError when the rows or `out` do
    ///         not fit the tensor, IoError when the file has become shorter since it was opened
    void read_rows(const TensorInfo& tensor, std::int64_t first, std::int64_t count, std::span<float> out) const;
    std::vector<float> read(const TensorInfo& tensor) const; ///< all rows, on all threads

    /// Tells the system that the tensor's pages are not needed soon (a model larger than memory stays below it).
    virtual void release(const TensorInfo& tensor) const;

protected:
    /// What read_rows does once it has checked its arguments; `out` is not empty. Overridden by checkpoints whose
    /// tensors are not stored as values.
    virtual void decode_rows(const TensorInfo& tensor, std::int64_t first, std::int64_t count,
                             std::span<float> out) const;
    /// The bytes between a tensor's first and last value, which for a view are not all its own.
    virtual std::span<const std::byte> stored(const TensorInfo& tensor) const { return raw(tensor); }
    /// Makes find() quick; to be called when tensors_ is complete.
    void index_names();
    /// The file that holds the tensor, for errors.
    std::string file_of(const TensorInfo& tensor) const;

    std::filesystem::path path_;
    std::string format_, naming_, container_;
    std::vector<std::filesystem::path> files_;
    std::uint64_t file_bytes_ = 0;
    std::vector<TensorInfo> tensors_;
    nlohmann::json config_, metadata_;
    std::vector<std::string> remarks_;

private:
    std::unordered_map<std::string_view, std::size_t> by_name_;
};

/// Decodes `count` values of `dtype` starting at a block boundary. The one decoder behind read_rows, also used on
/// bytes that are not from a file. \param in exactly the bytes of those values; \param out count values
/// \throws FormatError when the dtype is not decoded, ShapeError when `in` and `out` do not fit each other
void decode(DType dtype, std::span<const std::byte> in, std::span<float> out);

} // namespace quantscope
