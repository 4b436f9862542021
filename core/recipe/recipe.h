// What the user decided, as plain data: a default scheme and overrides by pattern (DESIGN §7).
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/model/model.h"

namespace quantscope {

class Recipe {
public:
    /// Checks names, types and ranges; a message names the entry ("sites[2].weight.grid.bits").
    /// \param source  names the recipe in errors: its file, or "recipe"
    /// \throws RecipeError
    static Recipe from_json(const nlohmann::json& json, const std::string& source = "recipe");
    /// \throws RecipeError, IoError, FormatError naming the file
    static Recipe load(const std::filesystem::path& file);

    /// As given, without defaults filled in.
    const nlohmann::json& json() const { return json_; }

    /// The scheme of a site: an object with "transform", "clipping", "grid", "rounding", "residual", each resolved with
    /// all defaults; null when the site stays in float. Later entries win and merge into what they override; where an
    /// override names another member of a choice, that choice's parameters start anew from the member's defaults,
    /// except those that both members have (bits, granularity, group).
    nlohmann::json weight_scheme(const Site& site) const;
    /// Entries that match no site of the model, members that cannot be combined, groups that do not divide, … one
    /// line each; empty when all is well.
    std::vector<std::string> problems(const Model& model) const;

private:
    nlohmann::json json_;
    std::string source_;
};

struct Preset {
    std::string name, label, help, source;
    nlohmann::json recipe;
    std::string kind = {}; ///< "llm" or "dit" when it makes sense for such models only
};
/// The shipped presets; the first is the one a new session starts with.
const std::vector<Preset>& presets();
/// Those that make sense for a model of this kind ("llm", "dit", …).
std::vector<Preset> presets_for(std::string_view kind);

/// Short form of a weight scheme for tables: "uniform W4 g64", "piecewise W3 channel", "float" for null.
std::string scheme_label(const nlohmann::json& weight_scheme);

} // namespace quantscope
