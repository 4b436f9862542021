// From an AutoencoderKL's tensors and configuration to the facts its decoder needs.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/model/autoencoder_architecture.h"
#include "core/model/model.h"

namespace quantscope {

/// All facts, or why the decoder cannot be evaluated.
struct AutoencoderArchitectureFound {
    std::shared_ptr<AutoencoderArchitecture> architecture;
    std::string why_not; ///< a sentence for a user
};

/// The configuration's word is taken and held against every tensor's shape; what it leaves out, shapes tell, and where
/// they cannot (groups, scaling_factor, shift_factor), diffusers' defaults hold.
/// \param model   of kind "vae", its tensors named
/// \param config  config.json, or null
/// \param file    of the configuration, named in errors
/// \throws FormatError, ShapeError naming file and key or tensor
AutoencoderArchitectureFound read_autoencoder_architecture(const Model& model, const nlohmann::json& config,
                                                           const std::string& file);

} // namespace quantscope
