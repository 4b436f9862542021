// What every checkpoint does alike, whatever its format: finding tensors by name and decoding rows.
#include "core/checkpoint/checkpoint.h"

#include <algorithm>

#include "core/base/errors.h"
#include "core/base/parallel.h"

namespace quantscope {

namespace {

/// Decodes values [first, first + out.size()) of a contiguous tensor; where they begin or end inside a block, that
/// block is decoded aside.
void decode_values(DType dtype, std::span<const std::byte> bytes, std::uint64_t first, std::span<float> out) {
    const DTypeFacts& known = facts(dtype);
    const std::uint64_t values = known.block_values;
    const auto blocks = [&](std::uint64_t block, std::uint64_t count) {
        return bytes.subspan(block * known.block_bytes, count * known.block_bytes);
    };
    float aside[256];
    while (!out.empty()) {
        const std::uint64_t block = first / values, skip = first % values;
        std::uint64_t done = 0;
        if (skip == 0 && out.size() >= values) {
            done = out.size() / values * values;
            decode(dtype, blocks(block, done / values), out.first(done));
        } else {
            done = std::min<std::uint64_t>(values - skip, out.size());
            decode(dtype, blocks(block, 1), std::span(aside, values));
            std::copy_n(aside + skip, done, out.begin());
        }
        out = out.subspan(done);
        first += done;
    }
}

/// Copies the values [first, first + count) of a strided view, in the view's order, one after another.
/// \param storage  from the view's first value on
std::vector<std::byte> gather(const TensorInfo& tensor, std::span<const std::byte> storage, std::int64_t first,
                              std::int64_t count) {
    const std::size_t size = facts(tensor.dtype).block_bytes, dimensions = tensor.shape.size();
    std::vector<std::int64_t> index(dimensions);
    std::int64_t rest = first, element = 0;
    for (std::size_t d = dimensions; d-- > 0; rest /= tensor.shape[d]) {
        index[d] = rest % tensor.shape[d];
        element += index[d] * tensor.strides[d];
    }
    std::vector<std::byte> values(static_cast<std::size_t>(count) * size);
    for (std::int64_t i = 0; i < count; ++i) {
        const auto from = storage.subspan(static_cast<std::size_t>(element) * size, size);
        std::copy(from.begin(), from.end(), values.begin() + i * static_cast<std::int64_t>(size));
        for (std::size_t d = dimensions; d-- > 0;) {
            element += tensor.strides[d];
            if (++index[d] < tensor.shape[d]) break;
            element -= tensor.strides[d] * tensor.shape[d];
            index[d] = 0;
        }
    }
    return values;
}

} // namespace

std::int64_t TensorInfo::values() const {
    std::int64_t product = 1;
    for (auto dimension : shape)
        product *= dimension;
    return product;
}

std::int64_t TensorInfo::rows() const { return shape.empty() ? 1 : shape.front(); }

std::int64_t TensorInfo::columns() const {
    std::int64_t product = 1;
    for (std::size_t d = 1; d < shape.size(); ++d)
        product *= shape[d];
    return product;
}

void Checkpoint::index_names() {
    by_name_.clear();
    by_name_.reserve(tensors_.size());
    for (std::size_t i = 0; i < tensors_.size(); ++i)
        by_name_.emplace(tensors_[i].name, i);
}

const TensorInfo* Checkpoint::find(std::string_view name) const {
    if (by_name_.empty()) { // not indexed: a handful of tensors made by hand
        const auto found = std::find_if(tensors_.begin(), tensors_.end(), [&](auto& t) { return t.name == name; });
        return found == tensors_.end() ? nullptr : &*found;
    }
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

const TensorInfo& Checkpoint::at(std::string_view name) const {
    if (const TensorInfo* tensor = find(name)) return *tensor;
    throw FormatError(path_.string(), std::string(name), "the model has no such tensor");
}

std::string Checkpoint::file_of(const TensorInfo& tensor) const {
    return tensor.file < files_.size() ? files_[tensor.file].string() : path_.string();
}

void Checkpoint::read_rows(const TensorInfo& tensor, std::int64_t first, std::int64_t count,
                           std::span<float> out) const {
    const std::int64_t rows = tensor.rows(), columns = tensor.columns();
    if (!facts(tensor.dtype).decoded)
        throw FormatError(file_of(tensor), tensor.name,
                          "values of type " + std::string(name(tensor.dtype)) +
                              " are listed but not decoded; convert the model to another type");
    if (first < 0 || count < 0 || first > rows - count)
        throw ShapeError(file_of(tensor), tensor.name,
                         std::to_string(count) + " rows from row " + std::to_string(first) + " of " +
                             std::to_string(rows) + " were asked for");
    if (out.size() != static_cast<std::uint64_t>(count) * static_cast<std::uint64_t>(columns))
        throw ShapeError(file_of(tensor), tensor.name, "the output has not the size of the rows asked for");
    if (!out.empty()) decode_rows(tensor, first, count, out);
}

void Checkpoint::decode_rows(const TensorInfo& tensor, std::int64_t first, std::int64_t count,
                             std::span<float> out) const {
    const std::int64_t columns = tensor.columns();
    const std::span<const std::byte> bytes = stored(tensor);
    if (tensor.strides.empty())
        decode_values(tensor.dtype, bytes, static_cast<std::uint64_t>(first * columns), out);
    else
        decode(tensor.dtype, gather(tensor, bytes, first * columns, count * columns), out);
}

std::vector<float> Checkpoint::read(const TensorInfo& tensor) const {
    std::vector<float> values(static_cast<std::size_t>(tensor.values()));
    const std::int64_t columns = tensor.columns();
    if (values.empty()) {
        read_rows(tensor, 0, 0, {});
        return values;
    }
    const std::int64_t grain = std::max<std::int64_t>(1, 256 * 1024 / columns);
    parallel_for(tensor.rows(), grain, [&](std::int64_t begin, std::int64_t end) {
        read_rows(tensor, begin, end - begin,
                  std::span(values).subspan(static_cast<std::size_t>(begin * columns),
                                            static_cast<std::size_t>((end - begin) * columns)));
    });
    return values;
}

void Checkpoint::release(const TensorInfo&) const {}

} // namespace quantscope
