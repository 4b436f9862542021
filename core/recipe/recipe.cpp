// Reading a recipe, merging its overrides, and saying what is wrong with it in the words of its own entries.
#include "core/recipe/recipe.h"

#include <algorithm>
#include <array>
#include <fnmatch.h>
#include <set>

#include "core/base/errors.h"
#include "core/checkpoint/json_guard.h"
#include "core/schemes/parameter.h"
#include "core/schemes/suggestion.h"

namespace quantscope {

namespace {

using nlohmann::json;

/// What both members of a choice may have and a change of member keeps.
constexpr std::array kept_parameters{"bits", "granularity", "group"};

const std::vector<std::string>& choice_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> list;
        for (const Choice choice : all_choices)
            list.emplace_back(name(choice));
        return list;
    }();
    return names;
}

/// What a scheme that leaves a choice out takes; a grid has to be chosen.
const char* standard_member(Choice choice) {
    switch (choice) {
    case Choice::clipping:
        return "min-max";
    case Choice::rounding:
        return "nearest";
    case Choice::transform:
    case Choice::residual:
        return "none";
    case Choice::grid:
        break;
    }
    return nullptr;
}

[[noreturn]] void refuse(const std::string& place, const std::string& problem) {
    throw RecipeError({}, place, problem);
}

void allow_keys(const json& object, const std::string& place, const std::vector<std::string>& allowed) {
    if (!object.is_object()) refuse(place, "must be an object with " + joined(allowed));
    for (const auto& [key, value] : object.items())
        if (std::find(allowed.begin(), allowed.end(), key) == allowed.end())
            refuse(place.empty() ? printable(key, 60) : place + "." + printable(key, 60),
                   "unknown name" + did_you_mean(key, allowed) + "; allowed: " + joined(allowed));
}

bool has_parameter(const Description& member, const std::string& parameter) {
    return std::any_of(member.parameters.begin(), member.parameters.end(),
                       [&](const auto& p) { return p.name == parameter; });
}

/// A choice after an override: the same member's parameters merge; another member starts anew but for what both have.
json merged_choice(Choice choice, const json& base, const json& over) {
    if (!base.is_object() || !over.is_object()) return over;
    const bool other_member = over.contains("name") && base.contains("name") && over["name"] != base["name"];
    json merged = base;
    if (other_member) {
        merged = json::object();
        const Description* member =
            over["name"].is_string() ? find_member(choice, over["name"].get_ref<const std::string&>()) : nullptr;
        for (const char* parameter : kept_parameters)
            if (member && base.contains(parameter) && has_parameter(*member, parameter))
                merged[parameter] = base[parameter];
    }
    merged.update(over);
    return merged;
}

/// A weight scheme after an override; null stays float.
json merged_scheme(const json& base, const json& over) {
    if (over.is_null() || base.is_null()) return over;
    json merged = base;
    for (const Choice choice : all_choices) {
        const std::string key(name(choice));
        if (over.contains(key))
            merged[key] = base.contains(key) ? merged_choice(choice, base[key], over[key]) : over[key];
    }
    return merged;
}

/// All five choices with all their parameters. \throws RecipeError naming the entry
json resolved_scheme(const json& scheme, const std::string& place) {
    json resolved = json::object();
    for (const Choice choice : all_choices) {
        const std::string key(name(choice));
        if (scheme.contains(key))
            resolved[key] = resolved_member(choice, scheme[key], place + "." + key);
        else if (const char* standard = standard_member(choice))
            resolved[key] = resolved_member(choice, {{"name", standard}}, place + "." + key);
        else
            refuse(place, "has no grid; a scheme needs one, for example {\"grid\": {\"name\": \"uniform\"}}");
    }
    return resolved;
}

void check_weight(const json& weight, const std::string& place, const json& base) {
    if (weight.is_null()) return;
    allow_keys(weight, place, choice_names());
    // An override without names is checked on what it changes; on a layer without a scheme it has to be complete.
    resolved_scheme(merged_scheme(base, weight), place);
}

const std::vector<std::string>& role_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> list;
        for (const auto role :
             {role::q,          role::k,           role::v,          role::o,           role::gate,      role::up,
              role::down,       role::qkv,         role::proj,       role::fc1,         role::fc2,       role::ada_ln,
              role::x_embedder, role::t_embedder,  role::y_embedder, role::final_layer, role::embedding, role::head,
              role::router,     role::convolution, role::other})
            list.emplace_back(role);
        return list;
    }();
    return names;
}

void check_role(const json& role, const std::string& place) {
    const auto check_one = [&](const json& one, const std::string& where) {
        if (!one.is_string()) refuse(where, "must be a role; allowed: " + joined(role_names()));
        const auto& text = one.get_ref<const std::string&>();
        if (std::find(role_names().begin(), role_names().end(), text) == role_names().end())
            refuse(where, "there is no role " + in_quotes(text) + did_you_mean(text, role_names()) +
                              "; allowed: " + joined(role_names()));
    };
    if (!role.is_array()) return check_one(role, place);
    if (role.empty()) refuse(place, "is an empty list and matches nothing");
    for (std::size_t i = 0; i < role.size(); ++i)
        check_one(role[i], place + "[" + std::to_string(i) + "]");
}

