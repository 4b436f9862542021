// How a member of a choice describes itself. From these descriptions come the inspector's controls, the recipe's
// checks and messages, `quantscope-cli schemes` and the reference page; nothing lists members or parameters twice.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace quantscope {

/// The five choices that make a scheme (DESIGN §2).
enum class Choice { transform, clipping, grid, rounding, residual };
std::string_view name(Choice choice);
inline constexpr Choice all_choices[] = {Choice::transform, Choice::clipping, Choice::grid, Choice::rounding,
                                         Choice::residual};

struct Parameter {
    enum class Kind { integer, real, flag, option };

    std::string name;  ///< as recipes spell it
    std::string label; ///< as the inspector shows it
    std::string unit;  ///< "bits", "weights", "%", or empty
    Kind kind = Kind::real;
    nlohmann::json standard; ///< the default that a recipe which leaves it out takes
    double minimum = 0, maximum = 0; ///< inclusive, for integer and real
    std::vector<std::string> options; ///< for option
    std::string help; ///< one line: what it does
    /// Shown and used only while another parameter has one of these values: {"granularity", {"group"}}.
    std::string needs;
    std::vector<std::string> needs_values;
};

struct Description {
    Choice choice{};
    std::string name;  ///< registered name, as DESIGN §2 spells it
    std::string label; ///< "Piecewise linear"
    std::string help;  ///< what the method does and when to use it, two sentences
    std::string source; ///< paper and section
    std::vector<Parameter> parameters;
};

/// Every registered member of every choice, in the order shown to users.
const std::vector<Description>& all_members();
/// Null when there is no such member.
const Description* find_member(Choice choice, std::string_view name);

/// Checks `values` (an object with "name" and parameters) against the member's description and fills in defaults.
/// \param place  names the recipe entry in the error
/// \throws RecipeError for an unknown member, unknown parameter, wrong type or value out of range; the message lists
///         what is allowed
nlohmann::json resolved_member(Choice choice, const nlohmann::json& values, const std::string& place);

} // namespace quantscope
