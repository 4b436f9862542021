// Where statistics take a weight's rows from.
#include "core/statistics/matrix_source.h"

#include <cstring>

#include "core/base/checked.h"
#include "core/base/errors.h"
#include "core/statistics/keys.h"

namespace quantscope {

namespace {

std::optional<kernels::Kind> kind_of(DType dtype) {
    switch (dtype) {
    case DType::F32:
        return kernels::Kind::f32;
    case DType::F16:
        return kernels::Kind::f16;
    case DType::BF16:
        return kernels::Kind::bf16;
    default:
        return std::nullopt;
    }
}

} // namespace

MatrixSource MatrixSource::in_place(DType dtype, std::span<const std::byte> data, std::int64_t rows,
                                    std::int64_t columns) {
    const auto kind = kind_of(dtype);
    if (!kind) throw ShapeError("", std::string(name(dtype)), "cannot be read in place; decode its rows");
    MatrixSource source;
    source.rows_ = rows;
    source.columns_ = columns;
    source.kind_ = *kind;
    source.data_ = data.data();
    source.row_bytes_ = static_cast<std::size_t>(columns) * static_cast<std::size_t>(value_bytes(*kind));
    const std::int64_t shape[] = {rows, columns, value_bytes(*kind)};
    const auto bytes = checked_product(shape);
    if (!bytes || *bytes != data.size())
        throw ShapeError("", "", "the weight's bytes do not match its shape; the file may be damaged");
    return source;
}

MatrixSource MatrixSource::in_place(std::span<const float> data, std::int64_t rows, std::int64_t columns) {
    return in_place(DType::F32, std::as_bytes(data), rows, columns);
}

MatrixSource MatrixSource::decoded(RowReader read, std::int64_t rows, std::int64_t columns) {
    MatrixSource source;
    source.rows_ = rows;
    source.columns_ = columns;
    source.read_ = std::move(read);
    return source;
}

MatrixSource MatrixSource::of(const Checkpoint& checkpoint, const TensorInfo& tensor) {
    if (kind_of(tensor.dtype) && tensor.strides.empty())
        return in_place(tensor.dtype, checkpoint.raw(tensor), tensor.rows(), tensor.columns());
    return decoded([&checkpoint, &tensor](std::int64_t first, std::int64_t count,
                                          std::span<float> out) { checkpoint.read_rows(tensor, first, count, out); },
                   tensor.rows(), tensor.columns());
}

void MatrixSource::read(std::int64_t first, std::int64_t count, std::span<float> out) const {
    if (!is_in_place()) {
        if (count > 0) read_(first, count, out);
        return;
    }
    for (std::int64_t r = 0; r < count; ++r)
        values_to_float(kind_, row(first + r), columns_, out.data() + r * columns_);
}

float MatrixSource::at(std::int64_t row_index, std::int64_t column) const {
    if (is_in_place()) return value_at(kind_, row(row_index), column);
    std::vector<float> values(static_cast<std::size_t>(columns_));
    read_(row_index, 1, values);
    return values[static_cast<std::size_t>(column)];
}

std::span<const std::byte* const> RowWindow::rows(std::int64_t first, std::int64_t count) {
    pointers_.resize(static_cast<std::size_t>(count));
    if (source_.is_in_place()) {
        for (std::int64_t r = 0; r < count; ++r)
            pointers_[static_cast<std::size_t>(r)] = source_.row(first + r);
        return pointers_;
    }
    decoded_.resize(static_cast<std::size_t>(count * source_.columns()));
    source_.read(first, count, decoded_);
    for (std::int64_t r = 0; r < count; ++r)
        pointers_[static_cast<std::size_t>(r)] =
            reinterpret_cast<const std::byte*>(decoded_.data() + r * source_.columns());
    return pointers_;
}

} // namespace quantscope
