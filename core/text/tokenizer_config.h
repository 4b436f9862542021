// What tokenizer_config.json and generation_config.json add to a vocabulary: which tokens begin and end a text or a
// turn, and the chat template.
#pragma once

#include <nlohmann/json.hpp>

#include "core/text/tokenizer_parts.h"

namespace quantscope {

/// \param tokenizer_config, generation_config  parsed, or null
/// \param placed  whether the vocabulary's own file says which tokens stand around a text; else add_bos_token and
///                add_eos_token do
/// \throws FormatError naming the key
void apply_tokenizer_config(TokenizerParts& parts, const nlohmann::json& tokenizer_config,
                            const nlohmann::json& generation_config, bool placed);

} // namespace quantscope
