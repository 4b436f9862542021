// Short ways to write down a parameter's description, for the members' describe().
#pragma once

#include <utility>

#include "core/schemes/parameter.h"

namespace quantscope::describe {

/// A parameter's words: as recipes spell it, as the inspector shows it, its unit (may be empty) and one line of help.
struct Words {
    std::string name, label, unit, help;
};

inline Parameter integer(Words words, int standard, int minimum, int maximum) {
    return {std::move(words.name), std::move(words.label), std::move(words.unit), Parameter::Kind::integer, standard,
            double(minimum), double(maximum), {}, std::move(words.help), {}, {}};
}

inline Parameter real(Words words, double standard, double minimum, double maximum) {
    return {std::move(words.name), std::move(words.label), std::move(words.unit), Parameter::Kind::real, standard,
            minimum, maximum, {}, std::move(words.help), {}, {}};
}

inline Parameter flag(Words words, bool standard) {
    return {std::move(words.name), std::move(words.label), std::move(words.unit), Parameter::Kind::flag, standard,
            0, 0, {}, std::move(words.help), {}, {}};
}

inline Parameter option(Words words, std::string standard, std::vector<std::string> options) {
    return {std::move(words.name), std::move(words.label), std::move(words.unit), Parameter::Kind::option,
            std::move(standard), 0, 0, std::move(options), std::move(words.help), {}, {}};
}

/// The parameter, shown and used only while `needs` has one of `values`.
inline Parameter only_with(std::string needs, std::vector<std::string> values, Parameter parameter) {
    parameter.needs = std::move(needs);
    parameter.needs_values = std::move(values);
    return parameter;
}

} // namespace quantscope::describe
