// The values of a chat template, with Python's meaning of truth, equality and printing, and the limits under which a
// template runs. Values are immutable but for namespaces.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace quantscope::jinja {

/// One rendering: where it is, and what it has used up. Everything that takes time or memory asks here first.
struct Run {
    const std::string& file;
    int line = 1;
    std::uint64_t steps = 0, bytes = 0;
    int depth = 0;

    void spend(std::uint64_t count = 1);                      ///< steps of work \throws FormatError beyond the limit
    void allocate(std::uint64_t count);                       ///< bytes of values \throws FormatError beyond the limit
    [[noreturn]] void fail(const std::string& problem) const; ///< FormatError naming the line

    static constexpr std::uint64_t most_steps = 2'000'000, most_bytes = 64'000'000;
    static constexpr int deepest = 250;
};

/// Counts one level of recursion while it lives.
class Level {
public:
    explicit Level(Run& run)
        : run_(run) {
        if (++run_.depth > Run::deepest) {
            --run_.depth;
            run_.fail("nests deeper than 250 levels");
        }
    }
    ~Level() { --run_.depth; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

private:
    Run& run_;
};

class Value;
struct List;
struct Mapping;
struct Macro;

struct Undefined {
    std::string name; ///< for the complaint when it is used
};
struct None {};
/// A macro, or a function that every template has ("raise_exception").
struct Callable {
    std::string name;
    const Macro* macro = nullptr;
};
/// What namespace() makes: owned by the evaluator, so that one that holds itself leaks nothing.
struct Namespace {
    std::unordered_map<std::string, Value> values;
};

class Value {
public:
    Value()
        : data_(Undefined{}) {}
    Value(Undefined value)
        : data_(std::move(value)) {}
    Value(None)
        : data_(None{}) {}
    Value(bool value)
        : data_(value) {}
    Value(std::int64_t value)
        : data_(value) {}
    Value(double value)
        : data_(value) {}
    Value(std::string value)
        : data_(std::make_shared<const std::string>(std::move(value))) {}
    Value(const char*) = delete; // would become a bool
    Value(Callable value)
        : data_(std::move(value)) {}
    Value(Namespace* value)
        : data_(value) {}
    /// \throws FormatError when the list would nest deeper than any template needs
    static Value list(std::vector<Value> items, Run& run, bool tuple = false);
    static Value mapping(std::vector<std::pair<std::string, Value>> entries, Run& run); ///< a later entry wins
    static Value from_json(const nlohmann::ordered_json& json, Run& run);

    template <class T>
    const T* get() const {
        return std::get_if<T>(&data_);
    }
    const std::string* string() const { return held<std::string>(); }
    const List* list() const { return held<List>(); }
    const Mapping* mapping() const { return held<Mapping>(); }
    Namespace* space() const {
        const auto* pointer = std::get_if<Namespace*>(&data_);
        return pointer ? *pointer : nullptr;
    }
    bool undefined() const { return get<Undefined>(); }
    bool none() const { return get<None>(); }
    bool number() const { return get<std::int64_t>() || get<double>() || get<bool>(); }
    double as_double() const; ///< of a number
    int depth() const;        ///< of nested lists and mappings
    /// "string", "list", … for messages
    const char* kind() const;

private:
    template <class T>
    const T* held() const {
        const auto* pointer = std::get_if<std::shared_ptr<const T>>(&data_);
        return pointer ? pointer->get() : nullptr;
    }
    std::variant<Undefined, None, bool, std::int64_t, double, std::shared_ptr<const std::string>,
                 std::shared_ptr<const List>, std::shared_ptr<const Mapping>, Callable, Namespace*>
        data_;
};

struct List {
    std::vector<Value> items;
    int depth = 1;
    bool tuple = false; ///< printed with parentheses
};

struct Mapping {
    std::vector<std::pair<std::string, Value>> entries;
    std::unordered_map<std::string, std::size_t> places;
    int depth = 1;

    const Value* find(const std::string& key) const {
        const auto it = places.find(key);
        return it == places.end() ? nullptr : &entries[it->second].second;
    }
};

bool truth(const Value& value);
bool equal(const Value& a, const Value& b, Run& run);
/// \throws FormatError for kinds without an order
bool less(const Value& a, const Value& b, Run& run);
/// str(value): what {{ value }} prints. Undefined prints nothing.
std::string text(const Value& value, Run& run);
/// repr(value): as it is printed inside a list.
std::string representation(const Value& value, Run& run);

struct JsonStyle {
    int indent = -1; ///< spaces a level; negative: all on one line
    bool ensure_ascii = false, sort_keys = false;
    std::string item_separator = ", ", key_separator = ": ";
};
/// json.dumps(value)
std::string to_json(const Value& value, const JsonStyle& style, Run& run);

} // namespace quantscope::jinja
