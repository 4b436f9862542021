// Values as JSON text, as Python's json.dumps writes it.
#include <algorithm>

#include "core/text/jinja/value.h"
#include "core/text/unicode.h"

namespace quantscope::jinja {

namespace {

class Writer {
public:
    Writer(const JsonStyle& style, Run& run)
        : style_(style)
        , run_(run) {}

    void write(const Value& value, int level) {
        run_.spend();
        const auto before = out.size();
        if (const auto* string = value.string())
            quoted(*string);
        else if (const auto* list = value.list())
            return write_list(*list, level);
        else if (const auto* mapping = value.mapping())
            return write_mapping(*mapping, level);
        else if (value.none())
            out += "null";
        else if (const auto* flag = value.get<bool>())
            out += *flag ? "true" : "false";
        else if (value.number())
            out += representation(value, run_);
        else
            run_.fail(std::string("writes a ") + value.kind() + " as JSON");
        run_.allocate(out.size() - before);
    }

    std::string out;

private:
    void new_line(int level) {
        if (style_.indent < 0) return;
        const auto width = static_cast<std::size_t>(style_.indent) * static_cast<std::size_t>(level);
        run_.allocate(width + 1);
        out += '\n';
        out.append(width, ' ');
    }

    void write_list(const List& list, int level) {
        if (list.items.empty()) return void(out += "[]");
        out += '[';
        for (std::size_t i = 0; i < list.items.size(); ++i) {
            if (i > 0) out += style_.item_separator;
            new_line(level + 1);
            write(list.items[i], level + 1);
        }
        new_line(level);
        out += ']';
    }

    void write_mapping(const Mapping& mapping, int level) {
        if (mapping.entries.empty()) return void(out += "{}");
        std::vector<const std::pair<std::string, Value>*> entries;
        run_.allocate(mapping.entries.size() * sizeof(void*));
        for (const auto& entry : mapping.entries)
            entries.push_back(&entry);
        if (style_.sort_keys)
            std::sort(entries.begin(), entries.end(), [](auto* a, auto* b) { return a->first < b->first; });
        out += '{';
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (i > 0) out += style_.item_separator;
            new_line(level + 1);
            run_.allocate(entries[i]->first.size());
            quoted(entries[i]->first);
            out += style_.key_separator;
            write(entries[i]->second, level + 1);
        }
        new_line(level);
        out += '}';
    }

    void escape(char32_t unit) {
        constexpr std::string_view digits = "0123456789abcdef";
        out += "\\u";
        for (int shift = 12; shift >= 0; shift -= 4)
            out += digits[unit >> shift & 15];
    }

    void quoted(const std::string& string) {
        out += '"';
        for (std::size_t at = 0; at < string.size();) {
            const auto begin = at;
            const auto c = next_character(string, at);
            if (c == '"' || c == '\\')
                out += {'\\', static_cast<char>(c)};
            else if (c == '\n')
                out += "\\n";
            else if (c == '\r')
                out += "\\r";
            else if (c == '\t')
                out += "\\t";
            else if (c == '\b')
                out += "\\b";
            else if (c == '\f')
                out += "\\f";
            else if (c < 0x20)
                escape(c);
            else if (style_.ensure_ascii && c >= 0x10000) {
                escape(0xd800 + ((c - 0x10000) >> 10));
                escape(0xdc00 + ((c - 0x10000) & 0x3ff));
            } else if (style_.ensure_ascii && c >= 0x7f)
                escape(c);
            else
                out.append(string, begin, at - begin);
        }
        out += '"';
    }

    const JsonStyle& style_;
    Run& run_;
};

} // namespace

std::string to_json(const Value& value, const JsonStyle& style, Run& run) {
    Writer writer(style, run);
    writer.write(value, 0);
    return std::move(writer.out);
}

} // namespace quantscope::jinja
