// {{ value | filter }}: Jinja's filters that chat templates use.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "core/base/errors.h"
#include "core/text/jinja/functions.h"
#include "core/text/unicode.h"

namespace quantscope::jinja {

namespace {

using Filter = Value (*)(const Value& input, Arguments& arguments, Run& run);

Value map_filter(const Value& input, Arguments& arguments, Run& run) {
    std::vector<Value> out;
    const auto by_name = std::find_if(arguments.by_name.begin(), arguments.by_name.end(),
                                      [](const auto& one) { return one.first == "attribute"; });
    if (by_name != arguments.by_name.end()) {
        const auto name = arguments.string("attribute", run);
        const auto otherwise = arguments.take("default");
        for (const auto& one : items_of(input, run)) {
            auto value = attribute(one, name, run);
            out.push_back(value.undefined() && otherwise ? *otherwise : std::move(value));
        }
        return Value::list(std::move(out), run);
    }
    const auto name = arguments.string("filter", run);
    Arguments rest;
    while (auto next = arguments.take(""))
        rest.by_position.push_back(std::move(*next));
    rest.by_name = std::exchange(arguments.by_name, {});
    for (const auto& one : items_of(input, run))
        out.push_back(apply_filter(name, one, rest, run));
    return Value::list(std::move(out), run);
}

/// select, reject, selectattr, rejectattr: the items (or their attributes) that pass a test.
Value selected(const Value& input, Arguments& arguments, Run& run, bool wanted, bool by_attribute) {
    const auto key = by_attribute ? arguments.string("attribute", run) : std::string();
    const auto test = arguments.take("test");
    Arguments rest;
    while (auto next = arguments.take(""))
        rest.by_position.push_back(std::move(*next));
    std::vector<Value> out;
    for (const auto& one : items_of(input, run)) {
        const auto value = by_attribute ? attribute(one, key, run) : one;
        const bool passes = test ? apply_test(text(*test, run), value, rest, run) : truth(value);
        if (passes == wanted) out.push_back(one);
    }
    return Value::list(std::move(out), run);
}

Value tojson(const Value& input, Arguments& arguments, Run& run) {
    JsonStyle style;
    style.ensure_ascii = arguments.flag("ensure_ascii", run, false);
    if (const auto indent = arguments.take("indent"); indent && !indent->none()) {
        const auto width = as_integer(*indent, "indent", run);
        if (width < 0 || width > 16) run.fail("tojson: indents by less than 0 or more than 16 spaces");
        style.indent = static_cast<int>(width);
        style.item_separator = ",";
    }
    if (const auto separators = arguments.take("separators"); separators && !separators->none()) {
        const auto pair = items_of(*separators, run);
        if (pair.size() != 2 || !pair[0].string() || !pair[1].string())
            run.fail("tojson: separators are no two strings");
        style.item_separator = *pair[0].string(), style.key_separator = *pair[1].string();
        run.allocate(style.item_separator.size() + style.key_separator.size());
    }
    style.sort_keys = arguments.flag("sort_keys", run, false);
    return to_json(input, style, run);
}

Value join(const Value& input, Arguments& arguments, Run& run) {
    const auto separator = arguments.string("d", run, "");
    auto items = items_of(input, run);
    if (const auto key = arguments.take("attribute"))
        for (auto& one : items)
            one = attribute(one, text(*key, run), run);
    return joined(items, separator, run);
}

Value default_value(const Value& input, Arguments& arguments, Run& run) {
    auto otherwise = arguments.take("default_value");
    const bool falsy_too = arguments.flag("boolean", run, false);
    if (!input.undefined() && !(falsy_too && !truth(input))) return input;
    return otherwise ? std::move(*otherwise) : Value(std::string());
}

Value sorted(std::vector<Value> items, bool reverse, const std::string& key, Run& run) {
    const auto before = [&](const Value& a, const Value& b) {
        const auto left = key.empty() ? a : attribute(a, key, run), right = key.empty() ? b : attribute(b, key, run);
        if (left.string() && right.string())
            return cased(*left.string(), false, run) < cased(*right.string(), false, run);
        return less(left, right, run);
    };
    for (const auto& one : items) // no order at all would break the sorting
        if (const auto value = key.empty() ? one : attribute(one, key, run);
            value.get<double>() && std::isnan(value.as_double()))
            run.fail("sorts something that is not a number");
    std::stable_sort(items.begin(), items.end(),
                     [&](const Value& a, const Value& b) { return reverse ? before(b, a) : before(a, b); });
    return Value::list(std::move(items), run);
}

Value dictsort(const Value& input, Arguments&, Run& run) {
    if (!input.mapping()) run.fail(std::string("dictsort: sorts a ") + input.kind());
    std::vector<Value> pairs;
    for (const auto& [key, value] : input.mapping()->entries)
        pairs.push_back(Value::list({key, value}, run, true));
    std::stable_sort(pairs.begin(), pairs.end(), [&](const Value& a, const Value& b) {
        return cased(*a.list()->items[0].string(), false, run) < cased(*b.list()->items[0].string(), false, run);
    });
    return Value::list(std::move(pairs), run);
}

Value to_integer(const Value& input, Arguments& arguments, Run& run) {
    const auto otherwise = arguments.integer("default", run, 0);
    if (const auto* number = input.get<double>())
        return std::fabs(*number) < 9e18 ? static_cast<std::int64_t>(*number) : otherwise;
    if (input.number()) return as_integer(input, "int", run);
    if (!input.string()) return otherwise;
    const auto text = stripped(*input.string(), std::nullopt, true, true, run);
    std::int64_t value = 0;
    const auto* begin = text.data() + (text.starts_with('+') ? 1 : 0);
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

Value to_float(const Value& input, Arguments& arguments, Run& run) {
    const auto otherwise = arguments.take("default").value_or(Value(0.0));
    if (input.number()) return input.as_double();
    if (!input.string()) return otherwise;
    const auto text = stripped(*input.string(), std::nullopt, true, true, run);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? Value(value) : otherwise;
}

Value indent(const Value& input, Arguments& arguments, Run& run) {
    const auto width = arguments.integer("width", run, 4);
    const bool first = arguments.flag("first", run, false), blank = arguments.flag("blank", run, false);
    if (width < 0 || width > 100) run.fail("indent: indents by less than 0 or more than 100 spaces");
    const std::string spaces(static_cast<std::size_t>(width), ' '), source = text(input, run);
    std::string out;
    for (std::size_t at = 0, line = 0; at <= source.size(); ++line) {
        const auto end = std::min(source.find('\n', at), source.size());
        run.allocate(spaces.size() + 1);
        if (line > 0) out += '\n';
        if ((line > 0 || first) && (end > at || blank)) out += spaces;
        out.append(source, at, end - at);
        at = end + 1;
    }
    return out;
}

Value items(const Value& input, Arguments&, Run& run) {
    std::vector<Value> pairs;
    if (input.undefined()) return Value::list({}, run);
    if (!input.mapping()) run.fail(std::string("items: takes a mapping and no ") + input.kind());
    for (const auto& [key, value] : input.mapping()->entries)
        pairs.push_back(Value::list({key, value}, run, true));
    return Value::list(std::move(pairs), run);
}

Value edge(const Value& input, Run& run, bool last) {
    auto all = items_of(input, run);
    if (all.empty()) return Undefined{last ? "the last item of nothing" : "the first item of nothing"};
    return std::move(last ? all.back() : all.front());
}

Value reverse(const Value& input, Arguments&, Run& run) {
    auto all = items_of(input, run);
    std::reverse(all.begin(), all.end());
    return input.string() ? Value(joined(all, "", run)) : Value::list(std::move(all), run);
}

Value unique(const Value& input, Arguments&, Run& run) {
    std::vector<Value> out;
    for (auto& one : items_of(input, run))
        if (std::none_of(out.begin(), out.end(), [&](const Value& other) { return equal(one, other, run); }))
            out.push_back(std::move(one));
    return Value::list(std::move(out), run);
}

Value extreme(const Value& input, Run& run, bool largest) {
    const auto all = items_of(input, run);
    if (all.empty()) return Undefined{"the extreme of nothing"};
    const auto* best = &all[0];
    for (const auto& one : all)
        if (largest ? less(*best, one, run) : less(one, *best, run)) best = &one;
    return *best;
}

Value sum(const Value& input, Arguments&, Run& run) {
    Value total(std::int64_t{0});
    for (const auto& one : items_of(input, run))
        total = apply_operator("+", total, one, run);
    return total;
}

Value absolute(const Value& input, Arguments&, Run& run) {
    if (!input.number()) run.fail(std::string("abs: takes a number and no ") + input.kind());
    return input.as_double() < 0 ? apply_operator("-", std::int64_t{0}, input, run) : input;
}

const std::map<std::string, Filter, std::less<>>& filters() {
    static const std::map<std::string, Filter, std::less<>> table{
        {"trim",
         [](const Value& v, Arguments& a, Run& r) -> Value {
             const auto characters = a.take("chars");
             return stripped(text(v, r),
                             characters && characters->string() ? std::optional(*characters->string()) : std::nullopt,
                             true, true, r);
         }},
        {"length", [](const Value& v, Arguments&, Run& r) -> Value { return length(v, r); }},
        {"count", [](const Value& v, Arguments&, Run& r) -> Value { return length(v, r); }},
        {"upper", [](const Value& v, Arguments&, Run& r) -> Value { return cased(text(v, r), true, r); }},
        {"lower", [](const Value& v, Arguments&, Run& r) -> Value { return cased(text(v, r), false, r); }},
        {"capitalize", [](const Value& v, Arguments&, Run& r) -> Value { return capitalized(text(v, r), false, r); }},
        {"title", [](const Value& v, Arguments&, Run& r) -> Value { return capitalized(text(v, r), true, r); }},
        {"string", [](const Value& v, Arguments&, Run& r) -> Value { return text(v, r); }},
        {"safe", [](const Value& v, Arguments&, Run&) -> Value { return v; }}, // nothing is escaped
        {"list", [](const Value& v, Arguments&, Run& r) -> Value { return Value::list(items_of(v, r), r); }},
        {"first", [](const Value& v, Arguments&, Run& r) -> Value { return edge(v, r, false); }},
        {"last", [](const Value& v, Arguments&, Run& r) -> Value { return edge(v, r, true); }},
        {"min", [](const Value& v, Arguments&, Run& r) -> Value { return extreme(v, r, false); }},
        {"max", [](const Value& v, Arguments&, Run& r) -> Value { return extreme(v, r, true); }},
        {"select", [](const Value& v, Arguments& a, Run& r) -> Value { return selected(v, a, r, true, false); }},
        {"reject", [](const Value& v, Arguments& a, Run& r) -> Value { return selected(v, a, r, false, false); }},
        {"selectattr", [](const Value& v, Arguments& a, Run& r) -> Value { return selected(v, a, r, true, true); }},
        {"rejectattr", [](const Value& v, Arguments& a, Run& r) -> Value { return selected(v, a, r, false, true); }},
        {"replace",
         [](const Value& v, Arguments& a, Run& r) -> Value {
             const auto from = a.string("old", r), to = a.string("new", r);
             return replaced(text(v, r), from, to, a.integer("count", r, -1), r);
         }},
        {"sort",
         [](const Value& v, Arguments& a, Run& r) -> Value {
             const bool reverse = a.flag("reverse", r, false);
             if (a.flag("case_sensitive", r, false)) r.fail("sort: case_sensitive is not known here");
             return sorted(items_of(v, r), reverse, a.string("attribute", r, ""), r);
         }},
        {"map", map_filter},
        {"tojson", tojson},
        {"join", join},
        {"default", default_value},
        {"d", default_value},
        {"dictsort", dictsort},
        {"int", to_integer},
        {"float", to_float},
        {"indent", indent},
        {"items", items},
        {"reverse", reverse},
        {"unique", unique},
        {"sum", sum},
        {"abs", absolute},
    };
    return table;
}

} // namespace

Value apply_filter(const std::string& name, const Value& input, Arguments arguments, Run& run) {
    const Level level(run);
    run.spend();
    const auto it = filters().find(name);
    if (it == filters().end()) run.fail("the filter \"" + printable(name, 60) + "\" is not known here");
    auto value = it->second(input, arguments, run);
    arguments.finish(name, run);
    return value;
}

} // namespace quantscope::jinja
