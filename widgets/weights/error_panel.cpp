// A layer's quantization error three ways.
#include "widgets/weights/error_panel.h"

#include <QHBoxLayout>
#include <algorithm>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

ChannelErrorPlot::ChannelErrorPlot(QWidget* parent)
    : Plot(parent) {
    setObjectName(QStringLiteral("channel_error"));
    setAccessibleName(tr("Error per channel"));
    setToolTip(
        tr("Root mean square of each channel's weights (grey) and of its error once quantized (orange). Where "
           "orange comes near grey, little of the channel is left: more bits, smaller groups or a tighter clip."));
    setMinimumHeight(150);
    setMouseTracking(true);
    set_zoomable(Qt::Horizontal);
    new Artist(this, QStringLiteral("main"), [this](QCPPainter* painter) { draw(painter); });
    ChannelErrorPlot::restyle();
    set_fit(nullptr);
}

void ChannelErrorPlot::restyle() {
    Plot::restyle();
    const Theme& theme = Theme::current();
    set_legend({{tr("weights"), theme.original}, {tr("error"), theme.scheme_a}});
}

void ChannelErrorPlot::set_fit(std::shared_ptr<const studio::FitView> fit) {
    fit_ = std::move(fit);
    fit_axes();
}

void ChannelErrorPlot::set_output(bool output) {
    if (output == output_) return;
    output_ = output;
    fit_axes();
    refresh();
}

void ChannelErrorPlot::fit_axes() {
    set_axis_names(output_ ? tr("output channel (row)") : tr("input channel (column)"), tr("root mean square"));
    const bool empty = !fit_ || errors().empty() || errors().size() != sizes().size();
    set_empty_text(empty ? tr("Each channel's exact error appears here once this layer is quantized.") : QString());
    xAxis->setVisible(!empty);
    yAxis->setVisible(!empty);
    if (empty) return;
    const float top = std::max(*std::max_element(sizes().begin(), sizes().end()),
                               *std::max_element(errors().begin(), errors().end()));
    set_full_ranges(QCPRange(-0.5, double(errors().size()) - 0.5), QCPRange(0, std::max(double(top) * 1.08, 1e-30)));
    set_smallest_ranges(std::min(double(errors().size()), 8.0), 0);
}

void ChannelErrorPlot::draw(QCPPainter* painter) const {
    if (!fit_ || errors().empty() || errors().size() != sizes().size()) return;
    const Theme& theme = Theme::current();
    QColor grey = theme.original;
    grey.setAlphaF(0.55F);
    const auto channels = std::ptrdiff_t(errors().size());
    const double bottom = axisRect()->bottom() + 1;
    const auto greatest = [](const std::vector<float>& values, std::ptrdiff_t first, std::ptrdiff_t last) {
        return *std::max_element(values.begin() + first, values.begin() + last);
    };
    for (int x = axisRect()->left(); x <= axisRect()->right(); ++x) {
        const auto at = [&](double pixel) { return std::ptrdiff_t(std::floor(xAxis->pixelToCoord(pixel) + 0.5)); };
        const auto first = std::clamp<std::ptrdiff_t>(at(x), 0, channels - 1);
        const auto last = std::clamp<std::ptrdiff_t>(std::max(first + 1, at(x + 1)), 1, channels);
        const double size = yAxis->coordToPixel(greatest(sizes(), first, last));
        const double error = yAxis->coordToPixel(greatest(errors(), first, last));
        painter->fillRect(QRectF(x, size, 1, bottom - size), grey);
        painter->fillRect(QRectF(x, error, 1, bottom - error), theme.scheme_a);
    }
}

