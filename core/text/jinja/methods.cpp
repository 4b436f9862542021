// {{ value.method() }}: Python's methods of strings, mappings and lists that chat templates use.
#include <algorithm>
#include <map>

#include "core/base/errors.h"
#include "core/text/jinja/functions.h"
#include "core/text/unicode.h"

namespace quantscope::jinja {

namespace {

using StringMethod = Value (*)(const std::string& text, Arguments& arguments, Run& run);

Value strip(const std::string& text, Arguments& arguments, Run& run, bool left, bool right) {
    const auto characters = arguments.take("chars");
    if (!characters || characters->none()) return stripped(text, std::nullopt, left, right, run);
    if (!characters->string()) run.fail(std::string("strip: takes a string and no ") + characters->kind());
    return stripped(text, *characters->string(), left, right, run);
}

/// Without a separator: the words between white space.
std::vector<Value> words_of(const std::string& text, std::int64_t most, Run& run) {
    std::vector<Value> out;
    auto rest = stripped(text, std::nullopt, true, false, run);
    while (!rest.empty()) {
        std::size_t end = 0;
        while (end < rest.size()) {
            auto next = end;
            if (is_white_space(next_character(rest, next))) break;
            end = next;
        }
        if (most >= 0 && static_cast<std::int64_t>(out.size()) == most) end = rest.size();
        auto word = rest.substr(0, end);
        if (end == rest.size()) word = stripped(word, std::nullopt, false, true, run);
        out.emplace_back(std::move(word));
        rest = stripped(rest.substr(end), std::nullopt, true, false, run);
    }
    return out;
}

Value split(const std::string& text, Arguments& arguments, Run& run) {
    const auto separator = arguments.take("sep");
    auto most = arguments.integer("maxsplit", run, -1);
    if (!separator || separator->none()) return Value::list(words_of(text, most, run), run);
    if (!separator->string() || separator->string()->empty()) run.fail("split: the separator is no string or empty");
    run.allocate(text.size());
    std::vector<Value> out;
    std::size_t at = 0;
    for (auto place = text.find(*separator->string()); place != std::string::npos && most != 0;
         place = text.find(*separator->string(), at), --most) {
        run.allocate(sizeof(Value) + sizeof(std::string));
        out.emplace_back(text.substr(at, place - at));
        at = place + separator->string()->size();
    }
    out.emplace_back(text.substr(at));
    return Value::list(std::move(out), run);
}

Value split_from_the_right(const std::string& text, Arguments& arguments, Run& run) {
    const auto separator = arguments.string("sep", run);
    auto most = arguments.integer("maxsplit", run, -1);
    if (separator.empty()) run.fail("rsplit: the separator is empty");
    run.allocate(text.size());
    std::vector<Value> out;
    std::size_t end = text.size();
    while (most != 0 && end >= separator.size()) {
        const auto place = text.rfind(separator, end - separator.size());
        if (place == std::string::npos) break;
        run.allocate(sizeof(Value) + sizeof(std::string));
        out.emplace_back(text.substr(place + separator.size(), end - place - separator.size()));
        end = place;
        --most;
    }
    out.emplace_back(text.substr(0, end));
    std::reverse(out.begin(), out.end());
    return Value::list(std::move(out), run);
}

Value splitlines(const std::string& text, Arguments&, Run& run) {
    run.allocate(text.size());
    std::vector<Value> out;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find_first_of("\r\n", at), text.size());
        run.allocate(sizeof(Value) + sizeof(std::string));
        out.emplace_back(text.substr(at, end - at));
        at = end + (text.compare(end, 2, "\r\n") == 0 ? 2 : 1);
    }
    return Value::list(std::move(out), run);
}

/// One string, or a list of which one is enough.
bool meets(const std::string& text, Arguments& arguments, Run& run, bool at_the_end) {
    const auto wanted = arguments.required("prefix", run);
    for (const auto& one : wanted.list() ? wanted.list()->items : std::vector<Value>{wanted}) {
        if (!one.string()) run.fail(std::string("looks for a ") + one.kind() + " at a string's end");
        run.spend(one.string()->size() / 64 + 1);
        if (at_the_end ? text.ends_with(*one.string()) : text.starts_with(*one.string())) return true;
    }
    return false;
}

/// In characters; −1 when absent.
std::int64_t place_of(const std::string& text, Arguments& arguments, Run& run, bool last) {
    const auto wanted = arguments.string("sub", run);
    run.spend(text.size() / 16);
    const auto place = last ? text.rfind(wanted) : text.find(wanted);
    if (place == std::string::npos) return -1;
    return static_cast<std::int64_t>(count_characters(std::string_view(text).substr(0, place)));
}

bool all_characters(const std::string& text, bool (*test)(char32_t)) {
    for (std::size_t at = 0; at < text.size();)
        if (!test(next_character(text, at))) return false;
    return !text.empty();
}

