// From a DiT's tensors and configuration to the facts its forward pass needs. Shapes tell nearly all of them.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/model/dit_architecture.h"
#include "core/model/model.h"

namespace quantscope {

/// All facts, or why the model cannot be evaluated.
struct DitArchitectureFound {
    std::shared_ptr<DitArchitecture> architecture;
    std::string why_not; ///< a sentence for a user
};

/// \param model   family "dit" or "dit-diffusers", its tensors named
/// \param config  config.json, or null
/// \param heads   what the user says, 0 for nothing
/// \param file    of the configuration, named in errors
/// \throws FormatError, ShapeError naming file and key or tensor when shapes contradict each other
DitArchitectureFound read_dit_architecture(const Model& model, const nlohmann::json& config, std::int64_t heads,
                                           const std::string& file);

} // namespace quantscope
