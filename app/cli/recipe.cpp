// quantscope-cli recipe: makes a recipe from a preset, checks one against a model, lists the presets.
#include "core/recipe/recipe.h"
#include "app/cli/command.h"
#include "app/cli/console.h"
#include "core/export/packed.h"

namespace quantscope::cli {

namespace {

const Preset& preset_named(const std::string& wanted) {
    std::string names;
    for (const auto& preset : presets()) {
        if (preset.name == wanted) return preset;
        names += (names.empty() ? "" : ", ") + preset.name;
    }
    throw UsageError("", "--preset " + wanted, "no such preset; choose one of " + names);
}

Result check_recipe(const std::string& model, const std::string& file) {
    const auto problems = Recipe::load(file).problems(*open_model(model));
    Result result;
    result.json = {{"recipe", file}, {"problems", problems}, {"ok", problems.empty()}};
    for (const auto& problem : problems)
        result.text += problem + "\n";
    if (problems.empty()) result.text = "no problems\n";
    result.exit_code = problems.empty() ? 0 : 1;
    return result;
}

Result list_presets() {
    Result result;
    auto& list = result.json["presets"] = nlohmann::json::array();
    for (const auto& preset : presets()) {
        list.push_back({{"name", preset.name},
                        {"label", preset.label},
                        {"help", preset.help},
                        {"kind", preset.kind},
                        {"source", preset.source},
                        {"recipe", preset.recipe}});
        result.text +=
            preset.name + ": " + preset.help + (preset.source.empty() ? "" : " [" + preset.source + "]") + "\n";
    }
    return result;
}

} // namespace

Command recipe_command() {
    return {"recipe", "make a recipe from a preset, check one, or list the presets", [](CLI::App& parser) -> Work {
                struct Options {
                    std::string model, preset, file;
                };
                auto options = std::make_shared<Options>();
                parser.require_subcommand(1);
                auto* make =
                    parser.add_subcommand("new", "print a preset's recipe, after checking that it fits the model");
                make->add_option("model", options->model, "model file or folder")->required();
                make->add_option("--preset", options->preset, "name of a preset (see: recipe presets)")->required();
                auto* check = parser.add_subcommand("check", "name a recipe's problems for a model");
                check->add_option("model", options->model, "model file or folder")->required();
                check->add_option("recipe", options->file, "recipe file (JSON)")->required();
                auto* list = parser.add_subcommand("presets", "list the presets and what each quantizes");
                return [=](const Common&, Progress&) -> Result {
                    if (list->parsed()) return list_presets();
                    if (check->parsed()) return check_recipe(options->model, options->file);
                    Result result;
                    result.json = preset_named(options->preset).recipe;
                    // A recipe that does not fit the model helps nobody.
                    for (const auto& problem : Recipe::from_json(result.json).problems(*open_model(options->model)))
                        throw RecipeError(options->preset, "", problem);
                    result.text = result.json.dump(2) + "\n";
                    return result;
                };
            }};
}

} // namespace quantscope::cli
