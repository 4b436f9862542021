// Arguments, operators, and access to parts of values.
#include "core/text/jinja/functions.h"

#include <cmath>

#include "core/base/errors.h"
#include "core/text/unicode.h"

namespace quantscope::jinja {

namespace {

[[noreturn]] void fail_undefined(const Value& value, Run& run) {
    run.fail("\"" + printable(value.get<Undefined>()->name, 60) + "\" is undefined and is used");
}

std::int64_t integer_of(const Value& value) {
    return value.get<bool>() ? *value.get<bool>() : *value.get<std::int64_t>();
}

/// Python's floor division and remainder, whose sign is the divisor's.
Value divided(const std::string& sign, std::int64_t a, std::int64_t b, Run& run) {
    if (b == 0) run.fail("divides by zero");
    if (a == INT64_MIN && b == -1) run.fail("computes a number out of range");
    if (sign == "/") return static_cast<double>(a) / static_cast<double>(b);
    const auto quotient = a / b, rest = a % b;
    const bool down = rest != 0 && (rest < 0) != (b < 0);
    return sign == "//" ? quotient - (down ? 1 : 0) : rest + (down ? b : 0);
}

std::int64_t integer_power(std::int64_t base, std::int64_t exponent, Run& run) {
    std::int64_t result = 1;
    for (; exponent > 0; --exponent) {
        run.spend();
        if (__builtin_mul_overflow(result, base, &result)) run.fail("computes a number out of range");
    }
    return result;
}

Value integer_arithmetic(const std::string& sign, std::int64_t a, std::int64_t b, Run& run) {
    std::int64_t result = 0;
    bool overflow = false;
    if (sign == "+")
        overflow = __builtin_add_overflow(a, b, &result);
    else if (sign == "-")
        overflow = __builtin_sub_overflow(a, b, &result);
    else if (sign == "*")
        overflow = __builtin_mul_overflow(a, b, &result);
    else if (sign == "**" && b < 0)
        return std::pow(static_cast<double>(a), static_cast<double>(b));
    else if (sign == "**")
        result = integer_power(a, b, run);
    else
        return divided(sign, a, b, run);
    if (overflow) run.fail("computes a number out of range");
    return result;
}

Value arithmetic(const std::string& sign, const Value& left, const Value& right, Run& run) {
    if (!left.get<double>() && !right.get<double>())
        return integer_arithmetic(sign, integer_of(left), integer_of(right), run);
    const double a = left.as_double(), b = right.as_double();
    if (sign == "+") return a + b;
    if (sign == "-") return a - b;
    if (sign == "*") return a * b;
    if (sign == "**") return std::pow(a, b);
    if (b == 0) run.fail("divides by zero");
    if (sign == "/") return a / b;
    if (sign == "//") return std::floor(a / b);
    const double rest = std::fmod(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

Value repeated(const Value& value, std::int64_t count, Run& run) {
    const auto times = static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
    const auto size = value.string() ? value.string()->size() : value.list()->items.size() * sizeof(Value);
    if (times > 0 && size > Run::most_bytes / times) run.fail("repeats a value too often");
    run.allocate(size * times);
    if (value.string()) {
        std::string out;
        for (std::uint64_t i = 0; i < times && size > 0; ++i)
            out += *value.string();
        return out;
    }
    std::vector<Value> items;
    for (std::uint64_t i = 0; i < times && size > 0; ++i)
        items.insert(items.end(), value.list()->items.begin(), value.list()->items.end());
    return Value::list(std::move(items), run);
}

/// Python's slice.indices(): start, stop and step made to fit `size`.
std::vector<std::int64_t> places(std::int64_t size, std::optional<std::int64_t> start, std::optional<std::int64_t> stop,
                                 std::int64_t step, Run& run) {
    if (step == 0) run.fail("slices with a step of 0");
    const std::int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
    const auto fit = [&](std::optional<std::int64_t> bound, std::int64_t otherwise) {
        if (!bound) return otherwise;
        const auto value = *bound < 0 ? std::max<std::int64_t>(*bound, -size - 1) + size : *bound;
        return std::min(std::max(value, low), high);
    };
    const auto first = fit(start, step > 0 ? low : high), last = fit(stop, step > 0 ? high : low);
    std::vector<std::int64_t> out;
    for (auto i = first; step > 0 ? i < last : i > last;) {
        out.push_back(i);
        if (__builtin_add_overflow(i, step, &i)) break;
    }
    return out;
}

std::optional<std::size_t> index_in(std::size_t size, std::int64_t index) {
    const auto count = static_cast<std::int64_t>(size);
    if (index < -count || index >= count) return std::nullopt;
    return static_cast<std::size_t>(index < 0 ? index + count : index);
}

} // namespace

std::optional<Value> Arguments::take(const std::string& name) {
    if (next_ < by_position.size()) return std::move(by_position[next_++]);
    for (auto it = by_name.begin(); it != by_name.end(); ++it) {
        if (it->first != name) continue;
        auto value = std::move(it->second);
        by_name.erase(it);
        return value;
    }
    return std::nullopt;
}

Value Arguments::required(const std::string& name, Run& run) {
    auto value = take(name);
    if (!value) run.fail("a call lacks the argument \"" + name + "\"");
    return std::move(*value);
}

std::string Arguments::string(const std::string& name, Run& run, std::optional<std::string> otherwise) {
    const auto value = otherwise ? take(name) : required(name, run);
    if (!value) return *otherwise;
    if (!value->string()) run.fail("the argument \"" + name + "\" is a " + value->kind() + " and no string");
    run.allocate(value->string()->size());
    return *value->string();
}

std::int64_t Arguments::integer(const std::string& name, Run& run, std::optional<std::int64_t> otherwise) {
    const auto value = otherwise ? take(name) : required(name, run);
    return value ? as_integer(*value, name.c_str(), run) : *otherwise;
}

bool Arguments::flag(const std::string& name, Run&, bool otherwise) {
    const auto value = take(name);
    return value ? truth(*value) : otherwise;
}

void Arguments::finish(const std::string& callee, Run& run) const {
    if (next_ < by_position.size())
        run.fail("\"" + printable(callee, 60) + "\" is given more arguments than are known here");
    if (!by_name.empty())
        run.fail("the argument \"" + printable(by_name[0].first, 60) + "\" of \"" + printable(callee, 60) +
                 "\" is not known here");
}

std::int64_t as_integer(const Value& value, const char* what, Run& run) {
    if (value.get<bool>() || value.get<std::int64_t>()) return integer_of(value);
    run.fail(std::string(what) + " is a " + value.kind() + " and no integer");
}

Value apply_operator(const std::string& sign, const Value& left, const Value& right, Run& run) {
    if (sign == "~") return text(left, run) + text(right, run);
    if (left.undefined()) fail_undefined(left, run);
    if (right.undefined()) fail_undefined(right, run);
    if (left.number() && right.number()) return arithmetic(sign, left, right, run);
    if (sign == "+" && left.string() && right.string()) {
        run.allocate(left.string()->size() + right.string()->size());
        return *left.string() + *right.string();
    }
    if (sign == "+" && left.list() && right.list()) {
        run.allocate((left.list()->items.size() + right.list()->items.size()) * sizeof(Value));
        auto items = left.list()->items;
        items.insert(items.end(), right.list()->items.begin(), right.list()->items.end());
        return Value::list(std::move(items), run);
    }
    const auto sequence = [](const Value& value) { return value.string() || value.list(); };
    const auto whole = [](const Value& value) { return value.get<std::int64_t>() || value.get<bool>(); };
    if (sign == "*" && sequence(left) && whole(right)) return repeated(left, integer_of(right), run);
    if (sign == "*" && sequence(right) && whole(left)) return repeated(right, integer_of(left), run);
    if (sign == "%" && left.string()) run.fail("formatting a string with % is not known here");
    run.fail("cannot compute a " + std::string(left.kind()) + " " + sign + " a " + right.kind());
}

bool contains(const Value& container, const Value& item, Run& run) {
    if (const auto* string = container.string()) {
        if (!item.string()) run.fail(std::string("looks for a ") + item.kind() + " in a string");
        run.spend(string->size() / 16);
        return string->find(*item.string()) != std::string::npos;
    }
    if (const auto* mapping = container.mapping()) return item.string() && mapping->find(*item.string());
    if (const auto* list = container.list()) {
        for (const auto& one : list->items)
            if (equal(one, item, run)) return true;
        return false;
    }
    if (container.undefined()) return false;
    run.fail(std::string("looks for a value in a ") + container.kind());
}

Value attribute(const Value& value, const std::string& name, Run& run) {
    if (value.undefined()) fail_undefined(value, run);
    if (const auto* mapping = value.mapping()) {
        if (const auto* found = mapping->find(name)) return *found;
    } else if (const auto* space = value.space()) {
        if (const auto it = space->values.find(name); it != space->values.end()) return it->second;
    }
    return Undefined{name};
}

Value item(const Value& value, const Value& key, Run& run) {
    if (value.undefined()) fail_undefined(value, run);
    if (key.string() && (value.mapping() || value.space())) return attribute(value, *key.string(), run);
    if (key.get<std::int64_t>() || key.get<bool>()) {
        const auto place = integer_of(key);
        if (const auto* list = value.list()) {
            const auto at = index_in(list->items.size(), place);
            return at ? list->items[*at] : Value(Undefined{"item " + std::to_string(place)});
        }
        if (value.string()) {
            auto characters = characters_of(*value.string(), run);
            const auto at = index_in(characters.size(), place);
            return at ? Value(std::move(characters[*at])) : Value(Undefined{"item " + std::to_string(place)});
        }
    }
    return Undefined{key.string() ? *key.string() : "item"};
}

Value slice(const Value& value, std::optional<std::int64_t> start, std::optional<std::int64_t> stop, std::int64_t step,
            Run& run) {
    if (value.undefined()) fail_undefined(value, run);
    if (value.string()) {
        const auto characters = characters_of(*value.string(), run);
        std::string out;
        for (const auto at : places(static_cast<std::int64_t>(characters.size()), start, stop, step, run))
            out += characters[static_cast<std::size_t>(at)];
        return out;
    }
    if (!value.list()) run.fail(std::string("slices a ") + value.kind());
    const auto& items = value.list()->items;
    run.spend(items.size());
    std::vector<Value> out;
    for (const auto at : places(static_cast<std::int64_t>(items.size()), start, stop, step, run))
        out.push_back(items[static_cast<std::size_t>(at)]);
    return Value::list(std::move(out), run);
}

std::vector<Value> items_of(const Value& value, Run& run) {
    std::vector<Value> items;
    if (const auto* list = value.list()) {
        run.allocate(list->items.size() * sizeof(Value));
        items = list->items;
    } else if (const auto* mapping = value.mapping()) {
        for (const auto& entry : mapping->entries) {
            run.allocate(entry.first.size() + sizeof(Value));
            items.emplace_back(entry.first);
        }
    } else if (value.string()) {
        for (auto& character : characters_of(*value.string(), run))
            items.emplace_back(std::move(character));
    } else if (!value.undefined()) {
        run.fail(std::string("cannot walk over a ") + value.kind());
    }
    return items;
}

std::int64_t length(const Value& value, Run& run) {
    if (value.undefined()) return 0;
    if (const auto* list = value.list()) return static_cast<std::int64_t>(list->items.size());
    if (const auto* mapping = value.mapping()) return static_cast<std::int64_t>(mapping->entries.size());
    if (!value.string()) run.fail(std::string("a ") + value.kind() + " has no length");
    run.spend(value.string()->size() / 16);
    return static_cast<std::int64_t>(count_characters(*value.string()));
}

std::vector<std::string> characters_of(const std::string& text, Run& run) {
    run.allocate(count_characters(text) * (sizeof(std::string) + sizeof(Value)));
    std::vector<std::string> characters;
    for (std::size_t at = 0; at < text.size();) {
        const auto begin = at;
        next_character(text, at);
        characters.push_back(text.substr(begin, at - begin));
    }
    return characters;
}

} // namespace quantscope::jinja
