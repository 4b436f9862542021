#include "training/fashion_mnist.h"

#include <memory>
#include <zlib.h>

#include "core/base/errors.h"

namespace quantscope::training {

namespace {

std::vector<std::uint8_t> decompressed(const std::filesystem::path& path) {
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
    if (!file)
        throw IoError(path.string(), "", "cannot be read; install the package dataset-fashion-mnist or give --data");
    std::vector<std::uint8_t> bytes(64 << 20); // the largest file holds 47 MB
    const int count = gzread(file.get(), bytes.data(), static_cast<unsigned>(bytes.size()));
    if (count < 0) throw FormatError(path.string(), "", "is no intact gzip file; install the package again");
    bytes.resize(static_cast<std::size_t>(count));
    return bytes;
}

/// An IDX file: two zero bytes, type 8 (unsigned byte), dimensions, big-endian sizes, values.
at::Tensor read_idx(const std::filesystem::path& path, std::size_t dimensions) {
    const auto bytes = decompressed(path);
    const std::size_t header = 4 + 4 * dimensions;
    if (bytes.size() < header || bytes[0] != 0 || bytes[1] != 0 || bytes[2] != 8 || bytes[3] != dimensions)
        throw FormatError(path.string(), "", "is no IDX file of bytes; install the package again");
    std::vector<std::int64_t> shape;
    std::size_t values = 1;
    for (std::size_t d = 0; d < dimensions; ++d) {
        std::int64_t size = 0;
        for (std::size_t i = 0; i < 4; ++i)
            size = size << 8 | bytes[4 + 4 * d + i];
        shape.push_back(size);
        values *= static_cast<std::size_t>(size);
    }
    if (bytes.size() != header + values)
        throw FormatError(path.string(), "", "is cut short; install the package again");
    auto tensor = at::empty(shape, at::kByte);
    std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(header), bytes.end(),
              tensor.mutable_data_ptr<std::uint8_t>());
    return tensor;
}

} // namespace

LabelledImages read_fashion_mnist(const std::filesystem::path& folder, const std::string& part) {
    const auto images = read_idx(folder / (part + "-images-idx3-ubyte.gz"), 3); // [N, 28, 28]
    const auto labels = read_idx(folder / (part + "-labels-idx1-ubyte.gz"), 1); // [N]
    return {images.to(at::kFloat).unsqueeze(1) / 127.5 - 1, labels.to(at::kLong)};
}

} // namespace quantscope::training
