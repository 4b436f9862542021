// What filters and methods of strings have in common, with Python's meaning.
#include "core/text/jinja/functions.h"
#include "core/text/unicode.h"

namespace quantscope::jinja {

namespace {

/// What str.strip() takes away: Unicode white space and the four separators of ASCII.
bool is_python_space(char32_t c) { return is_white_space(c) || (c >= 0x1c && c <= 0x1f); }

bool stripped_character(char32_t c, std::string_view one, const std::optional<std::string>& characters) {
    return characters ? characters->find(one) != std::string::npos : is_python_space(c);
}

} // namespace

std::string stripped(const std::string& text, const std::optional<std::string>& characters, bool left, bool right,
                     Run& run) {
    run.allocate(text.size());
    std::size_t begin = 0, end = text.size();
    const std::string_view view(text);
    while (left && begin < end) {
        auto next = begin;
        const auto c = next_character(view, next);
        if (!stripped_character(c, view.substr(begin, next - begin), characters)) break;
        begin = next;
    }
    while (right && end > begin) {
        const auto first = previous_character(view, end);
        auto next = first;
        const auto c = next_character(view, next);
        if (!stripped_character(c, view.substr(first, next - first), characters)) break;
        end = first;
    }
    return text.substr(begin, end - begin);
}

std::string replaced(const std::string& text, const std::string& from, const std::string& to, std::int64_t count,
                     Run& run) {
    if (from.empty()) run.fail("replacing the empty string is not known here");
    run.allocate(text.size());
    std::string out;
    std::size_t at = 0;
    for (auto place = text.find(from); place != std::string::npos && count != 0; place = text.find(from, at), --count) {
        run.allocate(to.size());
        run.spend();
        out.append(text, at, place - at);
        out += to;
        at = place + from.size();
    }
    return out.append(text, at);
}

std::string cased(const std::string& text, bool upper, Run& run) {
    run.allocate(2 * text.size());
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto c = next_character(text, at);
        if (upper && c == 0xdf)
            out += "SS"; // the one letter of these languages whose capital is two letters
        else
            append_utf8(out, upper ? upper_case(c) : lower_case(c));
    }
    return out;
}

std::string capitalized(const std::string& text, bool every_word, Run& run) {
    run.allocate(2 * text.size());
    std::string out;
    bool begins = true;
    for (std::size_t at = 0; at < text.size();) {
        const auto c = next_character(text, at);
        append_utf8(out, begins ? upper_case(c) : lower_case(c));
        begins = every_word && (is_white_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<');
    }
    return out;
}

std::string joined(const std::vector<Value>& items, const std::string& separator, Run& run) {
    std::string out;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out += separator;
        run.allocate(separator.size());
        out += text(items[i], run);
    }
    return out;
}

} // namespace quantscope::jinja
