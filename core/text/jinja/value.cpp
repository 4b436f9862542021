// Python's rules for values: truth, equality, order, str and repr.
#include "core/text/jinja/value.h"

#include <array>
#include <charconv>
#include <cmath>

#include "core/base/errors.h"
#include "core/text/unicode.h"

namespace quantscope::jinja {

namespace {

constexpr int deepest_value = 60;

/// The shortest digits that read back as the same number, written as Python's repr does.
std::string float_text(double number) {
    if (std::isnan(number)) return "nan";
    if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
    std::array<char, 64> buffer{};
    const double size = std::fabs(number);
    const bool exponent = size != 0 && (size < 1e-4 || size >= 1e16);
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                   exponent ? std::chars_format::scientific : std::chars_format::fixed)
                         .ptr;
    std::string out(buffer.data(), end);
    if (!exponent && out.find('.') == out.npos) out += ".0";
    return out;
}

void append_representation(std::string& out, const Value& value, Run& run);

/// repr of a str: single quotes unless only single quotes stand inside.
void append_quoted(std::string& out, const std::string& string) {
    const bool doubled = string.find('\'') != string.npos && string.find('"') == string.npos;
    const char quote = doubled ? '"' : '\'';
    out += quote;
    for (std::size_t at = 0; at < string.size();) {
        const auto begin = at;
        const auto c = next_character(string, at);
        if (c == static_cast<char32_t>(quote) || c == '\\')
            out += {'\\', static_cast<char>(c)};
        else if (c == '\n')
            out += "\\n";
        else if (c == '\r')
            out += "\\r";
        else if (c == '\t')
            out += "\\t";
        else if (c < 0x20 || c == 0x7f) {
            constexpr std::string_view digits = "0123456789abcdef";
            out += {'\\', 'x', digits[c >> 4], digits[c & 15]};
        } else
            out.append(string, begin, at - begin);
    }
    out += quote;
}

void append_list(std::string& out, const List& list, Run& run) {
    out += list.tuple ? '(' : '[';
    for (std::size_t i = 0; i < list.items.size(); ++i) {
        if (i > 0) out += ", ";
        append_representation(out, list.items[i], run);
    }
    if (list.tuple && list.items.size() == 1) out += ',';
    out += list.tuple ? ')' : ']';
}

void append_mapping(std::string& out, const Mapping& mapping, Run& run) {
    out += '{';
    for (std::size_t i = 0; i < mapping.entries.size(); ++i) {
        if (i > 0) out += ", ";
        append_quoted(out, mapping.entries[i].first);
        out += ": ";
        append_representation(out, mapping.entries[i].second, run);
    }
    out += '}';
}

void append_representation(std::string& out, const Value& value, Run& run) {
    run.spend();
    const auto before = out.size();
    if (const auto* string = value.string())
        append_quoted(out, *string);
    else if (const auto* list = value.list())
        return append_list(out, *list, run);
    else if (const auto* mapping = value.mapping())
        return append_mapping(out, *mapping, run);
    else if (value.undefined())
        out += "Undefined";
    else if (value.none())
        out += "None";
    else if (const auto* flag = value.get<bool>())
        out += *flag ? "True" : "False";
    else if (const auto* integer = value.get<std::int64_t>())
        out += std::to_string(*integer);
    else if (const auto* number = value.get<double>())
        out += float_text(*number);
    else
        run.fail(std::string("prints a ") + value.kind() + ", which is not known here");
    run.allocate(out.size() - before);
}

int depth_above(int deepest_child, Run& run) {
    if (deepest_child + 1 > deepest_value) run.fail("makes lists nested deeper than 60 levels");
    return deepest_child + 1;
}

} // namespace

void Run::spend(std::uint64_t count) {
    steps += count;
    if (steps > most_steps) fail("takes more than 2,000,000 steps");
}

void Run::allocate(std::uint64_t count) {
    if (count > most_bytes || (bytes += count) > most_bytes) fail("makes more than 64 MB of text and lists");
    spend(count / 64);
}

void Run::fail(const std::string& problem) const {
    throw FormatError(file, "chat template, line " + std::to_string(line), problem);
}

Value Value::list(std::vector<Value> items, Run& run, bool tuple) {
    run.allocate(items.size() * sizeof(Value));
    int deepest = 0;
    for (const auto& item : items)
        deepest = std::max(deepest, item.depth());
    Value value;
    value.data_ = std::make_shared<const List>(List{std::move(items), depth_above(deepest, run), tuple});
    return value;
}

