// The recipe's changes and whose schemes the inspector shows.
#include <QFileDialog>
#include <QTabWidget>
#include <map>

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

namespace {

QString drag_key(const char* what, const QString& layer) { return QLatin1String(what) + layer; }

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
        dragging_ = false;
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
    schemes_ = std::move(schemes);
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
    const std::string key = choice.toStdString(), name = parameter.toStdString();
    json recipe = document_.recipe();
    if (!member.isEmpty()) {
        recipe = recipe_edit::with_parameter(std::move(recipe), selection_, key, member.toStdString(), name, value);
    } else { // layers with different members share the parameter: each keeps its own member
        std::map<std::string, QStringList> by_member;
        for (qsizetype i = 0; i < selection_.size(); ++i)
            if (const json& scheme = schemes_[std::size_t(i)]; scheme.is_object())
                by_member[scheme.at(key).at("name").get<std::string>()] << selection_[i];
        for (const auto& [own, layers] : by_member)
            recipe = recipe_edit::with_parameter(std::move(recipe), layers, key, own, name, value);
    }
    document_.change(std::move(recipe), QStringLiteral("set %1 of %2").arg(parameter, layersText()),
                     drag_key("slider", choice + parameter), finished);
}

void MainWindow::dragClip(const QString& layer, double low, double high, bool finished) {
    if (!session_ || layer != current_ || !full_range_) return; // the estimate that shows the handles brings the range
    dragging_ = !finished;
    const auto& whole = full_range_->overlay;
    const auto& now = estimate_.overlay;
    const bool left = std::abs(low - double(now.clip_low)) > std::abs(high - double(now.clip_high)); // which one moves
    const double range = left ? double(whole.clip_low) : double(whole.clip_high);
    if (range == 0) return;
    const double coefficient = std::round(std::clamp((left ? low : high) / range, 0.05, 1.0) * 1000) / 1000;
    document_.change(
        recipe_edit::with_parameter(document_.recipe(), {layer}, "clipping", "coefficient", "coefficient", coefficient),
        QStringLiteral("drag the clip range of %1").arg(layer), drag_key("clip", layer), finished);
    if (finished) weights_->set_estimate(layer, estimate_); // a handle dragged beyond its limit goes back to it
}

void MainWindow::cancelDrag(const QString& layer) {
    dragging_ = false;
    document_.cancelDrag(drag_key("clip", layer));
    document_.cancelDrag(drag_key("breakpoint", layer));
}

void MainWindow::dragBreakpoint(const QString& layer, double breakpoint, bool finished) {
    if (!session_ || layer != current_) return;
    const auto& overlay = estimate_.overlay;
    dragging_ = !finished;
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
    for (const auto& [known, recipe] : studio::Session::presets(session_->card().kind))
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
