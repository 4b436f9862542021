// Changes to a recipe.
#include "app/studio/recipe_edit.h"

#include <functional>
#include <set>

namespace quantscope::recipe_edit {

using nlohmann::json;

namespace {

json& sites_of(json& recipe) {
    if (!recipe.contains("sites") || !recipe["sites"].is_array()) recipe["sites"] = json::array();
    return recipe["sites"];
}

bool is_own_entry(const json& entry, const std::string& pattern) {
    return entry.contains("match") && !entry.contains("role") && entry["match"] == pattern;
}

/// The last entry that is the layer's own; made when there is none. It wins over every pattern before it, as own
/// entries only ever stand behind the patterns.
json& own_weight(json& recipe, const QString& layer) {
    json& sites = sites_of(recipe);
    const std::string pattern = exact_pattern(layer);
    for (auto entry = sites.rbegin(); entry != sites.rend(); ++entry)
        if (is_own_entry(*entry, pattern)) return (*entry)["weight"];
    sites.push_back({{"match", pattern}, {"weight", json::object()}});
    return sites.back()["weight"];
}

json& default_weight(json& recipe) { return recipe["default"]["weight"]; }

void change(json& recipe, const QStringList& layers, const std::function<void(json& weight)>& edit) {
    if (layers.isEmpty()) edit(default_weight(recipe));
    for (const QString& layer : layers)
        edit(own_weight(recipe, layer));
}

/// A scheme has to have a grid where there is no default to take it from.
void make_object(json& weight, bool is_default) {
    if (weight.is_object()) return;
    weight = json::object();
    if (is_default) weight["grid"] = {{"name", "uniform"}};
}

void complete(json& recipe, json& weight) {
    const bool no_default = !recipe.contains("default") || !recipe["default"].contains("weight") ||
                            !recipe["default"]["weight"].is_object();
    if (no_default && !weight.contains("grid")) weight["grid"] = {{"name", "uniform"}};
}

} // namespace

std::string exact_pattern(const QString& layer) {
    std::string pattern;
    for (const char c : layer.toStdString()) {
        if (c == '*' || c == '?' || c == '[' || c == '\\') pattern += '\\';
        pattern += c;
    }
    return pattern;
}

json with_member(json recipe, const QStringList& layers, const std::string& choice, const std::string& member) {
    change(recipe, layers, [&](json& weight) {
        make_object(weight, layers.isEmpty());
        json values = {{"name", member}};
        if (choice == "grid" && weight.contains("grid") && weight["grid"].is_object())
            for (const char* kept : {"bits", "granularity", "group"}) // as the recipe itself does when it merges
                if (weight["grid"].contains(kept)) values[kept] = weight["grid"][kept];
        weight[choice] = std::move(values);
        complete(recipe, weight);
    });
    return recipe;
}

json with_parameter(json recipe, const QStringList& layers, const std::string& choice, const std::string& member,
                    const std::string& parameter, const json& value) {
    change(recipe, layers, [&](json& weight) {
        make_object(weight, layers.isEmpty());
        json& values = weight[choice];
        if (!values.is_object() || (values.contains("name") && values["name"] != member)) values = json::object();
        values["name"] = member;
        values[parameter] = value;
        complete(recipe, weight);
    });
    return recipe;
}

json left_in_float(json recipe, const QStringList& layers) {
    change(recipe, layers, [](json& weight) { weight = nullptr; });
    return recipe;
}

json quantized(json recipe, const QStringList& layers) {
    change(recipe, layers, [&](json& weight) {
        make_object(weight, layers.isEmpty());
        complete(recipe, weight);
    });
    return recipe;
}

json without_own_entries(json recipe, const QStringList& layers) {
    std::set<std::string> patterns;
    for (const QString& layer : layers)
        patterns.insert(exact_pattern(layer));
    json kept = json::array();
    for (auto& entry : sites_of(recipe)) {
        const bool own = entry.contains("match") && !entry.contains("role") && entry["match"].is_string() &&
                         patterns.contains(entry["match"].get<std::string>());
        if (!own) kept.push_back(std::move(entry));
    }
    recipe["sites"] = std::move(kept);
    return recipe;
}

bool has_own_entry(const json& recipe, const QString& layer) {
    if (!recipe.contains("sites")) return false;
    const std::string pattern = exact_pattern(layer);
    for (const auto& entry : recipe["sites"])
        if (is_own_entry(entry, pattern)) return true;
    return false;
}

json seen_by(const json& recipe, const QString& layer) {
    if (!recipe.contains("sites") || !recipe["sites"].is_array()) return recipe;
    const std::string pattern = exact_pattern(layer);
    json seen = json::object();
    for (const auto& [key, value] : recipe.items())
        if (key != "sites") seen[key] = value;
    json& sites = seen["sites"] = json::array();
    for (const auto& entry : recipe["sites"]) {
        const bool others = entry.contains("match") && entry["match"].is_string() && entry["match"] != pattern &&
                            entry["match"].get_ref<const std::string&>().find_first_of("*?[\\") == std::string::npos;
        if (!others) sites.push_back(entry);
    }
    return seen;
}

} // namespace quantscope::recipe_edit
