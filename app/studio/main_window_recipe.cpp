// The recipe's changes and what follows from them: schemes in the inspector, plans in the tree, estimates on workers.
#include <QFileDialog>
#include <QTabWidget>

#include "app/studio/main_window.h"
#include "app/studio/message_bar.h"
#include "app/studio/recipe_edit.h"
#include "widgets/compare/compare_view.h"
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
    QString present_name, plain_name;
    LayerMeasures planned;
};

/// Plain uniform over the whole range with the same bits and granularity, to compare the scheme with.
json plain_scheme(const json& scheme) {
    json grid{{"name", "uniform"}};
    for (const char* kept : {"bits", "granularity", "group"})
        if (scheme["grid"].contains(kept)) grid[kept] = scheme["grid"][kept];
    return {{"quantscope_recipe", 1}, {"sites", {{{"match", "*"}, {"weight", {{"grid", grid}}}}}}};
}

QString drag_key(const char* what, const QString& layer) { return QLatin1String(what) + layer; }

/// What an estimate says about the plan of all layers.
struct Plan {
    std::vector<std::pair<std::string, LayerMeasures>> layers;
    studio::Totals totals;
    std::vector<std::string> problems;
};

} // namespace

json MainWindow::schemeOf(const QString& layer) const {
    return session_->scheme_of(recipe_edit::seen_by(document_.recipe(), layer), layer.toStdString());
}

void MainWindow::selectionChanged(const QStringList& layers, const QString& current) {
    const bool other = current != current_;
    selection_ = layers;
    current_ = current;
    if (!session_) return;
    if (other) {
        estimate_ = {};
        full_range_.reset();
        inspector_->effect().clear();
        overview_->select_layer(current_);
        weights_->set_fit(current_, nullptr);
        if (views_->currentIndex() == weights_view && !current_.isEmpty()) weights_->show_layer(current_);
    }
    showSchemes();
    estimateCurrent();
    save_timer_.start();
}

void MainWindow::recipeChanged() {
    if (!session_) return;
    if (estimate_job_) jobs_.cancel(estimate_job_);
    estimate_job_ = 0;
    showSchemes();
    estimateCurrent();
    plan();
    compare_->setCurrentRecipe(document_.name(), document_.recipe());
    estimate_timer_.start();
    save_timer_.start();
    updateActions();
}

void MainWindow::showSchemes() {
    std::vector<json> schemes;
    bool own = false;
    try {
        if (selection_.isEmpty()) { // any layer under the default shows it; the first one stands for it
            json plain = document_.recipe();
            plain["sites"] = json::array();
            for (const auto& layer : session_->layers())
                if (layer.in_default && schemes.empty()) schemes.push_back(session_->scheme_of(plain, layer.name));
        }
        for (const QString& layer : selection_) {
            schemes.push_back(schemeOf(layer));
            own = own || recipe_edit::has_own_entry(document_.recipe(), layer);
        }
    } catch (const RecipeError& error) { // shown where the recipe is edited; the last good state stays in sight
        inspector_->setProblems({QString::fromUtf8(error.what())});
        return;
    }
    inspector_->setSelection(selection_, schemes);
    inspector_->setOwnEntries(own);
}

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
        [session = session_, layer = layer.toStdString(), scheme,
         recipe = recipe_edit::seen_by(document_.recipe(), layer)](Progress& progress) {
            LayerEstimate found;
            found.known = true;
            found.present = session->estimate(layer, scheme, true);
            progress.check();
            if (!scheme.is_null()) {
                const json plain = session->scheme_of(plain_scheme(scheme), layer);
                found.plain = session->estimate(layer, plain, false);
                found.plain_name = QStringLiteral("min–max");
            }
            found.planned = session->planned(layer, recipe);
            return found;
        },
        [this, layer](LayerEstimate found) {
            if (layer != current_) return;
            estimate_ = found.present;
            weights_->set_estimate(layer, found.present);
            const QString name = QString::fromStdString(found.planned.scheme);
            inspector_->effect().setEstimate(name, found.present);
            if (!found.plain_name.isEmpty()) inspector_->effect().setBaseline(found.plain_name, found.plain);
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
        });
}

