// What a recipe would do: sizes and errors of all layers and of the selected ones, found out on workers.
#include <algorithm>
#include <set>

#include "app/studio/effect_total.h"
#include "app/studio/main_window.h"
#include "app/studio/recipe_edit.h"
#include "widgets/inspector/scheme_inspector.h"
#include "widgets/layers/layer_tree.h"
#include "widgets/number_text.h"
#include "widgets/overview/overview_view.h"
#include "widgets/weights/weights_view.h"

namespace quantscope {

using nlohmann::json;
using studio::Estimate;
using studio::LayerMeasures;

namespace {

/// What an estimate for the shown layer brings back from its worker.
struct LayerEstimate {
    bool known = false; ///< the layer's statistics are there
    Estimate present, plain;
    std::optional<Estimate> whole; ///< the scheme without clipping
    QString plain_name;
    LayerMeasures planned;
};

/// Plain uniform over the whole range with the same bits and granularity, to compare the scheme with.
json plain_scheme(const json& scheme) {
    json grid{{"name", "uniform"}};
    for (const char* kept : {"bits", "granularity", "group"})
        if (scheme["grid"].contains(kept)) grid[kept] = scheme["grid"][kept];
    return {{"quantscope_recipe", 1}, {"sites", {{{"match", "*"}, {"weight", {{"grid", grid}}}}}}};
}

std::vector<std::string> std_strings(const QStringList& names) {
    std::vector<std::string> strings;
    for (const QString& name : names)
        strings.push_back(name.toStdString());
    return strings;
}

/// What an estimate says about the plan of all layers.
struct Plan {
    std::vector<std::pair<std::string, LayerMeasures>> layers;
    studio::Totals totals;
    std::vector<std::string> problems;
};

} // namespace

void MainWindow::plan() {
    plan_task_.start<Plan>(
        [session = session_, recipe = document_.recipe()](Progress& progress) {
            Plan plan;
            plan.problems = session->check(recipe);
            progress.check();
            try {
                plan.layers = session->planned_all(recipe);
                plan.totals = session->totals(recipe);
            } catch (const RecipeError& error) { // a recipe can be wrong while it is edited; check() has said so
                if (plan.problems.empty()) plan.problems.emplace_back(error.what());
            }
            return plan;
        },
        [this](Plan plan) {
            int differing = 0;
            for (const auto& [layer, measures] : plan.layers) {
                const QString name = QString::fromStdString(layer);
                measures_[name] = measures;
                tree_->setMeasures(name, measures);
                differing += measures.differs;
            }
            overview_->set_measures(measures_);
            totals_ = plan.totals;
            overview_->set_totals(totals_);
            QStringList problems;
            for (const auto& problem : plan.problems)
                problems << QString::fromStdString(problem);
            inspector_->setProblems(problems);
            inspector_->setRecipe(document_.name(),
                                  differing == 0 ? QStringLiteral("every layer follows its default")
                                  : differing == 1
                                      ? QStringLiteral("1 layer differs from its default")
                                      : QStringLiteral("%1 layers differ from its default").arg(differing));
            showTotals();
        });
}

void MainWindow::estimateCurrent() {
    fit_timer_.stop();
    fit_task_.cancel();
    selection_task_.cancel();
    if (current_.isEmpty() || !session_->cached_weight_view(current_.toStdString())) {
        estimate_task_.cancel();
        return; // comes back when the statistics are there
    }
    json scheme;
    try {
        scheme = schemeOf(current_);
    } catch (const RecipeError&) { // the inspector shows why
        return;
    }
    inspector_->effect().setWaiting();
    const QString layer = current_;
    estimate_task_.start<LayerEstimate>(
        [session = session_, layer = layer.toStdString(), scheme, held = dragging_ && full_range_,
         recipe = recipe_edit::seen_by(document_.recipe(), layer)](Progress& progress) {
            LayerEstimate found;
            found.known = true;
            found.present = session->estimate(layer, scheme, true);
            progress.check();
            if (!scheme.is_null()) {
                const json plain = session->scheme_of(plain_scheme(scheme), layer);
                found.plain = session->estimate(layer, plain, false);
                found.plain_name = QStringLiteral("min–max");
                progress.check();
                if (!held) { // where the clip handles would stand; the same for the whole of a drag
                    json whole = scheme;
                    whole["clipping"] = {{"name", "min-max"}};
                    found.whole = session->estimate(layer, whole, false);
                }
            }
            found.planned = session->planned(layer, recipe);
            return found;
        },
        [this, layer](LayerEstimate found) {
            if (layer != current_) return;
            estimate_ = found.present;
            if (found.whole) full_range_ = found.whole;
            weights_->set_estimate(layer, found.present);
            const QString name = QString::fromStdString(found.planned.scheme);
            if (selection_.size() <= 1) showEffect(found.present, found.plain, name);
            LayerMeasures& known = measures_[layer];
            known.error = found.planned.error;
            known.error_is_estimate = found.planned.error_is_estimate;
            known.sqnr_db = found.planned.sqnr_db;
            known.bits = found.planned.bits;
            known.size = found.planned.size;
            known.scheme = found.planned.scheme;
            tree_->setMeasures(layer, known);
            overview_->set_measure(layer, known);
            fit_timer_.start();
            if (selection_.size() > 1) estimateSelection();
        });
}

/// Present scheme beside plain uniform; what the file holds already is said where the scheme would need more.
void MainWindow::showEffect(const Estimate& present, const Estimate& plain, const QString& name) {
    auto& effect = inspector_->effect();
    effect.setEstimate(name, present);
    if (std::isfinite(plain.mse)) effect.setBaseline(QStringLiteral("min–max"), plain);
    double stored = 0;
    std::set<QString> types;
    for (const QString& layer : std::as_const(selection_))
        if (const auto* row = tree_->model().layer(layer)) {
            stored += double(row->bytes);
            types.insert(QString::fromStdString(row->dtype));
        }
    effect.setRemark(present.bytes > stored * 1.005
                         ? QStringLiteral("More than the %1 that the file holds%2.")
                               .arg(widgets::size_text(stored),
                                    types.size() == 1 ? QStringLiteral(" as %1").arg(*types.begin()) : QString())
                         : QString());
}

void MainWindow::estimateSelection() {
    total_is_exact_ = false;
    inspector_->effect().setRemark(QStringLiteral("adding up %1 layers…").arg(selection_.size()));
    struct Sum {
        Estimate present, plain;
        int known = 0;
    };
    selection_task_.start<Sum>(
        [session = session_, layers = std_strings(selection_), schemes = schemes_,
         recipe = document_.recipe()](Progress& progress) {
            EffectTotal present, plain;
            Sum sum;
            const auto exact = session->known_results(layers, recipe);
            for (std::size_t i = 0; i < layers.size(); ++i) {
                progress.check();
                const std::string& layer = layers[i];
                const auto view = session->cached_weight_view(layer);
                if (!view) continue;
                ++sum.known;
                const json& scheme = schemes[i];
                const auto* summary = scheme.is_null() ? nullptr : &view->summary;
                present.add(exact[i] ? *exact[i] : session->estimate(layer, scheme, false), summary,
                            view->layer.parameters);
                progress.check();
                const json simple = scheme.is_null() ? json() : session->scheme_of(plain_scheme(scheme), layer);
                plain.add(session->estimate(layer, simple, false), summary, view->layer.parameters);
            }
            sum.present = present.total();
            sum.plain = plain.total();
            return sum;
        },
        [this](Sum sum) {
            const qsizetype all = selection_.size();
            total_is_exact_ = sum.present.exact && sum.known == all;
            showEffect(
                sum.present, sum.plain,
                sum.known == all
                    ? QStringLiteral("%1 layers together").arg(all)
                    : QStringLiteral("%1 of %2 layers, the others are not measured yet").arg(sum.known).arg(all));
        });
}

void MainWindow::fitCurrent() {
    if (!session_ || current_.isEmpty()) return;
    constexpr std::uint64_t quick_weights = 8'000'000; // fitted alone in well under two seconds
    const auto* row = tree_->model().layer(current_);
    if (!row || (row->parameters > quick_weights && !session_->is_quantized(document_.recipe()))) return;
    struct Fit {
        std::shared_ptr<const studio::FitView> view;
        bool was_last = false; ///< of several selected layers all are exactly known now
    };
    const QString layer = current_;
    fit_task_.start<Fit>(
        [session = session_, layer = layer.toStdString(), layers = std_strings(selection_),
         recipe = document_.recipe()](Progress& progress) {
            Fit fit{session->fit_view(layer, recipe, progress)};
            if (layers.size() <= 1) return fit;
            const auto known = session->known_results(layers, recipe);
            fit.was_last = std::all_of(known.begin(), known.end(), [](const auto& one) { return one.has_value(); });
            return fit;
        },
        [this, layer](const Fit& fit) {
            if (layer != current_) return;
            weights_->set_fit(layer, fit.view);
            if (selection_.size() > 1) {
                if (fit.was_last && !total_is_exact_) estimateSelection();
                return;
            }
            if (!fit.view) return;
            Estimate exact = fit.view->result; // the curves stay those of the estimate
            exact.error_by_clip = estimate_.error_by_clip;
            exact.error_by_breakpoint = estimate_.error_by_breakpoint;
            showEffect(exact, {}, QString::fromStdString(measures_[layer].scheme));
        });
}

void MainWindow::estimateAll() {
    if (!session_ || measure_job_) return; // measuring comes first and calls again
    if (estimate_job_) jobs_.cancel(estimate_job_);
    estimate_job_ = jobs_.start<bool>(
        QStringLiteral("Estimate errors"), JobRunner::Lane::background,
        [this, session = session_, recipe = document_.recipe()](Progress& progress) {
            session->estimate_all(
                recipe,
                [this, session, recipe, &progress](const std::string& layer, const LayerMeasures& found) {
                    progress.check();
                    QMetaObject::invokeMethod(this, [this, session, recipe, layer, found] {
                        if (session == session_ && recipe == document_.recipe()) // not of a recipe that is no more
                            tree_->setMeasures(QString::fromStdString(layer), found);
                    });
                },
                progress);
            return true;
        },
        [this](bool) {
            estimate_job_ = 0;
            plan();
        });
}

} // namespace quantscope
