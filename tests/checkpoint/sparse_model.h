// A file of 10 GB with 300 tensors that takes no room on the disk, and how much memory opening it takes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <unistd.h>

namespace quantscope::testing {

constexpr std::int64_t tensors = 300, rows = 4096, columns = 4096, bytes_each = rows * columns * 2;

inline std::int64_t resident_now() {
    std::ifstream status("/proc/self/statm");
    std::int64_t total = 0, resident = 0;
    status >> total >> resident;
    return resident * ::sysconf(_SC_PAGESIZE);
}

/// Writes the header and leaves a hole for the values; false when the file system cannot.
inline bool write_sparse(const std::filesystem::path& file) {
    nlohmann::json header;
    for (std::int64_t i = 0; i < tensors; ++i)
        header["model.layers." + std::to_string(i) + ".weight"] = {
            {"dtype", "BF16"}, {"shape", {rows, columns}}, {"data_offsets", {i * bytes_each, (i + 1) * bytes_each}}};
    const std::string text = header.dump();
    const std::uint64_t length = text.size();
    std::ofstream stream(file, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(&length), sizeof length) << text;
    stream.close();
    std::error_code error;
    std::filesystem::resize_file(file, 8 + length + std::uint64_t(tensors) * bytes_each, error);
    return !error;
}

} // namespace quantscope::testing