/// Quantization of activations and of the key–value cache belongs to the recipe's form but not yet to this version.
void refuse_activations(const json& object, const std::string& place) {
    for (const char* key : {"activation", "kv"})
        if (object.contains(key) && !object[key].is_null())
            refuse(place + "." + key, "this version quantizes weights only; use null or leave it out");
}

bool matches(const json& entry, const Site& site) {
    if (entry.contains("match") &&
        fnmatch(entry["match"].get_ref<const std::string&>().c_str(), site.name.c_str(), 0) != 0)
        return false;
    if (!entry.contains("role")) return true;
    const json& role = entry["role"];
    if (role.is_string()) return role == site.role;
    return std::find(role.begin(), role.end(), json(site.role)) != role.end();
}

std::string entry_place(std::size_t index) { return "sites[" + std::to_string(index) + "]"; }

} // namespace

Recipe Recipe::from_json(const nlohmann::json& given, const std::string& source) {
    Recipe recipe;
    recipe.json_ = given;
    recipe.source_ = source;
    try {
        allow_keys(given, "", {"quantscope_recipe", "name", "default", "sites", "points"});
        if (!given.contains("quantscope_recipe") || given["quantscope_recipe"] != 1)
            refuse("quantscope_recipe", "must be 1; this version reads no other");
        if (given.contains("name") && !given["name"].is_string()) refuse("name", "must be text");
        nlohmann::json base;
        if (given.contains("default")) {
            allow_keys(given["default"], "default", {"weight", "activation", "kv"});
            refuse_activations(given["default"], "default");
            if (given["default"].contains("weight")) base = given["default"]["weight"];
            check_weight(base, "default.weight", nullptr);
        }
        if (given.contains("points") && !given["points"].empty())
            refuse("points", "this version quantizes weights only; leave it out");
        if (!given.contains("sites")) return recipe;
        if (!given["sites"].is_array()) refuse("sites", "must be a list of entries with \"match\" or \"role\"");
        for (std::size_t i = 0; i < given["sites"].size(); ++i) {
            const nlohmann::json& entry = given["sites"][i];
            const std::string place = entry_place(i);
            allow_keys(entry, place, {"match", "role", "weight", "activation", "kv"});
            refuse_activations(entry, place);
            if (!entry.contains("match") && !entry.contains("role"))
                refuse(place, "has neither \"match\" nor \"role\"; \"match\": \"*\" means every site");
            if (entry.contains("match") && !entry["match"].is_string()) refuse(place + ".match", "must be text");
            if (entry.contains("role")) check_role(entry["role"], place + ".role");
            if (entry.contains("weight")) check_weight(entry["weight"], place + ".weight", base);
        }
    } catch (const RecipeError& error) {
        throw RecipeError(source, error.place(), error.problem());
    }
    return recipe;
}

Recipe Recipe::load(const std::filesystem::path& file) {
    constexpr std::uint64_t largest = 16'000'000; // bytes; a recipe with an entry for every layer stays far below
    return from_json(read_json_file(file, largest), file.string());
}

nlohmann::json Recipe::weight_scheme(const Site& site) const {
    nlohmann::json scheme;
    std::string place = "default.weight";
    if (site.in_default && json_.contains("default") && json_["default"].contains("weight"))
        scheme = json_["default"]["weight"];
    if (json_.contains("sites")) {
        for (std::size_t i = 0; i < json_["sites"].size(); ++i) {
            const nlohmann::json& entry = json_["sites"][i];
            if (!entry.contains("weight") || !matches(entry, site)) continue;
            // A layer outside of the default starts from it when an entry names it, so that an entry says only what
            // differs.
            const bool fresh = scheme.is_null() && !entry["weight"].is_null();
            if (fresh && json_.contains("default") && json_["default"].contains("weight"))
                scheme = json_["default"]["weight"];
            scheme = merged_scheme(scheme, entry["weight"]);
            place = entry_place(i) + ".weight";
        }
    }
    if (scheme.is_null()) return scheme;
    try {
        return resolved_scheme(scheme, place);
    } catch (const RecipeError& error) {
        throw RecipeError(source_, error.place(), error.problem() + " (for " + printable(site.name) + ")");
    }
}

std::vector<std::string> Recipe::problems(const Model& model) const {
    std::vector<std::string> found;
    std::set<std::string> told;
    bool any = false;
    for (const Site& site : model.sites()) {
        try {
            any = !weight_scheme(site).is_null() || any;
        } catch (const RecipeError& error) {
            if (told.insert(error.place()).second) found.emplace_back(error.what());
        }
    }
    if (json_.contains("sites"))
        for (std::size_t i = 0; i < json_["sites"].size(); ++i)
            if (std::none_of(model.sites().begin(), model.sites().end(),
                             [&](const Site& site) { return matches(json_["sites"][i], site); }))
                found.push_back(source_ + ": " + entry_place(i) + ": matches no layer of this model");
    if (!any && found.empty()) found.push_back(source_ + ": it quantizes no layer of this model");
    return found;
}

std::string scheme_label(const json& scheme) {
    if (scheme.is_null()) return "float";
    const json& grid = scheme.at("grid");
    std::string label = grid.at("name").get<std::string>();
    if (grid.contains("bits")) label += " W" + std::to_string(grid["bits"].get<int>());
    const std::string granularity = grid.value("granularity", "");
    if (granularity == "group")
        label += " g" + std::to_string(grid.value("group", 0));
    else if (!granularity.empty())
        label += " " + granularity;
    return label;
}

} // namespace quantscope
