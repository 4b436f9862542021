// Fills shard after shard, and names every tensor's in the index.
#include "core/export/sharded_safetensors.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/export/companion_files.h"

namespace quantscope {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

using Shards = std::vector<std::vector<TensorToWrite>>;

Shards divided(std::vector<TensorToWrite> tensors, std::uint64_t limit) {
    Shards shards;
    std::uint64_t size = 0;
    for (TensorToWrite& tensor : tensors) {
        const std::uint64_t bytes = tensor.bytes();
        if (shards.empty() || (size > 0 && size + bytes > limit)) {
            shards.emplace_back();
            size = 0;
        }
        size += bytes;
        shards.back().push_back(std::move(tensor));
    }
    return shards;
}

std::string shard_name(const std::string& stem, std::size_t index, std::size_t count) {
    if (count == 1) return stem + ".safetensors";
    char numbers[40];
    std::snprintf(numbers, sizeof numbers, "-%05zu-of-%05zu", index + 1, count);
    return stem + numbers + ".safetensors";
}

std::uint64_t write_shards(Shards shards, const std::string& stem, const fs::path& folder, Progress& progress) {
    std::uint64_t total = 0, written = 0, file_bytes = 0;
    for (const auto& shard : shards)
        for (const TensorToWrite& tensor : shard)
            total += tensor.bytes();
    const auto share = [&] { return total ? static_cast<double>(written) / static_cast<double>(total) : 1; };
    json weight_map = json::object();
    for (std::size_t i = 0; i < shards.size(); ++i) {
        const std::string name = shard_name(stem, i, shards.size());
        const double begin = share();
        for (const TensorToWrite& tensor : shards[i]) {
            weight_map[tensor.name] = name;
            written += tensor.bytes();
        }
        Progress part(progress, begin, share());
        file_bytes += write_safetensors(folder / name, std::move(shards[i]), {{"format", "pt"}}, part);
    }
    if (shards.size() > 1)
        write_text(folder / (stem + ".safetensors.index.json"),
                   json{{"metadata", {{"total_size", total}}}, {"weight_map", weight_map}}.dump(2) + "\n");
    return file_bytes;
}

} // namespace

std::uint64_t write_sharded(std::vector<TensorToWrite> tensors, std::uint64_t shard_bytes, const std::string& stem,
                            const fs::path& folder, Progress& progress) {
    return write_shards(divided(std::move(tensors), shard_bytes), stem, folder, progress);
}

} // namespace quantscope
