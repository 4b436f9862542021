// The formats' list, and the checks of extents that several formats share.
#include "core/checkpoint/reader.h"

#include "core/base/checked.h"
#include "core/base/errors.h"

namespace quantscope {

std::span<const FormatReader> format_readers() {
    static const std::vector<FormatReader> readers{
        {"safetensors", {".safetensors"}, looks_like_safetensors, read_safetensors},
        {"gguf", {".gguf"}, looks_like_gguf, read_gguf},
        {"pytorch", {".pt", ".pth", ".bin", ".ckpt"}, looks_like_pytorch, read_pytorch},
    };
    return readers;
}

void measure(TensorInfo& tensor, const std::string& file) {
    // Zeros count as ones here, so that rows() and columns() cannot overflow either.
    std::uint64_t room = 1;
    for (auto dimension : tensor.shape) {
        auto next = checked_multiply(room, static_cast<std::uint64_t>(dimension > 0 ? dimension : 1));
        if (dimension < 0 || !next)
            throw FormatError(file, tensor.name, "its shape is too large to exist; the file is damaged");
        room = *next;
    }
    const auto values = checked_product(tensor.shape);
    const auto bytes = values ? bytes_of(tensor.dtype, *values) : std::nullopt;
    if (!bytes)
        throw FormatError(file, tensor.name,
                          "its shape does not fill whole blocks of " + std::string(name(tensor.dtype)) +
                              " or is too large to exist; the file is damaged");
    tensor.bytes = *bytes;
}

void refuse_overlaps(std::span<const TensorInfo> tensors, const std::string& file) {
    std::uint64_t end = 0;
    const TensorInfo* last = nullptr;
    for (const TensorInfo& tensor : tensors) {
        if (tensor.bytes == 0) continue;
        if (tensor.offset < end)
            throw FormatError(file, tensor.name,
                              "shares bytes with the tensor " + printable(last->name) + "; the file is damaged");
        end = tensor.offset + tensor.bytes;
        last = &tensor;
    }
}

} // namespace quantscope
