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

Preset study() {
    const json mlp{{"role", {"gate", "up", "down", "fc1", "fc2"}}, {"weight", {{"grid", grid("piecewise", 4, 0)}}}};
    return {
        "study-mlp-piecewise-w4", "Study: MLP piecewise, 4 bits",
        "4 bits per channel with a searched clip: piecewise in the MLP layers, whose weights have the longer tails, "
        "uniform in the attention layers",
        "the uniform and piecewise study that Quantscope grew out of; grid: Fang et al. 2020, PWLQ",
        recipe("study-mlp-piecewise-w4", searched(grid("uniform", 4, 0)), json::array({mlp}))};
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
        std::vector<Preset> list{study(), uniform(4, 64)};
        for (const int bits : {4, 3, 5, 6, 8})
            for (const int group : {0, 64}) {
                if (bits != 4 || group != 64) list.push_back(uniform(bits, group));
                list.push_back(piecewise(bits, group));
            }
        for (const int bits : {8, 4})
            list.push_back(round_to_nearest(bits));
        return list;
    }();
    return all;
}

} // namespace quantscope
