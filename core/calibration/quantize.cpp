// Fits the sites that a recipe covers, one after the other, each on all threads.
#include "core/calibration/fitted_model.h"
#include "core/recipe/recipe.h"
#include "core/schemes/fit_site.h"

namespace quantscope {

namespace {

struct Task {
    const Site* site;
    nlohmann::json scheme;
};

std::vector<Task> tasks_of(const Model& model, const Recipe& recipe) {
    std::vector<Task> tasks;
    for (const Site& site : model.sites())
        if (auto scheme = recipe.weight_scheme(site); !scheme.is_null()) tasks.push_back({&site, std::move(scheme)});
    if (tasks.empty())
        throw RecipeError(model.checkpoint().path().string(), "recipe",
                          "quantizes no layer of this model; give it a default scheme or entries under \"sites\"");
    return tasks;
}

} // namespace

std::shared_ptr<const FittedModel> quantize(std::shared_ptr<const Model> model, const Recipe& recipe,
                                            const std::function<void(const FittedSite&)>& fitted, Progress& progress) {
    const auto tasks = tasks_of(*model, recipe);
    const Checkpoint& checkpoint = model->checkpoint();
    double all = 0, done = 0;
    for (const auto& task : tasks)
        all += static_cast<double>(task.site->out) * static_cast<double>(task.site->in);
    std::map<std::string, FittedSite> sites;
    for (const auto& task : tasks) {
        const Site& site = *task.site;
        const double share = static_cast<double>(site.out) * static_cast<double>(site.in) / std::max(1.0, all);
        Progress part(progress, std::min(1.0, done), std::min(1.0, done + share));
        const WeightRows rows{checkpoint.path().string(), site.name, site.out, site.in,
                              [&](std::int64_t first, std::int64_t count, std::span<float> out) {
                                  read_site_rows(checkpoint, site, first, count, out);
                              }};
        const auto [entry, added] = sites.emplace(site.name, fit_site(rows, task.scheme, part));
        checkpoint.release(checkpoint.at(site.tensor));
        done += share;
        if (fitted) fitted(entry->second);
    }
    progress.report(1, "quantized");
    return std::make_shared<FittedModel>(std::move(model), recipe.json(), std::move(sites));
}

} // namespace quantscope
