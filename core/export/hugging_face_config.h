// config.json and generation_config.json for models that come without: GGUF files of the Llama family.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/model/model.h"

namespace quantscope {

/// Why a model's facts cannot be said in a config.json that the transformers library understands; empty when they can.
/// A model that has a config.json of its own always can.
std::string why_no_hugging_face_config(const Model& model);

/// The model's own config.json, or one made of its architecture's facts, in the spelling that both the fourth and the
/// fifth major version of transformers read; with `dtype` as the dtype in which the weights are to be loaded.
/// \throws FormatError with the reason above
nlohmann::json hugging_face_config(const Model& model, DType dtype);

/// Ids of the special tokens as GGUF metadata has them; null when there are none.
nlohmann::json generation_config(const nlohmann::json& gguf_metadata);

} // namespace quantscope
