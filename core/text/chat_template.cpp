// The conversation as the template's variables; lexing, parsing and running are jinja/'s.
#include "core/text/chat_template.h"

#include "core/base/errors.h"
#include "core/text/jinja/evaluator.h"
#include "core/text/jinja/parser.h"
#include "core/text/unicode.h"

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

std::string render_template(std::string_view source, const nlohmann::ordered_json& variables, const std::string& file) {
    jinja::Run run{file};
    const auto known = jinja::Value::from_json(variables, run);
    if (!known.mapping()) run.fail("is given no object of variables");
    const auto block = jinja::parse(jinja::tokens_of(valid_utf8(source), run), run);
    return jinja::Evaluator(run, *known.mapping()).render(block);
}

} // namespace quantscope
