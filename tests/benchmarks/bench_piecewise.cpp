// How much less squared error the piecewise grid has than the uniform one, both with a searched clip, on every layer of
// a real model; and how long fitting the whole model takes. Sizes stand beside: the comparison is at equal bits per
// code.
//
//     bench_piecewise [MODEL] [bits…]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "core/calibration/fitted_model.h"
#include "core/recipe/recipe.h"

using namespace quantscope;

namespace {

struct Fit {
    std::shared_ptr<const FittedModel> model;
    double seconds = 0;
};

Fit fit(const std::shared_ptr<const Model>& model, const char* grid, int bits, const nlohmann::json& cut) {
    nlohmann::json values{{"name", grid}, {"bits", bits}};
    values.update(cut);
    const auto recipe = Recipe::from_json(
        {{"quantscope_recipe", 1}, {"default", {{"weight", {{"grid", values}, {"clipping", {{"name", "mse"}}}}}}}});
    Progress progress;
    const auto start = std::chrono::steady_clock::now();
    auto fitted = quantize(model, recipe, {}, progress);
    return {fitted, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()};
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

void compare(const std::shared_ptr<const Model>& model, int bits, const nlohmann::json& cut, const char* label) {
    const Fit uniform = fit(model, "uniform", bits, cut), piecewise = fit(model, "piecewise", bits, cut);
    std::vector<double> ratios;
    std::string worst;
    for (const auto& [name, site] : uniform.model->sites()) {
        const double ratio = site.error.mse / piecewise.model->find(name)->error.mse;
        if (ratios.empty() || ratio < *std::min_element(ratios.begin(), ratios.end())) worst = name;
        ratios.push_back(ratio);
    }
    const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
    std::printf("%-8s %4d %6zu %8.4f %8.4f %8.4f %9.3f %9.3f %9.2f %9.2f  %s\n", label, bits, ratios.size(), *least,
                median(ratios), *most, uniform.model->bits_per_weight(), piecewise.model->bits_per_weight(),
                uniform.seconds, piecewise.seconds, worst.c_str());
    std::fflush(stdout);
}

} // namespace

int main(int count, char** arguments) {
    try {
        const auto model = Model::open(count > 1 ? arguments[1] : QUANTSCOPE_DEFAULT_MODEL);
        std::vector<int> bits;
        for (int i = 2; i < count; ++i)
            bits.push_back(std::stoi(arguments[i]));
        if (bits.empty()) bits = {4, 3};
        std::puts("squared error of uniform (asymmetric, searched clip) over piecewise (breakpoint and clip searched)\n"
                  "unit     bits layers    least   median     most  bits/w u  bits/w p       s u       s p  least at");
        for (const int b : bits)
            compare(model, b, {{"granularity", "channel"}}, "channel");
        for (const int b : bits)
            compare(model, b, {{"granularity", "group"}, {"group", 64}}, "group 64");
    } catch (const Error& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 1;
    }
    return 0;
}
