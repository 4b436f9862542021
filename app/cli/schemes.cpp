// quantscope-cli schemes: every choice, its members and their parameters, from their own descriptions.
#include "app/cli/command.h"
#include "app/cli/console.h"
#include "core/schemes/parameter.h"

namespace quantscope::cli {

namespace {

std::string kind_name(Parameter::Kind kind) {
    switch (kind) {
    case Parameter::Kind::integer:
        return "integer";
    case Parameter::Kind::real:
        return "real";
    case Parameter::Kind::flag:
        return "flag";
    case Parameter::Kind::option:
        return "option";
    }
    return {};
}

nlohmann::json as_json(const Parameter& parameter) {
    nlohmann::json json{{"name", parameter.name},        {"label", parameter.label},
                        {"unit", parameter.unit},        {"kind", kind_name(parameter.kind)},
                        {"default", parameter.standard}, {"help", parameter.help}};
    if (parameter.kind == Parameter::Kind::integer || parameter.kind == Parameter::Kind::real) {
        json["minimum"] = parameter.minimum;
        json["maximum"] = parameter.maximum;
    }
    if (!parameter.options.empty()) json["options"] = parameter.options;
    if (!parameter.needs.empty()) json["needs"] = {{"parameter", parameter.needs}, {"values", parameter.needs_values}};
    return json;
}

std::string allowed(const Parameter& parameter) {
    if (parameter.kind == Parameter::Kind::flag) return "true or false";
    if (parameter.options.empty()) return number(parameter.minimum) + "…" + number(parameter.maximum);
    std::string text;
    for (const auto& option : parameter.options)
        text += (text.empty() ? "" : ", ") + option;
    return text;
}

std::string as_text(const Description& member) {
    std::string text =
        "  " + member.name + ": " + member.help + (member.source.empty() ? "" : " [" + member.source + "]") + "\n";
    for (const auto& parameter : member.parameters) {
        text += "      " + parameter.name + " = " + parameter.standard.dump() + " (" + allowed(parameter) +
                (parameter.unit.empty() ? "" : " " + parameter.unit) + ")";
        if (!parameter.needs.empty())
            text += ", with " + parameter.needs + " = " + nlohmann::json(parameter.needs_values).dump();
        text += ": " + parameter.help + "\n";
    }
    return text;
}

Result list_schemes() {
    Result result;
    for (Choice choice : all_choices) {
        const std::string choice_name(name(choice));
        result.text += choice_name + "\n";
        auto& members = result.json[choice_name] = nlohmann::json::array();
        for (const auto& member : all_members()) {
            if (member.choice != choice) continue;
            nlohmann::json parameters = nlohmann::json::array();
            for (const auto& parameter : member.parameters)
                parameters.push_back(as_json(parameter));
            members.push_back({{"name", member.name},
                               {"label", member.label},
                               {"help", member.help},
                               {"source", member.source},
                               {"parameters", std::move(parameters)}});
            result.text += as_text(member);
        }
    }
    return result;
}

} // namespace

Command schemes_command() {
    return {"schemes", "every choice of a scheme, its members and their parameters",
            [](CLI::App&) -> Work { return [](const Common&, Progress&) { return list_schemes(); }; }};
}

} // namespace quantscope::cli
