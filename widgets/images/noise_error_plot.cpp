// How far each model's predicted noise is off, timestep by timestep.
#include "widgets/images/noise_error_plot.h"

#include <algorithm>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

constexpr int longest_name = 28, shortest_name = 9; ///< letters

bool is_known(const studio::NoiseError& error) { return std::isfinite(error.relative); }

} // namespace

NoiseErrorPlot::NoiseErrorPlot(QWidget* parent)
    : Plot(parent) {
    setObjectName(QStringLiteral("noiseErrorPlot"));
    setAccessibleName(tr("Error of the predicted noise per timestep"));
    setToolTip(tr("Relative error of the noise that each quantized model predicts, for the same noisy input as the "
                  "original. Sampling goes from left to right; an error made early is carried through all later steps. "
                  "Ctrl+wheel zooms, 0 shows all."));
    setMinimumHeight(150);
    setMouseTracking(true);
    set_axis_names(tr("timestep (sampling goes to the right)"), tr("relative noise error"));
    set_zoomable(Qt::Horizontal | Qt::Vertical);
    xAxis->setRangeReversed(true);
    new Artist(this, QStringLiteral("main"), [this](QCPPainter* painter) { draw(painter); });
    new Artist(this, QString::fromLatin1(moving_layer), [this](QCPPainter* painter) { drawMarked(painter); });
    NoiseErrorPlot::restyle();
    setComparison(nullptr);
}

void NoiseErrorPlot::restyle() {
    Plot::restyle();
    updateLegend();
}

void NoiseErrorPlot::updateLegend() {
    QList<LegendEntry> entries;
    const QFontMetrics metrics(Theme::current().text_font(-1));
    const int room = width() - metrics.horizontalAdvance(vertical_name()) - 72;
    const int each = room / std::max(1, int(columns_.size())) - 32;
    const int letters =
        std::clamp(each * 6 / (5 * std::max(1, metrics.averageCharWidth())), shortest_name, longest_name);
    for (const int column : columns_)
        entries << LegendEntry{short_name(comparison_->columns[std::size_t(column)].name, letters),
                               Theme::current().model_colour(column), true};
    set_legend(entries);
}

void NoiseErrorPlot::setComparison(ComparisonSnapshot comparison) {
    comparison_ = std::move(comparison);
    columns_.clear();
    double largest = 0;
    int first = 0, last = 0;
    for (std::size_t i = 0; comparison_ && i < comparison_->columns.size(); ++i) {
        for (const auto& error : comparison_->columns[i].noise_errors) {
            if (!is_known(error)) continue;
            if (columns_.empty()) first = last = error.timestep;
            if (columns_.empty() || columns_.back() != int(i)) columns_.push_back(int(i));
            largest = std::max(largest, error.relative);
            first = std::min(first, error.timestep), last = std::max(last, error.timestep);
        }
    }
    const bool empty = columns_.empty();
    xAxis->setVisible(!empty);
    yAxis->setVisible(!empty);
    set_empty_text(empty ? tr("The error of the predicted noise, timestep by timestep, appears here once a quantized "
                              "model has been sampled.")
                         : QString());
    const QCPRange across(first, std::max(last, first + 1)), up(0, largest > 0 ? largest * 1.08 : 1);
    if (across != full_horizontal() || up != full_vertical()) set_full_ranges(across, up);
    updateLegend();
    refresh();
}

void NoiseErrorPlot::setChosen(int column) {
    chosen_ = column;
    refresh();
}

QPointF NoiseErrorPlot::place(const studio::NoiseError& error) const {
    return {xAxis->coordToPixel(error.timestep), yAxis->coordToPixel(error.relative)};
}

void NoiseErrorPlot::draw(QCPPainter* painter) const {
    painter->setAntialiasing(true);
    for (const int column : columns_) {
        const auto& errors = comparison_->columns[std::size_t(column)].noise_errors;
        QPolygonF curve;
        for (const auto& error : errors)
            if (is_known(error)) curve << place(error);
        const QColor colour = Theme::current().model_colour(column);
        painter->setPen(QPen(colour, column == chosen_ ? 2.75 : 1.5));
        painter->setBrush(Qt::NoBrush);
        painter->drawPolyline(curve);
        if (curve.size() > axisRect()->width() / 12) continue; // dots only where they stay apart
        painter->setPen(Qt::NoPen);
        painter->setBrush(colour);
        for (const QPointF& point : curve)
            painter->drawEllipse(point, 2.5, 2.5);
    }
}

void NoiseErrorPlot::drawMarked(QCPPainter* painter) const {
    if (marked_ < 0 || columns_.empty()) return;
    const Theme& theme = Theme::current();
    const double x = xAxis->coordToPixel(marked_);
    painter->setPen(QPen(theme.secondary, 1, Qt::DashLine));
    painter->drawLine(QPointF(x, axisRect()->top()), QPointF(x, axisRect()->bottom()));
    painter->setAntialiasing(true);
    for (const int column : columns_)
        for (const auto& error : comparison_->columns[std::size_t(column)].noise_errors) {
            if (error.timestep != marked_ || !is_known(error)) continue;
            painter->setPen(QPen(theme.plot, 1));
            painter->setBrush(theme.model_colour(column));
            painter->drawEllipse(place(error), 4, 4);
        }
}

void NoiseErrorPlot::resizeEvent(QResizeEvent* event) {
    updateLegend();
    Plot::resizeEvent(event);
}

void NoiseErrorPlot::mouseMoveEvent(QMouseEvent* event) {
    QCustomPlot::mouseMoveEvent(event);
    const auto forget = [this] {
        marked_ = -1;
        set_readout({});
    };
    if (columns_.empty() || !axisRect()->rect().contains(event->pos())) return forget();
    const double at = xAxis->pixelToCoord(event->position().x());
    double nearest = INFINITY;
    for (const int column : columns_)
        for (const auto& error : comparison_->columns[std::size_t(column)].noise_errors)
            if (is_known(error) && std::abs(error.timestep - at) < nearest) {
                nearest = std::abs(error.timestep - at);
                marked_ = error.timestep;
            }
    QStringList words{tr("t = %1").arg(marked_)};
    for (const int column : columns_)
        for (const auto& error : comparison_->columns[std::size_t(column)].noise_errors)
            if (error.timestep == marked_ && is_known(error))
                words << QStringLiteral("%1 %2").arg(short_name(comparison_->columns[std::size_t(column)].name),
                                                     number_text(error.relative));
    set_readout(words.join(QStringLiteral(" · ")));
    redraw_moving();
}

} // namespace quantscope::widgets
