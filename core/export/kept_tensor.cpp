// Copies stored bytes where the dtype stays, and converts rows where it does not.
#include "core/export/kept_tensor.h"

#include "core/base/errors.h"

namespace quantscope {

namespace {

bool is_writable_float(DType dtype) { return dtype == DType::F32 || dtype == DType::F16 || dtype == DType::BF16; }

/// Bytes straight from the mapping, whose pages are let go when they have been written.
std::function<void(const ByteSink&, Progress&)> copy_of(const Checkpoint& checkpoint, const TensorInfo& tensor) {
    return [&checkpoint, &tensor](const ByteSink& sink, Progress&) {
        sink(checkpoint.raw(tensor));
        checkpoint.release(tensor);
    };
}

} // namespace

bool fits_safetensors(DType dtype) { return facts(dtype).block_values <= 4 && facts(dtype).block_bytes > 0; }

TensorToWrite kept_tensor(const Checkpoint& checkpoint, const TensorInfo& tensor, std::string name, DType as) {
    if (as == tensor.dtype && tensor.strides.empty() && fits_safetensors(as))
        return {std::move(name), as, tensor.shape, copy_of(checkpoint, tensor)};
    const auto& known = facts(tensor.dtype);
    if (!known.decoded || !is_writable_float(as))
        throw FormatError(checkpoint.path().string(), tensor.name,
                          "is stored as " + std::string(known.name) +
                              (tensor.strides.empty() ? "" : ", not one value after another") +
                              ", which cannot be written as " + std::string(quantscope::name(as)) +
                              "; convert the source first");
    auto rows = tensor_of_rows(std::move(name), as, tensor.shape,
                               [&checkpoint, &tensor](std::int64_t first, std::int64_t count, std::span<float> out) {
                                   checkpoint.read_rows(tensor, first, count, out);
                               });
    rows.write = [write = std::move(rows.write), &checkpoint, &tensor](const ByteSink& sink, Progress& progress) {
        write(sink, progress);
        checkpoint.release(tensor);
    };
    return rows;
}

TensorToWrite kept_blocks(const Checkpoint& checkpoint, const TensorInfo& tensor) {
    return {tensor.name, DType::U8, {static_cast<std::int64_t>(tensor.bytes)}, copy_of(checkpoint, tensor)};
}

} // namespace quantscope
