// Header first, then the tensors one after another through a sink that counts.
#include "core/export/safetensors_writer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <tuple>

#include "core/base/checked.h"
#include "core/base/errors.h"
#include "core/base/half.h"
#include "core/base/parallel.h"

namespace quantscope {

namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "values are written as they lie in memory");

constexpr std::uint64_t header_limit = 100'000'000; ///< readers refuse longer ones
constexpr std::int64_t piece_values = 4 << 20;      ///< float32 values in memory at a time
constexpr std::size_t piece_bytes = 16 << 20;       ///< between two looks at the cancel flag

/// Values as the file stores them. \throws DataError naming the tensor when a finite one does not fit float16
std::span<const std::byte> encode(std::span<const float> values, DType dtype, const std::string& name,
                                  std::vector<std::uint16_t>& halves) {
    if (dtype == DType::F32) return std::as_bytes(values);
    halves.resize(values.size());
    parallel_for(static_cast<std::int64_t>(values.size()), 1 << 18, [&](std::int64_t begin, std::int64_t end) {
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
            halves[i] = dtype == DType::F16 ? float_to_float16(values[i]) : float_to_bfloat16(values[i]);
            if (dtype == DType::F16 && (halves[i] & 0x7fff) == 0x7c00 && std::isfinite(values[i]))
                throw DataError({}, name,
                                "holds " + std::to_string(values[i]) +
                                    ", which does not fit float16; write bfloat16 or float32");
        }
    });
    return std::as_bytes(std::span(halves));
}

/// Whether every tensor starts at a multiple of its element's size when they follow each other as they come.
bool are_aligned(const std::vector<TensorToWrite>& tensors) {
    std::uint64_t at = 0;
    return std::ranges::all_of(tensors, [&](const TensorToWrite& tensor) {
        const bool aligned = at % facts(tensor.dtype).block_bytes == 0;
        at += tensor.bytes();
        return aligned;
    });
}

/// JSON text; bytes that are no UTF-8 become U+FFFD, as JSON cannot hold them.
std::string quoted_json(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

} // namespace

void refuse_without_room(const std::filesystem::path& target, std::uint64_t bytes) {
    std::error_code error;
    const auto folder = target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
    const auto space = std::filesystem::space(folder, error);
    if (error || space.available == static_cast<std::uintmax_t>(-1) || space.available >= bytes) return;
    throw IoError(target.string(), "",
                  "needs " + std::to_string(bytes / 1'000'000 + 1) + " MB, of which " +
                      std::to_string(space.available / 1'000'000) + " MB are free; free some space or write elsewhere");
}

void refuse_equal_names(const std::vector<TensorToWrite>& tensors, const std::filesystem::path& target) {
    std::vector<std::string_view> names;
    for (const TensorToWrite& tensor : tensors)
        names.push_back(tensor.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) throw FormatError(target.string(), std::string(*twice), "two tensors have this name");
}

std::uint64_t TensorToWrite::bytes() const {
    const auto values = checked_product(shape);
    const auto size = values ? bytes_of(dtype, *values) : std::nullopt;
    if (!size || facts(dtype).block_bytes == 0 || facts(dtype).block_values > 4)
        throw ShapeError({}, name, "cannot be written as " + std::string(quantscope::name(dtype)) + " to safetensors");
    return *size;
}

void sort_for_safetensors(std::vector<TensorToWrite>& tensors) {
    const auto order = [](const TensorToWrite& tensor) {
        const auto& known = facts(tensor.dtype);
        return std::tuple(-static_cast<int>(known.block_values == 1 ? known.block_bytes : 0), tensor.dtype,
                          std::string_view(tensor.name));
    };
    std::sort(tensors.begin(), tensors.end(), [&](const auto& a, const auto& b) { return order(a) < order(b); });
}

