// One small class per kind of normalizer, and the reader that puts them together.
#include "core/text/normalizer.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "core/text/json_reading.h"
#include "core/text/pattern.h"
#include "core/text/unicode.h"

namespace quantscope {

namespace {

/// A normalizer that is one function of the text.
class Simple : public Normalizer {
public:
    explicit Simple(std::function<std::string(std::string)> change)
        : change_(std::move(change)) {}
    std::string apply(std::string text) const override { return change_(std::move(text)); }

private:
    std::function<std::string(std::string)> change_;
};

class Chain : public Normalizer {
public:
    std::vector<std::unique_ptr<Normalizer>> steps;
    std::string apply(std::string text) const override {
        for (const auto& step : steps)
            text = step->apply(std::move(text));
        return text;
    }
};

std::unique_ptr<Normalizer> simple(std::function<std::string(std::string)> change) {
    return std::make_unique<Simple>(std::move(change));
}

std::unique_ptr<Normalizer> replace(Pattern pattern, std::string content) {
    return simple([pattern = std::move(pattern), content = std::move(content)](std::string text) {
        const auto matches = pattern.find_all(text);
        if (matches.empty()) return text;
        std::string out;
        std::size_t at = 0;
        for (const auto& [begin, end] : matches) {
            out.append(text, at, begin - at);
            out += content;
            at = end;
        }
        return out.append(text, at);
    });
}

std::string strip(const std::string& text, bool left, bool right) {
    std::size_t begin = 0, end = text.size();
    while (left && begin < end) {
        std::size_t next = begin;
        if (!is_white_space(next_character(text, next))) break;
        begin = next;
    }
    while (right && end > begin) {
        std::size_t at = previous_character(text, end);
        const std::size_t last = at;
        if (!is_white_space(next_character(text, at))) break;
        end = last;
    }
    return text.substr(begin, end - begin);
}

/// Every character through `change`, which may drop it (U+10FFFF+1) or append more.
std::string each_character(const std::string& text, const std::function<void(std::string&, char32_t)>& change) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();)
        change(out, next_character(text, at));
    return out;
}

std::string lower(const std::string& text) {
    return each_character(text, [](std::string& out, char32_t c) {
        if (c == 0x130)
            out += "i\xcc\x87"; // the one capital whose lower case is two characters
        else
            append_utf8(out, lower_case(c));
    });
}

/// \param mark  which characters go away: BERT spares those that take room, "StripAccents" spares none
std::string without_marks(const std::string& text, bool (*mark)(char32_t)) {
    return each_character(text, [mark](std::string& out, char32_t c) {
        if (!mark(c)) append_utf8(out, c);
    });
}

std::string bert_clean(const std::string& text) {
    return each_character(text, [](std::string& out, char32_t c) {
        if (c == 0 || c == 0xfffd || is_control(c)) return;
        if (is_white_space(c))
            out += ' ';
        else
            append_utf8(out, c);
    });
}

std::string spaced_ideographs(const std::string& text) {
    return each_character(text, [](std::string& out, char32_t c) {
        if (is_cjk(c)) out += ' ';
        append_utf8(out, c);
        if (is_cjk(c)) out += ' ';
    });
}

std::unique_ptr<Normalizer> bert(const nlohmann::json& description, const JsonPlace& place) {
    const bool clean = flag_member(description, "clean_text", place, true);
    const bool ideographs = flag_member(description, "handle_chinese_chars", place, true);
    const bool lowered = flag_member(description, "lowercase", place, true);
    const bool stripped = flag_member(description, "strip_accents", place, lowered);
    return simple([=](std::string text) {
        if (clean) text = bert_clean(text);
        if (ideographs) text = spaced_ideographs(text);
        if (stripped) text = without_marks(normal_form(text, NormalForm::nfd), is_accent);
        return lowered ? lower(text) : text;
    });
}

std::unique_ptr<Normalizer> read(const nlohmann::json& description, const JsonPlace& place, int depth) {
    if (depth > 20) place.fail("is nested more than 20 deep; the tokenizer is refused");
    const auto type = string_member(description, "type", place);
    if (type == "Sequence") {
        auto chain = std::make_unique<Chain>();
        const auto* steps = member(description, "normalizers");
        if (!steps || !steps->is_array()) place.below("normalizers").fail("is missing; the tokenizer is incomplete");
        for (const auto& step : *steps)
            chain->steps.push_back(read(step, place.below("normalizers"), depth + 1));
        return chain;
    }
    for (const auto& [name, form] : {std::pair{"NFC", NormalForm::nfc}, std::pair{"NFD", NormalForm::nfd},
                                     std::pair{"NFKC", NormalForm::nfkc}, std::pair{"NFKD", NormalForm::nfkd}})
        if (type == name) return simple([form = form](const std::string& text) { return normal_form(text, form); });
    if (type == "Prepend") {
        return simple([prefix = string_member(description, "prepend", place)](std::string text) {
            return text.empty() ? text : prefix + text;
        });
    }
    if (type == "Replace")
        return replace(read_pattern(description, place), string_member(description, "content", place));
    if (type == "Strip") {
        return simple([left = flag_member(description, "strip_left", place, true),
                       right = flag_member(description, "strip_right", place, true)](const std::string& text) {
            return strip(text, left, right);
        });
    }
    if (type == "Lowercase") return simple([](const std::string& text) { return lower(text); });
    if (type == "StripAccents") return simple([](const std::string& text) { return without_marks(text, is_mark); });
    if (type == "ByteLevel") return simple([](const std::string& text) { return bytes_to_letters(text); });
    if (type == "BertNormalizer") return bert(description, place);
    place.fail("the normalizer \"" + printable(type, 60) + "\" is not known here; text cannot be encoded");
}

} // namespace

Pattern read_pattern(const nlohmann::json& description, const JsonPlace& place) {
    const auto* pattern = member(description, "pattern");
    if (pattern && pattern->is_object()) {
        if (member(*pattern, "Regex")) {
            const auto key = place.below("pattern").key;
            return Pattern(string_member(*pattern, "Regex", place.below("pattern")), place.file, key);
        }
        if (member(*pattern, "String")) {
            return Pattern::literal(string_member(*pattern, "String", place.below("pattern")), place.file,
                                    place.below("pattern").key);
        }
    }
    place.below("pattern").fail("is neither a String nor a Regex; the tokenizer is incomplete");
}

std::unique_ptr<Normalizer> read_normalizer(const nlohmann::json& description, const std::string& file) {
    if (description.is_null()) return nullptr;
    return read(description, {file, "normalizer"}, 0);
}

std::unique_ptr<Normalizer> sentencepiece_normalizer(bool prefix) {
    return simple([prefix](const std::string& text) {
        std::string out;
        if (prefix && !text.empty()) out += "\xe2\x96\x81";
        for (const char c : text) {
            if (c == ' ')
                out += "\xe2\x96\x81";
            else
                out += c;
        }
        return out;
    });
}

} // namespace quantscope
