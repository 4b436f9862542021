// A Session's quantized models: fitting them, and before and after of single layers.
#include <algorithm>
#include <cmath>

#include "core/base/parallel.h"
#include "core/export/packed.h"
#include "core/studio/session_data.h"

namespace quantscope::studio {

namespace {

constexpr std::size_t kept_models = 4; ///< each holds a whole model's codes

/// Sums of squares of the weights and of their errors along both axes.
struct Sums {
    std::vector<double> row_error, row_weight, column_error, column_weight;
    Sums(std::int64_t rows, std::int64_t columns)
        : row_error(rows)
        , row_weight(rows)
        , column_error(columns)
        , column_weight(columns) {}
};

std::vector<float> root_mean(const std::vector<double>& sums, std::int64_t count) {
    std::vector<float> out;
    for (double sum : sums)
        out.push_back(static_cast<float>(std::sqrt(sum / static_cast<double>(std::max<std::int64_t>(1, count)))));
    return out;
}

Histogram empty_histogram(const UnitTable& units) {
    Histogram histogram;
    for (float low : units.clip_low)
        histogram.low = std::min<double>(histogram.low, low);
    for (float high : units.clip_high)
        histogram.high = std::max<double>(histogram.high, high);
    if (!(histogram.low < histogram.high)) histogram.high = histogram.low + 1;
    histogram.counts.assign(512, 0);
    return histogram;
}

void count(Histogram& histogram, float value) {
    const double bins = static_cast<double>(histogram.counts.size());
    const double place = (value - histogram.low) / (histogram.high - histogram.low) * bins;
    ++histogram.counts[static_cast<std::size_t>(std::clamp(place, 0.0, bins - 1))];
}

Estimate exact_result(const FittedSite& site) {
    Estimate result;
    result.mse = site.error.mse;
    result.sqnr_db = site.error.sqnr_db;
    result.relative = site.error.relative;
    result.saturated = site.error.saturated;
    result.max_error = site.error.max_error;
    result.bytes = static_cast<double>(site.bytes());
    result.bits_per_weight = site.bits_per_weight();
    result.exact = true;
    return result;
}

/// The unit with the median scale stands for all of them in the picture.
GridOverlay overlay_of(const FittedSite& site, const UnitTable& units) {
    std::vector<std::int64_t> order(units.scale.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = static_cast<std::int64_t>(i);
    if (order.empty()) return {};
    const auto middle = order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2);
    std::nth_element(order.begin(), middle, order.end(),
                     [&](auto a, auto b) { return units.scale[a] < units.scale[b]; });
    const UnitLevels levels = unit_levels(site, *middle);
    return {levels.levels, levels.clip_low, levels.clip_high, levels.breakpoints,
            order.size() == 1 ? "whole tensor" : "median of " + std::to_string(order.size()) + " units"};
}

std::shared_ptr<const FitView> view_of(const FittedSite& site, const WeightRows& source, Progress& progress) {
    auto view = std::make_shared<FitView>();
    const UnitTable units = unit_table(site);
    view->layer = site.name;
    view->result = exact_result(site);
    view->result.overlay = overlay_of(site, units);
    view->scale = units.scale;
    view->clip = units.clip_high;
    if (!units.breakpoints.empty()) view->breakpoint = units.breakpoints.front();
    view->quantized = empty_histogram(units);

    Sums sums(site.rows, site.columns);
    const std::int64_t step = std::max<std::int64_t>(1, (1 << 20) / std::max<std::int64_t>(1, site.columns));
    std::vector<float> original(static_cast<std::size_t>(step * site.columns)), decoded(original.size());
    for (std::int64_t first = 0; first < site.rows; first += step) {
        progress.report(static_cast<double>(first) / static_cast<double>(site.rows), "comparing " + site.name);
        const std::int64_t rows = std::min(step, site.rows - first);
        const auto values = static_cast<std::size_t>(rows * site.columns);
        source.read(first, rows, std::span(original).first(values));
        site.decode_rows(first, rows, std::span(decoded).first(values));
        for (std::size_t i = 0; i < values; ++i) {
            const std::size_t row = static_cast<std::size_t>(first) + i / static_cast<std::size_t>(site.columns);
            const std::size_t column = i % static_cast<std::size_t>(site.columns);
            const double weight = original[i], error = weight - decoded[i];
            sums.row_error[row] += error * error;
            sums.column_error[column] += error * error;
            sums.row_weight[row] += weight * weight;
            sums.column_weight[column] += weight * weight;
            count(view->quantized, decoded[i]);
        }
    }
    view->output_channel_rmse = root_mean(sums.row_error, site.columns);
    view->output_channel_rms = root_mean(sums.row_weight, site.columns);
    view->input_channel_rmse = root_mean(sums.column_error, site.rows);
    view->input_channel_rms = root_mean(sums.column_weight, site.rows);
    return view;
}

} // namespace

Session::Data::Fitted Session::Data::find_fitted(const nlohmann::json& recipe) const {
    const std::string key = recipe.dump();
    std::lock_guard lock(caches);
    const auto found =
        std::find_if(fitted.begin(), fitted.end(), [&](const auto& entry) { return entry.recipe == key; });
    return found == fitted.end() ? Fitted{} : *found;
}

std::shared_ptr<const FittedModel>
Session::Data::need_fitted(const nlohmann::json& recipe,
                           const std::function<void(const std::string&, const LayerMeasures&)>& told,
                           Progress& progress) {
    if (auto known = find_fitted(recipe).model) return known;
    const auto tell = [&](const FittedSite& site) {
        if (!told) return;
        LayerMeasures measures = planned(site.name, site.scheme, nullptr);
        measures.size = static_cast<double>(site.bytes());
        measures.bits = site.bits_per_weight();
        measures.error = site.error.relative;
        measures.sqnr_db = site.error.sqnr_db;
        measures.error_is_estimate = false;
        told(site.name, measures);
    };
    auto model_fitted = quantscope::quantize(model, Recipe::from_json(recipe), tell, progress);
    const std::uint64_t bytes = packed_file_bytes(*model_fitted);
    std::lock_guard lock(caches);
    fitted.push_front({recipe.dump(), model_fitted, bytes});
    if (fitted.size() > kept_models) fitted.pop_back();
    return model_fitted;
}

void Session::quantize(const nlohmann::json& recipe,
                       const std::function<void(const std::string&, const LayerMeasures&)>& fitted,
                       Progress& progress) {
    data_->need_fitted(recipe, fitted, progress);
}

bool Session::is_quantized(const nlohmann::json& recipe) const { return data_->find_fitted(recipe).model != nullptr; }

std::shared_ptr<const FitView> Session::fit_view(const std::string& layer, const nlohmann::json& recipe,
                                                 Progress& progress) {
    const auto scheme = scheme_of(recipe, layer);
    if (scheme.is_null()) return nullptr;
    const std::pair key{layer, scheme.dump()};
    {
        std::lock_guard lock(data_->caches);
        if (const auto found = data_->fit_views.find(key); found != data_->fit_views.end()) return found->second;
    }
    const WeightRows source = data_->weight_rows(layer);
    const auto model = data_->find_fitted(recipe).model;
    const FittedSite* site = model ? model->find(layer) : nullptr;
    std::optional<FittedSite> alone;
    Progress fitting(progress, 0, site ? 0 : 0.7), viewing(progress, site ? 0 : 0.7, 1);
    if (!site) site = &alone.emplace(fit_site(source, scheme, fitting));
    auto view = view_of(*site, source, viewing);
    std::lock_guard lock(data_->caches);
    return data_->fit_views[key] = std::move(view);
}

std::vector<std::optional<Estimate>> Session::known_results(const std::vector<std::string>& layers,
                                                            const nlohmann::json& recipe) const {
    const Recipe parsed = Recipe::from_json(recipe);
    const auto model = data_->find_fitted(recipe).model;
    std::vector<std::optional<Estimate>> results;
    for (const std::string& layer : layers) {
        const auto scheme = parsed.weight_scheme(data_->site(layer));
        auto& result = results.emplace_back();
        if (scheme.is_null()) {
            result = estimate(layer, scheme, false); // exact: nothing changes
        } else if (const FittedSite* site = model ? model->find(layer) : nullptr) {
            result = exact_result(*site);
        } else {
            std::lock_guard lock(data_->caches);
            const auto found = data_->fit_views.find({layer, scheme.dump()});
            if (found != data_->fit_views.end()) result = found->second->result;
        }
    }
    return results;
}

} // namespace quantscope::studio
