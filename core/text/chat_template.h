// Turns a conversation into the prompt that the model was trained on, by the model's own chat template.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.h"

namespace quantscope {

struct ChatMessage {
    std::string role;    ///< "system", "user" or "assistant"
    std::string content; ///< UTF-8
};

/// The prompt, to be encoded with add_special = false and parse_special = true (the template writes its own BOS).
/// \param add_generation_prompt  end with the words that open the assistant's answer
/// \throws FormatError when the tokenizer has no template, or naming a construct that is not known; the caller then
///         takes the raw prompt and says so. DataError when the template itself refuses the conversation
///         (raise_exception)
std::string render_chat(const Tokenizer& tokenizer, std::span<const ChatMessage> messages,
                        bool add_generation_prompt = true);

/// Renders any template of the subset, with trim_blocks and lstrip_blocks on as the transformers library has them.
/// Steps, nesting and output are bounded.
/// \param variables  a JSON object: what the template sees beside raise_exception, strftime_now, namespace, range, dict
/// \throws as render_chat; \param file for error messages
std::string render_template(std::string_view source, const nlohmann::ordered_json& variables, const std::string& file);

} // namespace quantscope
