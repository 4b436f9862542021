// What the Weights view does with a layer, an estimate, a fit; weights_layout.cpp builds its parts.
#include "widgets/weights/weights_view.h"

#include <QKeyEvent>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QTableView>
#include <algorithm>
#include <cmath>

#include "widgets/elided_label.h"
#include "widgets/number_text.h"
#include "widgets/weights/bands_plot.h"
#include "widgets/weights/error_panel.h"
#include "widgets/weights/heat_map.h"
#include "widgets/weights/histogram_plot.h"
#include "widgets/weights/outlier_model.h"

namespace quantscope::widgets {
namespace {

constexpr int patience_ms = 150; ///< a layer that takes longer gets a skeleton instead of the former layer's picture

/// "float16 · 884.7 k weights": what the file holds.
QString shape_text(const studio::LayerRow& layer) {
    return QStringLiteral("%1 × %2 · %3").arg(layer.out).arg(layer.in).arg(QString::fromStdString(layer.dtype));
}

} // namespace

WeightsView::WeightsView(QWidget* parent)
    : QWidget(parent) {
    setObjectName(QStringLiteral("weights_view"));
    slow_.setSingleShot(true);
    slow_.setInterval(patience_ms);
    build();
    connect_parts();
    set_view(nullptr);
}

WeightsView::~WeightsView() = default;

void WeightsView::connect_parts() {
    connect(&slow_, &QTimer::timeout, this, &WeightsView::show_skeleton);
    connect(histogram_, &HistogramPlot::clip_dragged, this,
            [this](double low, double high, bool finished) { Q_EMIT clip_dragged(layer_, low, high, finished); });
    connect(histogram_, &HistogramPlot::breakpoint_dragged, this,
            [this](double breakpoint, bool finished) { Q_EMIT breakpoint_dragged(layer_, breakpoint, finished); });
    connect(histogram_, &HistogramPlot::drag_cancelled, this, [this] { Q_EMIT drag_cancelled(layer_); });
    connect(bands_, &BandsPlot::channel_selected, this, &WeightsView::isolate);
    const auto fail = [this](const QString& message) {
        slow_.stop();
        busy_->hide();
        message_->setText(message);
        message_->show();
        Q_EMIT failed(message);
    };
    connect(&layers_, &LatestTask::failed, this, fail);
    connect(&channel_, &LatestTask::failed, this, fail);
    connect(heat_map_, &HeatMap::failed, this, fail);
}

void WeightsView::set_provider(std::shared_ptr<const WeightProvider> provider) {
    layers_.cancel();
    channel_.cancel();
    provider_ = std::move(provider);
    layer_.clear();
    estimate_.reset();
    fit_.reset();
    set_view(nullptr);
}

void WeightsView::show_layer(const QString& name) {
    if (name == layer_ && view_ && view_->layer.name == name.toStdString()) return;
    layer_ = name;
    message_->hide();
    if (!provider_) return;
    const std::string key = name.toStdString();
    if (auto cached = provider_->cached ? provider_->cached(key) : nullptr) {
        layers_.cancel();
        return set_view(std::move(cached));
    }
    slow_.start();
    layers_.start<std::shared_ptr<const studio::WeightView>>(
        [provider = provider_, key](Progress& progress) { return provider->view(key, progress); },
        [this](std::shared_ptr<const studio::WeightView> view) { set_view(std::move(view)); });
}

void WeightsView::show_skeleton() {
    const QString wanted = layer_;
    heading_->setText(wanted);
    facts_->setText(tr("reading the weights…"));
    more_facts_->setText({});
    busy_->show();
    histogram_->set_view(nullptr);
    bands_->set_view(nullptr);
    heat_map_->set_layer(nullptr, nullptr);
    for (Plot* plot : {static_cast<Plot*>(histogram_), static_cast<Plot*>(bands_), static_cast<Plot*>(heat_map_)}) {
        plot->set_empty_text(tr("Reading the weights…"));
        plot->refresh();
    }
    errors_->clear();
    outlier_model_->set_view(nullptr);
    view_.reset();
}

void WeightsView::set_view(std::shared_ptr<const studio::WeightView> view) {
    slow_.stop();
    busy_->hide();
    message_->hide();
    channel_.cancel();
    view_ = std::move(view);
    if (view_) layer_ = QString::fromStdString(view_->layer.name);
    histogram_->set_view(view_);
    bands_->set_view(view_);
    heat_map_->set_layer(provider_, view_);
    errors_->clear();
    outlier_model_->set_view(view_);
    describe();
    apply_estimate();
    apply_fit();
    for (Plot* plot : {static_cast<Plot*>(histogram_), static_cast<Plot*>(bands_), static_cast<Plot*>(heat_map_)})
        plot->refresh();
    if (view_) Q_EMIT drawn(layer_);
}

void WeightsView::set_estimate(const QString& layer, const studio::Estimate& estimate) {
    estimate_.emplace(layer, estimate);
    if (view_ && layer == layer_) apply_estimate();
}

void WeightsView::apply_estimate() {
    if (!view_ || !estimate_ || estimate_->first != QString::fromStdString(view_->layer.name)) return;
    const auto& estimate = estimate_->second;
    histogram_->set_overlay(estimate.overlay, estimate.saturated);
    // While something is dragged the curves come rarely: then the former ones stay and only the present error moves.
    const bool curves = !estimate.error_by_clip.empty() || !estimate.error_by_breakpoint.empty();
    if (curves || !std::isfinite(estimate.mse))
        errors_->set_estimate(estimate);
    else
        errors_->set_present_error(estimate.mse);
}

void WeightsView::set_fit(const QString& layer, std::shared_ptr<const studio::FitView> fit) {
    fit_layer_ = layer;
    fit_ = std::move(fit);
    if (view_ && layer == layer_) apply_fit();
}

void WeightsView::apply_fit() {
    const bool ours = view_ && fit_ && fit_layer_ == QString::fromStdString(view_->layer.name);
    errors_->set_fit(ours ? fit_ : nullptr);
    histogram_->set_quantized(ours && !fit_->quantized.counts.empty()
                                  ? std::shared_ptr<const studio::Histogram>(fit_, &fit_->quantized)
                                  : nullptr);
    histogram_->refresh();
    after_->setEnabled(ours);
}

void WeightsView::toggle_after() {
    if (after_->isEnabled() && after_->isVisible()) after_->toggle();
}

void WeightsView::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Space && event->modifiers() == Qt::NoModifier) return toggle_after();
    QWidget::keyPressEvent(event);
}

