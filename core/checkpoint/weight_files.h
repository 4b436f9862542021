// Which files make up a model: one file, a folder's single file, or the shards that a folder's index names.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace quantscope {

struct WeightFiles {
    std::vector<std::filesystem::path> files; ///< in shard order, at least one
    std::filesystem::path config_file;        ///< empty when there is none
    bool config_belongs = false;              ///< the config is of the same folder model, not merely beside a file
    std::filesystem::path index_file;         ///< empty when not sharded
    std::vector<std::pair<std::string, std::uint32_t>> claims; ///< tensor → file, as the index says
    std::vector<std::string> remarks;

    /// \throws FormatError naming the first tensor that the index promises and its shard does not hold
    void check_claims(const Checkpoint& checkpoint) const;
};

/// \param path  a file or a folder
/// \throws IoError, FormatError naming the file, index or folder
WeightFiles find_weight_files(const std::filesystem::path& path);

} // namespace quantscope