void ChannelErrorPlot::mouseMoveEvent(QMouseEvent* event) {
    QCustomPlot::mouseMoveEvent(event);
    if (!fit_ || errors().empty() || !axisRect()->rect().contains(event->pos())) return set_readout({});
    const auto channel = std::clamp<qint64>(qint64(std::floor(xAxis->pixelToCoord(event->position().x()) + 0.5)), 0,
                                            qint64(errors().size()) - 1);
    const double error = errors()[std::size_t(channel)], size = sizes()[std::size_t(channel)];
    set_readout(tr("channel %1: %2 of %3 (%4)")
                    .arg(channel)
                    .arg(number_text(error), number_text(size), percent_text(size > 0 ? error / size : NAN)));
}

ErrorPanel::ErrorPanel(QWidget* parent)
    : QWidget(parent) {
    setObjectName(QStringLiteral("error_panel"));
    channels_ = new ChannelErrorPlot(this);
    by_clip_ = new CurvePlot(this);
    by_clip_->setObjectName(QStringLiteral("error_by_clip"));
    by_clip_->setAccessibleName(tr("Error by clip range"));
    by_clip_->setToolTip(
        tr("The layer's mean squared error if the clip range were this part of the full range. Left of "
           "the least point saturation costs, right of it coarse steps."));
    by_clip_->set_axis_names(tr("clip ÷ largest |weight|"), tr("MSE"));
    by_breakpoint_ = new CurvePlot(this);
    by_breakpoint_->setObjectName(QStringLiteral("error_by_breakpoint"));
    by_breakpoint_->setAccessibleName(tr("Error by breakpoint"));
    by_breakpoint_->setToolTip(tr("The layer's mean squared error if a piecewise grid broke at this part of the clip "
                                  "range: fine steps inside, coarse outside."));
    by_breakpoint_->set_axis_names(tr("breakpoint ÷ clip"), tr("MSE"));
    auto* curves = new QHBoxLayout;
    curves->setSpacing(Theme::unit);
    curves->addWidget(by_clip_, 1);
    curves->addWidget(by_breakpoint_, 1);
    parts_ = new QBoxLayout(QBoxLayout::LeftToRight, this);
    parts_->setContentsMargins(0, 0, 0, 0);
    parts_->setSpacing(Theme::unit);
    parts_->addWidget(channels_, 5);
    parts_->addLayout(curves, 8);
    clear();
}

void ErrorPanel::resizeEvent(QResizeEvent* event) {
    constexpr int three_plots = 600; ///< pixels; in fewer, their axes' names would lose their ends
    const bool beside = event->size().width() >= three_plots;
    parts_->setDirection(beside ? QBoxLayout::LeftToRight : QBoxLayout::TopToBottom);
    parts_->setStretch(0, beside ? 5 : 1);
    parts_->setStretch(1, beside ? 8 : 1);
    QWidget::resizeEvent(event);
}

void ErrorPanel::clear() {
    set_estimate({});
    set_fit(nullptr);
}

void ErrorPanel::set_estimate(const studio::Estimate& estimate) {
    by_clip_->set_empty_text(estimate.error_by_clip.empty() ? tr("Choose a quantized layer to see what its clip range "
                                                                 "does to the error.")
                                                            : QString());
    by_clip_->set_curve(estimate.error_by_clip, estimate.mse);
    by_breakpoint_->set_empty_text(estimate.error_by_breakpoint.empty()
                                       ? tr("Choose the piecewise grid to see its error by breakpoint.")
                                       : QString());
    by_breakpoint_->set_curve(estimate.error_by_breakpoint, estimate.mse);
    for (Plot* plot : {by_clip_, by_breakpoint_})
        plot->refresh();
}

void ErrorPanel::set_present_error(double mse) {
    for (CurvePlot* plot : {by_clip_, by_breakpoint_}) {
        if (plot->points().empty()) continue;
        plot->set_curve(plot->points(), mse);
        plot->refresh();
    }
}

void ErrorPanel::set_fit(std::shared_ptr<const studio::FitView> fit) {
    channels_->set_fit(std::move(fit));
    channels_->refresh();
}

} // namespace quantscope::widgets