void WeightsView::describe() {
    const auto chip = [this](Card card) { return chips_[int(card)]; };
    chip(Card::outliers)
        ->setText(view_ && view_->outlier_count ? tr("Outliers %1").arg(count_text(double(view_->outlier_count)))
                                                : tr("Outliers"));
    if (!view_) {
        heading_->setText(tr("No layer chosen"));
        facts_->setText(tr("choose one in the tree to look inside"));
        more_facts_->setText({});
        outlier_caption_->setText(tr("A layer's largest weights appear here."));
        return;
    }
    const auto& summary = view_->summary;
    const auto sigmas = [&](double value) {
        return summary.standard_deviation > 0
                   ? tr(" (%1 σ)").arg(fixed_text(std::abs(value - summary.mean) / summary.standard_deviation, 1))
                   : QString();
    };
    heading_->setText(layer_);
    facts_->setText(tr("%1 · σ %2 · kurtosis %3 · max |w| %4%5")
                        .arg(shape_text(view_->layer), number_text(summary.standard_deviation),
                             fixed_text(summary.kurtosis, 1), number_text(summary.absmax), sigmas(summary.absmax)));
    QString more =
        tr("%1 weights in %2 · mean %3 · skewness %4 · 0.1 % %5 · 1 % %6 · median %7 · 99 % %8 · 99.9 % %9")
            .arg(count_text(double(summary.values)), size_text(double(view_->layer.bytes)), number_text(summary.mean),
                 fixed_text(summary.skewness, 2), number_text(summary.p01), number_text(summary.p1),
                 number_text(summary.p50), number_text(summary.p99), number_text(summary.p999));
    more += tr(" · zeros %1").arg(percent_text(summary.zeros, 2));
    if (summary.non_finite) more += tr(" · %1 not finite").arg(QString::number(qulonglong(summary.non_finite)));
    more_facts_->setText(more);
    const auto shown = view_->outliers.size();
    QString caption =
        tr("%1 beyond %2 σ")
            .arg(QLocale::c().toString(qulonglong(view_->outlier_count)), number_text(view_->outlier_sigmas, 2));
    if (shown < view_->outlier_count)
        caption += tr("; the largest %1 listed").arg(QLocale::c().toString(qulonglong(shown)));
    outlier_caption_->setText(caption);
}

void WeightsView::set_output(bool output) {
    axis_->setText(output ? tr("By output") : tr("By input"));
    channel_.cancel();
    histogram_->set_channel(nullptr, {});
    histogram_->refresh();
    bands_->set_output(output);
    errors_->set_output(output);
}

void WeightsView::isolate(bool output, qint64 channel) {
    channel_.cancel();
    if (channel < 0) {
        histogram_->set_channel(nullptr, {});
        histogram_->refresh();
    } else if (provider_ && provider_->channel && view_) {
        const QString name = output ? tr("row %1").arg(channel) : tr("column %1").arg(channel);
        channel_.start<studio::Histogram>(
            [provider = provider_, layer = view_->layer.name, output, channel](Progress& progress) {
                return provider->channel(layer, output, channel, progress);
            },
            [this, name](studio::Histogram histogram) {
                histogram_->set_channel(std::make_shared<const studio::Histogram>(std::move(histogram)), name);
                histogram_->refresh();
            });
    }
    Q_EMIT channel_selected(layer_, output, channel);
}

void WeightsView::show_outlier(int row) {
    if (row < 0 || row >= outlier_model_->rowCount()) return;
    const auto& outlier = outlier_model_->outlier(row);
    set_card_visible(Card::heat_map, true);
    heat_map_->show_weight(outlier.row, outlier.column);
    bands_->select_channel(bands_->output() ? outlier.row : outlier.column);
    scroll_->ensureWidgetVisible(heat_map_, 0, 8);
}

void WeightsView::set_card_visible(Card card, bool visible) {
    chips_[int(card)]->setChecked(visible);
    cards_[int(card)]->setVisible(visible);
    const auto shown = [this](Card one) { return chips_[int(one)]->isChecked(); };
    for (QPushButton* chip : {logarithmic_, range_, after_})
        chip->setVisible(shown(Card::histogram));
    axis_->setVisible(shown(Card::channels) || shown(Card::error));
    places_->setVisible(shown(Card::heat_map) || shown(Card::outliers));
    nothing_->setVisible(
        std::none_of(std::begin(chips_), std::end(chips_), [](const auto* chip) { return chip->isChecked(); }));
}

} // namespace quantscope::widgets
