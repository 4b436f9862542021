// From a configuration (config.json, or GGUF metadata put into its words) to the facts a forward pass needs.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/model/architecture.h"
#include "core/model/family.h"

namespace quantscope {

/// What is known of the facts: all of them, or why not.
struct ArchitectureFound {
    std::shared_ptr<Architecture> architecture; ///< null when `why_not` says why the model cannot be evaluated
    std::string why_not;
};

/// Reads today's spelling of config.json (`rope_parameters`, `dtype`) and the older one (`rope_theta`, `rope_scaling`).
/// Facts that only tensors tell (biases, tied head without the key, dtype) are left to check_tensors.
/// \param file  named in errors
/// \throws FormatError naming file and key when a value is missing, of the wrong type or out of its range
ArchitectureFound read_architecture(const nlohmann::json& config, const Family& family, const std::string& file);

/// GGUF metadata in the words of config.json; keys it lacks are left out.
/// \param architecture  general.architecture, the keys' prefix
/// \throws FormatError naming file and key when a value is of the wrong type
nlohmann::json config_from_gguf(const nlohmann::json& metadata, const std::string& architecture,
                                const std::string& file);

/// A whole number from a file, in [low, high]. \throws FormatError naming file and key
std::int64_t checked_integer(const nlohmann::json& object, const std::string& key, std::int64_t low, std::int64_t high,
                             const std::string& file);

} // namespace quantscope
