// The conversation as the template's variables.
#include "core/text/chat_template.h"

#include "core/base/errors.h"

namespace quantscope {

std::string render_chat(const Tokenizer& tokenizer, std::span<const ChatMessage> messages, bool add_generation_prompt) {
    if (tokenizer.chat_template().empty())
        throw FormatError("", "chat_template", "the model has no chat template; the raw prompt is used");
    auto list = nlohmann::ordered_json::array();
    for (const auto& message : messages)
        list.push_back({{"role", message.role}, {"content", message.content}});
    const auto token = [&](std::optional<std::int32_t> id) { return id ? tokenizer.spelling(*id) : std::string(); };
    return render_template(tokenizer.chat_template(),
                           {{"messages", list},
                            {"add_generation_prompt", add_generation_prompt},
                            {"bos_token", token(tokenizer.bos())},
                            {"eos_token", token(tokenizer.eos())}},
                           "chat_template");
}

std::string render_template(std::string_view, const nlohmann::ordered_json&, const std::string& file) {
    throw FormatError(file, "chat_template", "templates are not rendered yet; the raw prompt is used");
}

} // namespace quantscope
