// A Session's plans: schemes, sizes and estimated errors of layers under a recipe.
#include "core/studio/session_data.h"

namespace quantscope::studio {

namespace {

Estimate as_view(const SchemeEstimate& from) {
    Estimate to;
    to.mse = from.mse;
    to.sqnr_db = from.sqnr_db;
    to.relative = from.relative;
    to.saturated = from.saturated;
    to.max_error = from.max_error;
    to.bytes = from.bytes;
    to.bits_per_weight = from.bits_per_weight;
    to.error_by_clip = from.error_by_clip;
    to.error_by_breakpoint = from.error_by_breakpoint;
    to.overlay = {from.overlay.levels, from.overlay.clip_low, from.overlay.clip_high, from.overlay.breakpoints,
                  from.overlay_unit};
    return to;
}

/// The same recipe without its overrides.
Recipe default_of(nlohmann::json recipe) {
    recipe["sites"] = nlohmann::json::array();
    return Recipe::from_json(recipe);
}

} // namespace

WeightRows Session::Data::weight_rows(const std::string& layer) const {
    const Site& found = site(layer);
    return {card.path, layer, found.out, found.in,
            [this, &found](std::int64_t first, std::int64_t count, std::span<float> out) {
                read_site_rows(model->checkpoint(), found, first, count, out);
            }};
}

nlohmann::json Session::scheme_of(const nlohmann::json& recipe, const std::string& layer) const {
    return Recipe::from_json(recipe).weight_scheme(data_->site(layer));
}

std::vector<std::string> Session::check(const nlohmann::json& recipe) const {
    try {
        return Recipe::from_json(recipe).problems(*data_->model);
    } catch (const RecipeError& error) {
        return {error.what()};
    }
}

Estimate Session::estimate(const std::string& layer, const nlohmann::json& scheme, bool curves) const {
    if (scheme.is_null()) {
        Estimate exact;
        exact.mse = exact.relative = exact.saturated = exact.max_error = 0;
        exact.bytes = data_->float_size(layer);
        exact.bits_per_weight = 8 * exact.bytes / static_cast<double>(data_->row(layer).parameters);
        exact.exact = true;
        return exact;
    }
    const std::pair key{layer, unit_key(scheme.at("grid"))};
    std::shared_ptr<const ErrorHistogram> histogram;
    {
        std::lock_guard lock(data_->caches);
        if (const auto found = data_->error_histograms.find(key); found != data_->error_histograms.end())
            histogram = found->second;
    }
    if (!histogram) {
        Progress unheard;
        histogram = make_error_histogram(data_->weight_rows(layer), scheme, unheard);
        std::lock_guard lock(data_->caches);
        data_->error_histograms[key] = histogram;
    }
    Estimate estimate = as_view(estimate_error(*histogram, scheme, curves));
    std::lock_guard lock(data_->caches);
    data_->estimates[{layer, scheme.dump()}] = estimate;
    return estimate;
}

LayerMeasures Session::Data::planned(const std::string& layer, const nlohmann::json& scheme,
                                     const FittedModel* model_fitted) const {
    const LayerRow& layer_row = row(layer);
    std::lock_guard lock(caches);
    LayerMeasures out;
    if (const auto known = measures.find(layer); known != measures.end()) out = known->second;
    out.scheme = scheme_label(scheme);
    const auto set_error = [&](const SiteError& error) {
        out.error = error.relative;
        out.sqnr_db = error.sqnr_db;
    };
    const FittedSite* fit = model_fitted ? model_fitted->find(layer) : nullptr;
    if (scheme.is_null())
        out.size = float_size(layer);
    else if (fit) {
        out.size = static_cast<double>(fit->bytes());
        set_error(fit->error);
    } else {
        out.size = static_cast<double>(stored_bytes(scheme, layer_row.out, layer_row.in));
        const std::pair key{layer, scheme.dump()};
        const auto exact = fit_views.find(key);
        const auto guess = estimates.find(key);
        if (exact != fit_views.end() || guess != estimates.end()) {
            const Estimate& known = exact != fit_views.end() ? exact->second->result : guess->second;
            out.error = known.relative;
            out.sqnr_db = known.sqnr_db;
            out.error_is_estimate = !known.exact;
        }
    }
    out.bits = 8 * out.size / static_cast<double>(std::max<std::uint64_t>(1, layer_row.parameters));
    return out;
}

LayerMeasures Session::planned(const std::string& layer, const nlohmann::json& recipe) const {
    const Recipe parsed = Recipe::from_json(recipe);
    const auto scheme = parsed.weight_scheme(data_->site(layer));
    const auto fitted = data_->find_fitted(recipe);
    LayerMeasures measures = data_->planned(layer, scheme, fitted.model.get());
    measures.differs = scheme != default_of(recipe).weight_scheme(data_->site(layer));
    return measures;
}

std::vector<std::pair<std::string, LayerMeasures>> Session::planned_all(const nlohmann::json& recipe) const {
    const Recipe parsed = Recipe::from_json(recipe), plain = default_of(recipe);
    const auto fitted = data_->find_fitted(recipe);
    std::vector<std::pair<std::string, LayerMeasures>> all;
    for (const auto& layer : data_->layers) {
        const auto scheme = parsed.weight_scheme(data_->site(layer.name));
        all.emplace_back(layer.name, data_->planned(layer.name, scheme, fitted.model.get()));
        all.back().second.differs = scheme != plain.weight_scheme(data_->site(layer.name));
    }
    return all;
}

Totals Session::totals(const nlohmann::json& recipe) const {
    Totals totals;
    const Recipe parsed = Recipe::from_json(recipe);
    const auto fitted = data_->find_fitted(recipe);
    double quantized_bytes = 0, quantized_weights = 0, bytes = 0, error = 0;
    for (const TensorInfo& tensor : data_->model->checkpoint().tensors())
        bytes += static_cast<double>(float_bytes(tensor)); // norms and biases, which are no layers, stay as they are
    std::size_t errors = 0;
    for (const auto& layer : data_->layers) {
        const auto scheme = parsed.weight_scheme(data_->site(layer.name));
        const LayerMeasures planned = data_->planned(layer.name, scheme, fitted.model.get());
        bytes += planned.size - data_->float_size(layer.name);
        if (scheme.is_null()) continue;
        ++totals.quantized_layers;
        quantized_bytes += planned.size;
        quantized_weights += static_cast<double>(layer.parameters);
        if (std::isfinite(planned.error)) {
            error += planned.error;
            ++errors;
        }
    }
    totals.layers = data_->layers.size();
    totals.original_bytes = data_->card.file_bytes;
    totals.float32_bytes = 4 * data_->card.parameters;
    totals.quantized_bytes = fitted.model ? fitted.bytes : static_cast<std::uint64_t>(bytes) + data_->beside_tensors;
    if (quantized_weights > 0) totals.bits_per_weight = 8 * quantized_bytes / quantized_weights;
    totals.bits_per_weight_total = 8 * bytes / static_cast<double>(std::max<std::uint64_t>(1, data_->card.parameters));
    if (errors > 0) totals.mean_relative_error = error / static_cast<double>(errors);
    return totals;
}

void Session::estimate_all(const nlohmann::json& recipe,
                           const std::function<void(const std::string&, const LayerMeasures&)>& found,
                           Progress& progress) {
    const Recipe parsed = Recipe::from_json(recipe);
    double done = 0;
    const double all = static_cast<double>(std::max<std::uint64_t>(1, data_->model->parameters()));
    for (const auto& layer : data_->layers) {
        progress.report(std::min(1.0, done / all), "estimating " + layer.name);
        done += static_cast<double>(layer.parameters);
        const auto scheme = parsed.weight_scheme(data_->site(layer.name));
        if (scheme.is_null()) continue;
        bool known = false;
        {
            std::lock_guard lock(data_->caches);
            known = data_->estimates.contains({layer.name, scheme.dump()});
        }
        if (!known) {
            estimate(layer.name, scheme, false);
            data_->release(layer.name);
        }
        if (found) found(layer.name, planned(layer.name, recipe));
    }
    progress.report(1, "estimated");
}

std::vector<std::pair<std::string, nlohmann::json>> Session::presets(const std::string& kind) {
    std::vector<std::pair<std::string, nlohmann::json>> out;
    for (const Preset& preset : presets_for(kind))
        out.emplace_back(preset.name, preset.recipe);
    return out;
}

} // namespace quantscope::studio
