// Reading a tokenizer's JSON with the key named in every complaint.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/base/errors.h"

namespace quantscope {

/// Where in which file one reads: "tokenizer.json", "normalizer".
struct JsonPlace {
    const std::string& file;
    std::string key;

    JsonPlace below(const std::string& name) const { return {file, key.empty() ? name : key + "." + name}; }
    [[noreturn]] void fail(const std::string& problem) const { throw FormatError(file, key, problem); }
};

inline const nlohmann::json* member(const nlohmann::json& object, const char* name) {
    if (!object.is_object()) return nullptr;
    const auto it = object.find(name);
    return it == object.end() || it->is_null() ? nullptr : &*it;
}

inline std::string string_member(const nlohmann::json& object, const char* name, const JsonPlace& place) {
    const auto* value = member(object, name);
    if (!value || !value->is_string()) place.below(name).fail("is missing or no string; the tokenizer is incomplete");
    return value->get<std::string>();
}

inline std::string string_member(const nlohmann::json& object, const char* name, const JsonPlace& place,
                                 const std::string& otherwise) {
    return member(object, name) ? string_member(object, name, place) : otherwise;
}

inline bool flag_member(const nlohmann::json& object, const char* name, const JsonPlace& place, bool otherwise) {
    const auto* value = member(object, name);
    if (!value) return otherwise;
    if (!value->is_boolean()) place.below(name).fail("is neither true nor false; the tokenizer is damaged");
    return value->get<bool>();
}

/// \returns the integer, or `otherwise` when absent; a number outside of 0…2³¹−1 is an error
inline std::int32_t index_member(const nlohmann::json& object, const char* name, const JsonPlace& place,
                                 std::int32_t otherwise) {
    const auto* value = member(object, name);
    if (!value) return otherwise;
    if (!value->is_number_integer() ||
        (value->is_number_unsigned() ? value->get<std::uint64_t>() > INT32_MAX : value->get<std::int64_t>() < 0))
        place.below(name).fail("is no index; the tokenizer is damaged");
    return value->get<std::int32_t>();
}

} // namespace quantscope
