// What templates can do with values: operators, filters, tests and methods, each found by its name.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/text/jinja/value.h"

namespace quantscope::jinja {

/// The arguments of one call; the callee takes them one after another.
class Arguments {
public:
    std::vector<Value> by_position;
    std::vector<std::pair<std::string, Value>> by_name;

    /// The next argument by position, or the one of that name.
    std::optional<Value> take(const std::string& name);
    Value required(const std::string& name, Run& run);
    std::string string(const std::string& name, Run& run, std::optional<std::string> otherwise = std::nullopt);
    std::int64_t integer(const std::string& name, Run& run, std::optional<std::int64_t> otherwise = std::nullopt);
    bool flag(const std::string& name, Run& run, bool otherwise);
    /// \throws FormatError naming the callee when an argument was not taken
    void finish(const std::string& callee, Run& run) const;

private:
    std::size_t next_ = 0;
};

/// \throws FormatError naming a filter that is not known
Value apply_filter(const std::string& name, const Value& input, Arguments arguments, Run& run);
/// \throws FormatError naming a test that is not known
bool apply_test(const std::string& name, const Value& input, Arguments arguments, Run& run);
/// "text".strip(), mapping.items(), … \throws FormatError naming a method that is not known
Value call_method(const Value& object, const std::string& name, Arguments arguments, Run& run);
Value apply_operator(const std::string& sign, const Value& left, const Value& right, Run& run);
bool contains(const Value& container, const Value& item, Run& run);

/// value.name and value["name"]: undefined when there is none. \throws FormatError for an undefined value
Value attribute(const Value& value, const std::string& name, Run& run);
Value item(const Value& value, const Value& key, Run& run);
/// value[start:stop:step] with Python's meaning of negative and missing bounds
Value slice(const Value& value, std::optional<std::int64_t> start, std::optional<std::int64_t> stop, std::int64_t step,
            Run& run);
/// What a for loop walks over: a list's items, a mapping's keys, a string's characters, nothing for undefined.
std::vector<Value> items_of(const Value& value, Run& run);
std::int64_t length(const Value& value, Run& run);
std::int64_t as_integer(const Value& value, const char* what, Run& run);
/// The characters of a string, each for itself.
std::vector<std::string> characters_of(const std::string& text, Run& run);
std::string stripped(const std::string& text, const std::optional<std::string>& characters, bool left, bool right,
                     Run& run);
/// Every occurrence, or the first `count`.
std::string replaced(const std::string& text, const std::string& from, const std::string& to, std::int64_t count,
                     Run& run);
std::string cased(const std::string& text, bool upper, Run& run);
std::string capitalized(const std::string& text, bool every_word, Run& run);
std::string joined(const std::vector<Value>& items, const std::string& separator, Run& run);

} // namespace quantscope::jinja
