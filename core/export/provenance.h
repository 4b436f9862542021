// Where a written file comes from: which version wrote it, from which source, under which recipe, and when.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/base/progress.h"
#include "core/model/model.h"

namespace quantscope {

struct Provenance {
    std::string version; ///< of Quantscope
    std::string source;  ///< name of the model's file or folder
    std::string
        source_sha256;   ///< of the file; of several files: of the lines "<sha256>  <file name>\n", in shard order
    std::string created; ///< ISO 8601, UTC
    std::string family;
};

std::string quantscope_version();

/// Reads the source files once to name them by their content. \throws IoError, Cancelled
Provenance provenance_of(const Model& model, Progress& progress);

/// The same without reading the files: zeros stand for the hash, so that sizes are those of the whole.
Provenance provenance_unread(const Model& model);

/// What stands in quantscope.json beside exported weights: all of the above but the family, and the recipe.
std::string as_text(const Provenance& provenance, const nlohmann::json& recipe);

} // namespace quantscope
