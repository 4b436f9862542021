// Checks a recipe's values against the members' descriptions and fills in defaults.
#include "core/schemes/parameter.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/base/errors.h"
#include "core/schemes/registry.h"
#include "core/schemes/suggestion.h"

namespace quantscope {

namespace {

std::string number(double value) {
    char text[32]; // to_chars: the same in every locale
    return {text, std::to_chars(text, text + sizeof text, value, std::chars_format::general, 6).ptr};
}

std::string shown(const nlohmann::json& value) {
    return printable(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), 60);
}

std::string range_of(const Parameter& parameter) {
    const std::string unit = parameter.unit.empty() ? "" : " " + parameter.unit;
    return number(parameter.minimum) + "…" + number(parameter.maximum) + unit;
}

[[noreturn]] void refuse(const std::string& place, const nlohmann::json& value, const std::string& allowed) {
    throw RecipeError({}, place, shown(value) + " is not allowed; allowed: " + allowed);
}

/// The value as stored in a resolved scheme: of the parameter's own kind and in its range.
nlohmann::json checked_value(const Parameter& parameter, const nlohmann::json& value, const std::string& place) {
    switch (parameter.kind) {
    case Parameter::Kind::integer: {
        if (!value.is_number()) refuse(place, value, "a whole number " + range_of(parameter));
        const double given = value.get<double>(); // inspectors and other programs may write 4.0
        if (given != std::floor(given) || given < parameter.minimum || given > parameter.maximum)
            refuse(place, value, "a whole number " + range_of(parameter));
        return static_cast<std::int64_t>(given);
    }
    case Parameter::Kind::real: {
        if (!value.is_number()) refuse(place, value, "a number " + range_of(parameter));
        const double given = value.get<double>();
        if (!(given >= parameter.minimum && given <= parameter.maximum))
            refuse(place, value, "a number " + range_of(parameter));
        return given;
    }
    case Parameter::Kind::flag:
        if (!value.is_boolean()) refuse(place, value, "true, false");
        return value;
    case Parameter::Kind::option:
        if (!value.is_string()) {
            // {"norm": 2} for the option "2"
            if (value.is_number())
                for (const auto& option : parameter.options)
                    if (option == number(value.get<double>())) return option;
            refuse(place, value, joined(parameter.options));
        }
        for (const auto& option : parameter.options)
            if (option == value.get_ref<const std::string&>()) return value;
        throw RecipeError({}, place, shown(value) + " is not allowed" +
                                         did_you_mean(value.get_ref<const std::string&>(), parameter.options) +
                                         "; allowed: " + joined(parameter.options));
    }
    return value;
}

std::vector<std::string> names_of(Choice choice) {
    std::vector<std::string> names;
    for (const auto& member : all_members())
        if (member.choice == choice) names.push_back(member.name);
    return names;
}

const Description& member_for(Choice choice, const nlohmann::json& values, const std::string& place) {
    const std::string what(name(choice));
    if (!values.is_object()) throw RecipeError({}, place, "must be an object such as {\"name\": " +
                                                              in_quotes(names_of(choice).front()) + "}");
    const auto given = values.find("name");
    if (given == values.end())
        throw RecipeError({}, place, "has no \"name\"; allowed: " + joined(names_of(choice)));
    if (!given->is_string())
        throw RecipeError({}, place + ".name", shown(*given) + " is not allowed; allowed: " + joined(names_of(choice)));
    const auto& wanted = given->get_ref<const std::string&>();
    if (const auto* member = find_member(choice, wanted)) return *member;
    throw RecipeError({}, place + ".name", "there is no " + what + " " + in_quotes(wanted) +
                                               did_you_mean(wanted, names_of(choice)) +
                                               "; allowed: " + joined(names_of(choice)));
}

} // namespace

std::string_view name(Choice choice) {
    switch (choice) {
    case Choice::transform: return "transform";
    case Choice::clipping: return "clipping";
    case Choice::grid: return "grid";
    case Choice::rounding: return "rounding";
    case Choice::residual: return "residual";
    }
    return "";
}

const Description* find_member(Choice choice, std::string_view wanted) {
    for (const auto& member : all_members())
        if (member.choice == choice && member.name == wanted) return &member;
    return nullptr;
}

nlohmann::json resolved_member(Choice choice, const nlohmann::json& values, const std::string& place) {
    const Description& member = member_for(choice, values, place);
    std::vector<std::string> names;
    for (const auto& parameter : member.parameters) names.push_back(parameter.name);
    for (const auto& [key, value] : values.items()) {
        if (key == "name" || std::find(names.begin(), names.end(), key) != names.end()) continue;
        throw RecipeError({}, place + "." + printable(key, 60),
                          std::string(name(choice)) + " " + in_quotes(member.name) + " has no parameter " + in_quotes(key) +
                              did_you_mean(key, names) +
                              (names.empty() ? "; it has none" : "; allowed: " + joined(names)));
    }
    nlohmann::json resolved{{"name", member.name}};
    for (const auto& parameter : member.parameters) {
        const auto given = values.find(parameter.name);
        resolved[parameter.name] = given == values.end()
                                       ? parameter.standard
                                       : checked_value(parameter, *given, place + "." + parameter.name);
    }
    const std::string conflict = member_object(choice, member.name)->conflict(resolved);
    if (!conflict.empty()) throw RecipeError({}, place, conflict);
    return resolved;
}

} // namespace quantscope