void MainWindow::fitCurrent() {
    if (!session_ || current_.isEmpty()) return;
    constexpr std::uint64_t quick_weights = 8'000'000; // fitted alone in well under two seconds
    const auto* row = tree_->model().layer(current_);
    if (!row || (row->parameters > quick_weights && !session_->is_quantized(document_.recipe()))) return;
    const QString layer = current_;
    fit_task_.start<std::shared_ptr<const studio::FitView>>(
        [session = session_, layer = layer.toStdString(), recipe = document_.recipe()](Progress& progress) {
            return session->fit_view(layer, recipe, progress);
        },
        [this, layer](std::shared_ptr<const studio::FitView> fit) {
            if (layer != current_) return;
            weights_->set_fit(layer, fit);
            if (!fit) return;
            Estimate exact = fit->result; // the curves stay those of the estimate
            exact.error_by_clip = estimate_.error_by_clip;
            exact.error_by_breakpoint = estimate_.error_by_breakpoint;
            inspector_->effect().setEstimate(QString::fromStdString(measures_[layer].scheme), exact);
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

QString MainWindow::layersText() const {
    if (selection_.isEmpty()) return QStringLiteral("the default");
    return selection_.size() == 1 ? selection_.first() : QStringLiteral("%1 layers").arg(selection_.size());
}

void MainWindow::editMember(const QString& choice, const QString& member) {
    document_.change(
        recipe_edit::with_member(document_.recipe(), selection_, choice.toStdString(), member.toStdString()),
        QStringLiteral("set %1 of %2 to %3").arg(choice, layersText(), member));
}

void MainWindow::editParameter(const QString& choice, const QString& member, const QString& parameter,
                               const json& value, bool finished) {
    document_.change(recipe_edit::with_parameter(document_.recipe(), selection_, choice.toStdString(),
                                                 member.toStdString(), parameter.toStdString(), value),
                     QStringLiteral("set %1 of %2").arg(parameter, layersText()),
                     drag_key("slider", choice + parameter), finished);
}

void MainWindow::dragClip(const QString& layer, double low, double high, bool finished) {
    if (!session_ || layer != current_) return;
    if (!full_range_) { // where the handles stand when nothing is clipped; once a drag
        json whole = schemeOf(layer);
        if (whole.is_null()) return;
        whole["clipping"] = {{"name", "min-max"}};
        full_range_ = session_->estimate(layer.toStdString(), whole, false);
    }
    const auto& whole = full_range_->overlay;
    const auto& now = estimate_.overlay;
    const bool left = std::abs(low - double(now.clip_low)) > std::abs(high - double(now.clip_high)); // which one moves
    const double range = left ? double(whole.clip_low) : double(whole.clip_high);
    if (range == 0) return;
    const double coefficient = std::round(std::clamp((left ? low : high) / range, 0.05, 1.0) * 1000) / 1000;
    document_.change(
        recipe_edit::with_parameter(document_.recipe(), {layer}, "clipping", "coefficient", "coefficient", coefficient),
        QStringLiteral("drag the clip range of %1").arg(layer), drag_key("clip", layer), finished);
    if (!finished) return;
    full_range_.reset();
    weights_->set_estimate(layer, estimate_); // a handle dragged beyond its limit goes back to it
}

void MainWindow::dragBreakpoint(const QString& layer, double breakpoint, bool finished) {
    if (!session_ || layer != current_) return;
    const auto& overlay = estimate_.overlay;
    const double limit = std::max(std::abs(double(overlay.clip_low)), std::abs(double(overlay.clip_high)));
    if (!(limit > 0)) return;
    const double fraction = std::round(std::clamp(std::abs(breakpoint) / limit, 0.02, 0.98) * 1000) / 1000;
    json recipe = recipe_edit::with_parameter(document_.recipe(), {layer}, "grid", "piecewise", "breakpoint", "fixed");
    recipe =
        recipe_edit::with_parameter(std::move(recipe), {layer}, "grid", "piecewise", "breakpoint_fraction", fraction);
    document_.change(std::move(recipe), QStringLiteral("drag the breakpoint of %1").arg(layer),
                     drag_key("breakpoint", layer), finished);
}

void MainWindow::applyPreset(const QString& name) {
    for (const auto& [known, recipe] : studio::Session::presets())
        if (QString::fromStdString(known) == name) {
            // Without a file: or the next save would overwrite the recipe that was opened before.
            document_.take(recipe, {}, QStringLiteral("take the preset %1").arg(name));
        }
}

void MainWindow::openRecipeDialog() {
    const QString path = QFileDialog::getOpenFileName(this, QStringLiteral("Open a recipe"), {},
                                                      QStringLiteral("Recipes (*.json);;All files (*)"));
    if (!path.isEmpty()) openRecipe(path);
}

void MainWindow::openRecipe(const QString& path) {
    if (!session_) return;
    try {
        document_.open(path);
    } catch (const Error& error) { // told in the window, with the file's name
        message_->tell(QString::fromUtf8(error.what()));
    }
}

bool MainWindow::saveRecipe(bool ask) {
    QString path = document_.path();
    if (ask || path.isEmpty()) {
        path = QFileDialog::getSaveFileName(this, QStringLiteral("Save the recipe"),
                                            document_.name() + QStringLiteral(".json"),
                                            QStringLiteral("Recipes (*.json)"));
        if (path.isEmpty()) return false;
        if (!path.endsWith(QLatin1String(".json"))) path += QStringLiteral(".json");
    }
    try {
        document_.save(path);
    } catch (const Error& error) {
        message_->tell(QString::fromUtf8(error.what()));
        return false;
    }
    return true;
}

} // namespace quantscope
