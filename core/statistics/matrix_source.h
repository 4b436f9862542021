// A weight as statistics see it: rows × columns of float32, float16 or bfloat16 that lie in memory (mapped file) and
// are read in place, or rows of anything else that a callback decodes a few at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/model/site.h"
#include "core/statistics/kernels.h"

namespace quantscope {

class MatrixSource {
public:
    using RowReader = std::function<void(std::int64_t first, std::int64_t count, std::span<float> out)>;

    /// Values in memory, read in place. \param dtype F32, F16 or BF16 \param data row-major, must outlive the source
    static MatrixSource in_place(DType dtype, std::span<const std::byte> data, std::int64_t rows, std::int64_t columns);
    static MatrixSource in_place(std::span<const float> data, std::int64_t rows, std::int64_t columns);
    /// Rows that `read` decodes; it is called from several threads at once.
    static MatrixSource decoded(RowReader read, std::int64_t rows, std::int64_t columns);
    /// A tensor of a checkpoint, which must outlive the source: in place where its dtype and layout allow it.
    static MatrixSource of(const Checkpoint& checkpoint, const TensorInfo& tensor);
    /// A site, rows in Hugging Face order; in place where possible (rows that the file permutes, too).
    static MatrixSource of(const Checkpoint& checkpoint, const Site& site);

    std::int64_t rows() const { return rows_; }
    std::int64_t columns() const { return columns_; }
    bool is_in_place() const { return data_ != nullptr; }
    kernels::Kind kind() const { return kind_; } ///< f32 for decoded rows
    /// First byte of a row; only in place.
    const std::byte* row(std::int64_t row) const {
        return data_ + static_cast<std::size_t>(stored_rows_.empty() ? row : stored_rows_[row]) * row_bytes_;
    }
    std::size_t row_bytes() const { return row_bytes_; } ///< from one row to the next
    /// Rows [first, first + count) as float32. \param out count · columns values
    void read(std::int64_t first, std::int64_t count, std::span<float> out) const;
    float at(std::int64_t row, std::int64_t column) const;

private:
    std::int64_t rows_ = 0, columns_ = 0;
    kernels::Kind kind_ = kernels::Kind::f32;
    const std::byte* data_ = nullptr;
    std::size_t row_bytes_ = 0;
    std::vector<std::int64_t> stored_rows_; ///< where the file holds the rows in another order
    RowReader read_;
};

/// Hands out rows as pointers: in place, or decoded into a buffer of its own.
class RowWindow {
public:
    explicit RowWindow(const MatrixSource& source)
        : source_(source) {}
    /// Pointers to rows [first, first + count), valid until the next call.
    std::span<const std::byte* const> rows(std::int64_t first, std::int64_t count);

private:
    const MatrixSource& source_;
    std::vector<float> decoded_;
    std::vector<const std::byte*> pointers_;
};

} // namespace quantscope
