// Changes to a recipe, as plain functions from recipe to recipe. A layer's own choices go into an entry of its own at
// the end of "sites", where they win; with no layer named, the change goes into the recipe's default.
#pragma once

#include <QStringList>
#include <nlohmann/json.hpp>
#include <string>

namespace quantscope::recipe_edit {

/// An empty list of layers stands for the recipe's default in all of these.
/// Takes another member of a choice; its parameters start anew, except those that both members have.
nlohmann::json with_member(nlohmann::json recipe, const QStringList& layers, const std::string& choice,
                           const std::string& member);
/// \param member  the member the parameter belongs to: entries name it, so that they stay right when the default
/// changes
nlohmann::json with_parameter(nlohmann::json recipe, const QStringList& layers, const std::string& choice,
                              const std::string& member, const std::string& parameter, const nlohmann::json& value);
/// Leaves the layers in float, whatever the recipe says otherwise.
nlohmann::json left_in_float(nlohmann::json recipe, const QStringList& layers);
/// Quantizes layers that were left in float, with the recipe's default.
nlohmann::json quantized(nlohmann::json recipe, const QStringList& layers);
/// Takes the layers' own entries away, so that they follow the rest of the recipe again.
nlohmann::json without_own_entries(nlohmann::json recipe, const QStringList& layers);
bool has_own_entry(const nlohmann::json& recipe, const QString& layer);

/// The recipe without other layers' own entries: means the same for this layer and is quick to read.
nlohmann::json seen_by(const nlohmann::json& recipe, const QString& layer);

/// A layer's name as a pattern that matches it alone.
std::string exact_pattern(const QString& layer);

} // namespace quantscope::recipe_edit