Value Value::mapping(std::vector<std::pair<std::string, Value>> entries, Run& run) {
    auto made = std::make_shared<Mapping>();
    int deepest = 0;
    for (auto& [key, item] : entries) {
        run.allocate(2 * key.size() + 128);
        deepest = std::max(deepest, item.depth());
        const auto [it, fresh] = made->places.try_emplace(key, made->entries.size());
        if (fresh)
            made->entries.emplace_back(std::move(key), std::move(item));
        else
            made->entries[it->second].second = std::move(item);
    }
    made->depth = depth_above(deepest, run);
    Value value;
    value.data_ = std::shared_ptr<const Mapping>(std::move(made));
    return value;
}

Value Value::from_json(const nlohmann::ordered_json& json, Run& run) {
    const Level level(run);
    if (json.is_null()) return None{};
    if (json.is_boolean()) return json.get<bool>();
    if (json.is_number_integer()) return json.get<std::int64_t>();
    if (json.is_number_float()) return json.get<double>();
    if (json.is_string()) {
        auto string = valid_utf8(json.get_ref<const std::string&>());
        run.allocate(string.size());
        return string;
    }
    if (json.is_array()) {
        std::vector<Value> items;
        for (const auto& item : json)
            items.push_back(from_json(item, run));
        return list(std::move(items), run);
    }
    std::vector<std::pair<std::string, Value>> entries;
    for (const auto& [key, item] : json.items())
        entries.emplace_back(valid_utf8(key), from_json(item, run));
    return mapping(std::move(entries), run);
}

double Value::as_double() const {
    if (const auto* integer = get<std::int64_t>()) return static_cast<double>(*integer);
    if (const auto* flag = get<bool>()) return *flag ? 1 : 0;
    const auto* number = get<double>();
    return number ? *number : 0;
}

int Value::depth() const {
    if (const auto* items = list()) return items->depth;
    const auto* entries = mapping();
    return entries ? entries->depth : 0;
}

const char* Value::kind() const {
    static constexpr std::array<const char*, 10> names{"undefined value", "None", "boolean", "integer",  "float",
                                                       "string",          "list", "mapping", "function", "namespace"};
    return names[data_.index()];
}

bool truth(const Value& value) {
    if (const auto* flag = value.get<bool>()) return *flag;
    if (const auto* string = value.string()) return !string->empty();
    if (const auto* list = value.list()) return !list->items.empty();
    if (const auto* mapping = value.mapping()) return !mapping->entries.empty();
    if (value.number()) return value.as_double() != 0;
    return !value.undefined() && !value.none();
}

bool equal(const Value& a, const Value& b, Run& run) {
    run.spend();
    if (a.number() && b.number()) {
        if (!a.get<double>() && !b.get<double>()) {
            const auto integer = [](const Value& v) { return v.get<bool>() ? *v.get<bool>() : *v.get<std::int64_t>(); };
            return integer(a) == integer(b);
        }
        return a.as_double() == b.as_double();
    }
    if (a.string() && b.string()) {
        run.spend(std::min(a.string()->size(), b.string()->size()) / 64);
        return *a.string() == *b.string();
    }
    if (a.list() && b.list()) {
        const auto &left = a.list()->items, &right = b.list()->items;
        if (left.size() != right.size() || a.list()->tuple != b.list()->tuple) return false;
        for (std::size_t i = 0; i < left.size(); ++i)
            if (!equal(left[i], right[i], run)) return false;
        return true;
    }
    if (a.mapping() && b.mapping()) {
        if (a.mapping()->entries.size() != b.mapping()->entries.size()) return false;
        for (const auto& [key, item] : a.mapping()->entries) {
            const auto* other = b.mapping()->find(key);
            if (!other || !equal(item, *other, run)) return false;
        }
        return true;
    }
    if (a.space() || b.space()) return a.space() == b.space();
    return (a.none() && b.none()) || (a.undefined() && b.undefined());
}

bool less(const Value& a, const Value& b, Run& run) {
    run.spend();
    if (a.number() && b.number()) {
        if (a.get<std::int64_t>() && b.get<std::int64_t>()) return *a.get<std::int64_t>() < *b.get<std::int64_t>();
        return a.as_double() < b.as_double();
    }
    if (a.string() && b.string()) {
        run.spend(std::min(a.string()->size(), b.string()->size()) / 64);
        return *a.string() < *b.string(); // UTF-8 sorts as code points do
    }
    if (a.list() && b.list()) {
        const auto &left = a.list()->items, &right = b.list()->items;
        for (std::size_t i = 0; i < left.size() && i < right.size(); ++i)
            if (!equal(left[i], right[i], run)) return less(left[i], right[i], run);
        return left.size() < right.size();
    }
    run.fail(std::string("compares a ") + a.kind() + " with a " + b.kind());
}

std::string text(const Value& value, Run& run) {
    if (const auto* string = value.string()) {
        run.allocate(string->size());
        return *string;
    }
    return value.undefined() ? std::string() : representation(value, run);
}

std::string representation(const Value& value, Run& run) {
    std::string out;
    append_representation(out, value, run);
    return out;
}

} // namespace quantscope::jinja
