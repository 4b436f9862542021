// What every writer of a quantized model is told, and what it answers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace quantscope {

struct ExportOptions {
    /// Of decoded weights: "auto", "float32", "float16" or "bfloat16". auto writes what the weights need to stay as
    /// they are: float32 for fitted sites unless the source's 16-bit dtype holds them exactly.
    std::string dtype = "auto";
    std::uint64_t shard_bytes = 5'000'000'000; ///< a weight file grows no larger where its tensors allow it
};

struct ExportResult {
    std::uint64_t bytes = 0;                  ///< of the weight files
    std::vector<std::filesystem::path> files; ///< all that were written, where they are now
    std::vector<std::string> remarks;         ///< what a person should know
};

} // namespace quantscope