std::string safetensors_header(const std::vector<TensorToWrite>& tensors,
                               const std::map<std::string, std::string>& metadata) {
    std::string text = "{";
    if (!metadata.empty()) text += "\"__metadata__\":" + quoted_json(metadata);
    std::uint64_t end = 0;
    for (const TensorToWrite& tensor : tensors) {
        const std::uint64_t begin = end;
        end += tensor.bytes();
        const json entry = {{"dtype", name(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
        text += (text.size() > 1 ? "," : "") + quoted_json(tensor.name) + ":" + quoted_json(entry);
    }
    text += "}";
    text.resize((text.size() + 7) / 8 * 8, ' ');
    std::uint64_t length = text.size();
    std::string out(sizeof length, '\0');
    std::memcpy(out.data(), &length, sizeof length);
    return out + text;
}

std::uint64_t safetensors_bytes(std::vector<TensorToWrite> tensors,
                                const std::map<std::string, std::string>& metadata) {
    sort_for_safetensors(tensors); // offsets have as many digits as the order gives them
    std::uint64_t total = safetensors_header(tensors, metadata).size();
    for (const TensorToWrite& tensor : tensors)
        total += tensor.bytes();
    return total;
}

std::uint64_t write_safetensors(const std::filesystem::path& target, std::vector<TensorToWrite> tensors,
                                const std::map<std::string, std::string>& metadata, Progress& progress,
                                TensorOrder order) {
    for (const TensorToWrite& tensor : tensors)
        static_cast<void>(tensor.bytes()); // names the first that does not fit
    if (order == TensorOrder::sorted || !are_aligned(tensors)) sort_for_safetensors(tensors);
    refuse_equal_names(tensors, target);
    const std::string header = safetensors_header(tensors, metadata);
    if (header.size() > header_limit)
        throw FormatError(target.string(), "header", "would be longer than the 100 MB that readers accept");
    std::uint64_t total = header.size();
    for (const TensorToWrite& tensor : tensors)
        total += tensor.bytes();
    progress.check();
    refuse_without_room(target, total);
    AtomicFile file(target);
    file.write(header);
    for (const TensorToWrite& tensor : tensors)
        stream_tensor(file, tensor, target, total, progress);
    progress.report(1, "written");
    progress.check(); // a cancel that answers the report still counts
    file.commit();
    return total;
}

void stream_tensor(AtomicFile& file, const TensorToWrite& tensor, const std::filesystem::path& target,
                   std::uint64_t total, Progress& progress, const ByteSink& seen) {
    const std::uint64_t begin = file.size(), expected = tensor.bytes();
    const auto fraction = [&](std::uint64_t at) { return static_cast<double>(at) / static_cast<double>(total); };
    Progress part(progress, fraction(begin), fraction(begin + expected));
    const ByteSink sink = [&](std::span<const std::byte> bytes) {
        if (bytes.size() > expected - (file.size() - begin))
            throw FormatError(target.string(), tensor.name, "gave more bytes than its shape has");
        while (!bytes.empty()) {
            const auto piece = bytes.first(std::min(piece_bytes, bytes.size()));
            progress.report(fraction(file.size()), "writing " + tensor.name);
            file.write(piece);
            if (seen) seen(piece);
            bytes = bytes.subspan(piece.size());
        }
    };
    tensor.write(sink, part);
    if (file.size() - begin != expected)
        throw FormatError(target.string(), tensor.name, "gave fewer bytes than its shape has");
}

TensorToWrite tensor_of_rows(std::string name, DType dtype, std::vector<std::int64_t> shape, RowReader read) {
    TensorToWrite tensor{std::move(name), dtype, std::move(shape), {}};
    TensorInfo seen;
    seen.shape = tensor.shape;
    const std::int64_t rows = seen.rows(), columns = seen.columns();
    tensor.write = [dtype, rows, columns, name = tensor.name, read = std::move(read)](const ByteSink& sink,
                                                                                      Progress& progress) {
        if (columns == 0) return;
        const std::int64_t step = std::max<std::int64_t>(1, piece_values / columns);
        std::vector<float> values(static_cast<std::size_t>(std::min(step, rows) * columns));
        std::vector<std::uint16_t> halves;
        for (std::int64_t first = 0; first < rows; first += step) {
            const std::int64_t count = std::min(step, rows - first);
            const auto piece = std::span(values).first(static_cast<std::size_t>(count * columns));
            const std::int64_t grain = std::max<std::int64_t>(1, (256 << 10) / columns);
            parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
                progress.check();
                read(first + begin, end - begin,
                     piece.subspan(static_cast<std::size_t>(begin * columns),
                                   static_cast<std::size_t>((end - begin) * columns)));
            });
            sink(encode(piece, dtype, name, halves));
        }
    };
    return tensor;
}

TensorToWrite tensor_of_bytes(std::string name, DType dtype, std::vector<std::int64_t> shape,
                              std::span<const std::byte> bytes) {
    return {std::move(name), dtype, std::move(shape), [bytes](const ByteSink& sink, Progress&) { sink(bytes); }};
}

} // namespace quantscope
