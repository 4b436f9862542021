// The recipes that ship. Adding one is one entry in the list below.
#include "core/recipe/recipe.h"

namespace quantscope {

namespace {

using nlohmann::json;

json grid(const char* name, int bits, int group) {
    json values{{"name", name}, {"bits", bits}, {"granularity", group > 0 ? "group" : "channel"}};
    if (group > 0) values["group"] = group;
    return values;
}

json recipe(const std::string& name, json scheme, json sites = json::array()) {
    return {{"quantscope_recipe", 1},
            {"name", name},
            {"default", {{"weight", std::move(scheme)}, {"activation", nullptr}, {"kv", nullptr}}},
            {"sites", std::move(sites)}};
}

json searched(json values) { return {{"grid", std::move(values)}, {"clipping", {{"name", "mse"}}}}; }

constexpr const char* study_source =
    "the uniform and piecewise study that Quantscope grew out of; grid: Fang et al. 2020, PWLQ";

/// The study on language models: one grid in the attention layers, the other in the MLP layers.
Preset study_of_llm(const std::string& attention, const std::string& mlp, int bits) {
    const std::string name = "study-mlp-" + mlp + "-w" + std::to_string(bits);
    json layers{{"role", {"gate", "up", "down", "fc1", "fc2"}}, {"weight", {{"grid", grid(mlp.c_str(), bits, 0)}}}};
    return {name,
            "Study: MLP " + mlp + ", attention " + attention + ", " + std::to_string(bits) + " bits",
            std::to_string(bits) + " bits per channel with a searched clip: " + mlp + " in the MLP layers, " +
                attention + " in the attention layers",
            study_source,
            recipe(name, searched(grid(attention.c_str(), bits, 0)), json::array({std::move(layers)})),
            "llm"};
}

/// The study on DiTs: one grid in attention and feed-forward layers, another in all that embeds, modulates and ends.
/// Which of the two mixes the study meant is not known, so both ship, with both pure forms beside them: all four
/// quantize the same sites.
Preset study_of_dit(const std::string& layers, const std::string& rest, int bits) {
    const std::string mix = layers == rest ? layers : "layers-" + layers + "-rest-" + rest;
    const std::string name = "study-dit-" + mix + "-w" + std::to_string(bits);
    json others{{"role", {"x_embedder", "t_embedder", "y_embedder", "adaLN", "final_layer"}},
                {"weight", searched(grid(rest.c_str(), bits, 0))}};
    return {name,
            layers == rest
                ? "Study: everything " + layers + ", " + std::to_string(bits) + " bits"
                : "Study: attention and MLP " + layers + ", the rest " + rest + ", " + std::to_string(bits) + " bits",
            std::to_string(bits) + " bits per channel with a searched clip: " + layers +
                " in attention and MLP layers, " + rest + " in embedders, adaLN modulation and the final layer",
            study_source,
            recipe(name, searched(grid(layers.c_str(), bits, 0)), json::array({std::move(others)})),
            "dit"};
}

Preset uniform(int bits, int group) {
    const std::string name =
        "uniform-w" + std::to_string(bits) + (group > 0 ? "-g" + std::to_string(group) : "-channel");
    const std::string cut =
        group > 0 ? "groups of " + std::to_string(group) + " inputs" : "one scale per output channel";
    return {name, "Uniform, " + std::to_string(bits) + " bits, " + cut,
            "asymmetric uniform integers of " + std::to_string(bits) + " bits, " + cut +
                ", clip range searched for the least squared error",
            "", recipe(name, searched(grid("uniform", bits, group)))};
}

Preset piecewise(int bits, int group) {
    const std::string name =
        "piecewise-w" + std::to_string(bits) + (group > 0 ? "-g" + std::to_string(group) : "-channel");
    const std::string cut = group > 0 ? "groups of " + std::to_string(group) + " inputs" : "per output channel";
    return {name, "Piecewise, " + std::to_string(bits) + " bits, " + cut,
            "piecewise linear levels of " + std::to_string(bits) + " bits, " + cut +
                ", breakpoint and clip range searched together",
            "Fang et al. 2020, Post-training Piecewise Linear Quantization (PWLQ)",
            recipe(name, searched(grid("piecewise", bits, group)))};
}

Preset round_to_nearest(int bits) {
    const std::string name = "min-max-w" + std::to_string(bits) + "-channel";
    return {name, "Min–max, " + std::to_string(bits) + " bits, per channel",
            "plain round-to-nearest over each output channel's full range: the baseline of most papers", "",
            recipe(name, {{"grid", grid("uniform", bits, 0)}, {"clipping", {{"name", "min-max"}}}})};
}

} // namespace

const std::vector<Preset>& presets() {
    static const std::vector<Preset> all = [] {
        std::vector<Preset> list{study_of_llm("uniform", "piecewise", 4), study_of_dit("uniform", "piecewise", 4),
                                 uniform(4, 64)};
        for (const int bits : {4, 3, 5, 6, 8})
            for (const int group : {0, 64}) {
                if (bits != 4 || group != 64) list.push_back(uniform(bits, group));
                list.push_back(piecewise(bits, group));
            }
        for (const int bits : {8, 4})
            list.push_back(round_to_nearest(bits));
        for (const int bits : {8, 6, 4, 3}) {
            if (bits != 4) list.push_back(study_of_llm("uniform", "piecewise", bits));
            list.push_back(study_of_llm("piecewise", "uniform", bits));
            for (const char* layers : {"uniform", "piecewise"})
                for (const char* rest : {"uniform", "piecewise"})
                    if (const auto preset = study_of_dit(layers, rest, bits); preset.name != list[1].name)
                        list.push_back(preset);
        }
        return list;
    }();
    return all;
}

std::vector<Preset> presets_for(std::string_view kind) {
    std::vector<Preset> chosen;
    for (const Preset& preset : presets())
        if (preset.kind.empty() || preset.kind == kind) chosen.push_back(preset);
    return chosen;
}

} // namespace quantscope
