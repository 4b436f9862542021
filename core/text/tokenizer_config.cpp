// Reads the two configuration files into a tokenizer's parts.
#include "core/text/tokenizer_config.h"

#include "core/text/json_reading.h"

namespace quantscope {

namespace {

using nlohmann::json;

/// "bos_token": "<s>" or {"content": "<s>", …}
std::optional<std::int32_t> named_token(TokenizerParts& parts, const json& config, const char* key,
                                        const JsonPlace& place) {
    const auto* value = member(config, key);
    if (!value) return std::nullopt;
    const auto name =
        value->is_object() ? string_member(*value, "content", place.below(key)) : string_member(config, key, place);
    const auto id = parts.find(name);
    if (!id)
        parts.remarks.push_back(place.below(key).key + ": \"" + printable(name, 60) + "\" is not in the vocabulary");
    return id;
}

/// One template, or a list of named ones, of which the default is taken.
std::string read_chat_template(const json& config, const JsonPlace& place) {
    const auto* value = member(config, "chat_template");
    if (!value || !value->is_array()) return string_member(config, "chat_template", place, "");
    for (const auto& entry : *value)
        if (string_member(entry, "name", place.below("chat_template"), "") == "default")
            return string_member(entry, "template", place.below("chat_template"));
    return "";
}

void add_end_tokens(TokenizerParts& parts, const json& generation_config) {
    const auto* ids = member(generation_config, "eos_token_id");
    if (!ids) return;
    const JsonPlace place{parts.file, "generation_config.eos_token_id"};
    const auto add = [&](const json& id) {
        if (!id.is_number_integer()) place.fail("is no token id; correct it or take the file away");
        const auto number = id.get<std::int64_t>();
        if (number >= 0 && number < parts.size())
            parts.add_end_token(static_cast<std::int32_t>(number));
        else
            parts.remarks.push_back(place.key + ": " + std::to_string(number) + " lies outside of the vocabulary");
    };
    if (!ids->is_array()) return add(*ids);
    if (ids->size() > 1000) place.fail("lists more than 1,000 tokens; correct it or take the file away");
    for (const auto& id : *ids)
        add(id);
}

} // namespace

void apply_tokenizer_config(TokenizerParts& parts, const json& tokenizer_config, const json& generation_config,
                            bool placed) {
    const JsonPlace place{parts.file, "tokenizer_config"};
    if (const auto bos = named_token(parts, tokenizer_config, "bos_token", place)) parts.bos = bos;
    if (const auto eos = named_token(parts, tokenizer_config, "eos_token", place)) parts.eos = eos;
    if (!parts.bos && placed && !parts.before.empty()) parts.bos = parts.before.front();
    if (!placed) {
        if (flag_member(tokenizer_config, "add_bos_token", place, false) && parts.bos)
            parts.before.insert(parts.before.begin(), *parts.bos);
        if (flag_member(tokenizer_config, "add_eos_token", place, false) && parts.eos)
            parts.after.push_back(*parts.eos);
    }
    parts.chat_template = read_chat_template(tokenizer_config, place);
    parts.add_end_token(parts.eos);
    add_end_tokens(parts, generation_config);
    parts.add_known_end_tokens();
}

} // namespace quantscope