const std::map<std::string, StringMethod, std::less<>>& string_methods() {
    using S = const std::string&;
    static const std::map<std::string, StringMethod, std::less<>> table{
        {"strip", [](S s, Arguments& a, Run& r) -> Value { return strip(s, a, r, true, true); }},
        {"lstrip", [](S s, Arguments& a, Run& r) -> Value { return strip(s, a, r, true, false); }},
        {"rstrip", [](S s, Arguments& a, Run& r) -> Value { return strip(s, a, r, false, true); }},
        {"split", split},
        {"rsplit", split_from_the_right},
        {"splitlines", splitlines},
        {"startswith", [](S s, Arguments& a, Run& r) -> Value { return meets(s, a, r, false); }},
        {"endswith", [](S s, Arguments& a, Run& r) -> Value { return meets(s, a, r, true); }},
        {"upper", [](S s, Arguments&, Run& r) -> Value { return cased(s, true, r); }},
        {"lower", [](S s, Arguments&, Run& r) -> Value { return cased(s, false, r); }},
        {"title", [](S s, Arguments&, Run& r) -> Value { return capitalized(s, true, r); }},
        {"capitalize", [](S s, Arguments&, Run& r) -> Value { return capitalized(s, false, r); }},
        {"find", [](S s, Arguments& a, Run& r) -> Value { return place_of(s, a, r, false); }},
        {"rfind", [](S s, Arguments& a, Run& r) -> Value { return place_of(s, a, r, true); }},
        {"replace",
         [](S s, Arguments& a, Run& r) -> Value {
             const auto from = a.string("old", r), to = a.string("new", r);
             return replaced(s, from, to, a.integer("count", r, -1), r);
         }},
        {"count",
         [](S s, Arguments& a, Run& r) -> Value {
             const auto wanted = a.string("sub", r);
             if (wanted.empty()) r.fail("count: counts the empty string");
             r.spend(s.size() / 16);
             std::int64_t count = 0;
             for (auto at = s.find(wanted); at != s.npos; at = s.find(wanted, at + wanted.size()))
                 ++count;
             return count;
         }},
        {"join",
         [](S s, Arguments& a, Run& r) -> Value { return joined(items_of(a.required("iterable", r), r), s, r); }},
        {"removeprefix",
         [](S s, Arguments& a, Run& r) -> Value {
             const auto prefix = a.string("prefix", r);
             r.allocate(s.size());
             return s.starts_with(prefix) ? s.substr(prefix.size()) : s;
         }},
        {"removesuffix",
         [](S s, Arguments& a, Run& r) -> Value {
             const auto suffix = a.string("suffix", r);
             r.allocate(s.size());
             return s.ends_with(suffix) ? s.substr(0, s.size() - suffix.size()) : s;
         }},
        {"isdigit",
         [](S s, Arguments&, Run& r) -> Value { return r.spend(s.size() / 16), all_characters(s, is_number); }},
        {"isspace",
         [](S s, Arguments&, Run& r) -> Value { return r.spend(s.size() / 16), all_characters(s, is_white_space); }},
    };
    return table;
}

Value mapping_method(const Mapping& mapping, const Value& object, const std::string& name, Arguments& arguments,
                     Run& run) {
    if (name == "items") return apply_filter("items", object, {}, run);
    if (name == "keys") return Value::list(items_of(object, run), run);
    if (name == "values") {
        std::vector<Value> values;
        run.allocate(mapping.entries.size() * sizeof(Value));
        for (const auto& entry : mapping.entries)
            values.push_back(entry.second);
        return Value::list(std::move(values), run);
    }
    if (name == "get") {
        const auto key = arguments.required("key", run);
        auto otherwise = arguments.take("default");
        const auto* found = key.string() ? mapping.find(*key.string()) : nullptr;
        return found ? *found : otherwise ? std::move(*otherwise) : Value(None{});
    }
    run.fail("the method \"" + printable(name, 60) + "\" of a mapping is not known here");
}

Value list_method(const List& list, const std::string& name, Arguments& arguments, Run& run) {
    if (name != "index" && name != "count")
        run.fail("the method \"" + printable(name, 60) + "\" of a list is not known here");
    const auto wanted = arguments.required("value", run);
    std::int64_t count = 0;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
        if (!equal(list.items[i], wanted, run)) continue;
        if (name == "index") return static_cast<std::int64_t>(i);
        ++count;
    }
    if (name == "index") run.fail("index: the value is not in the list");
    return count;
}

} // namespace

Value call_method(const Value& object, const std::string& name, Arguments arguments, Run& run) {
    const Level level(run);
    run.spend();
    Value value;
    if (object.undefined()) {
        attribute(object, name, run); // complains
    } else if (const auto* string = object.string()) {
        const auto it = string_methods().find(name);
        if (it == string_methods().end())
            run.fail("the method \"" + printable(name, 60) + "\" of a string is not known here");
        value = it->second(*string, arguments, run);
    } else if (const auto* mapping = object.mapping()) {
        value = mapping_method(*mapping, object, name, arguments, run);
    } else if (const auto* list = object.list()) {
        value = list_method(*list, name, arguments, run);
    } else {
        run.fail("the method \"" + printable(name, 60) + "\" of a " + object.kind() + " is not known here");
    }
    arguments.finish(name, run);
    return value;
}

} // namespace quantscope::jinja
