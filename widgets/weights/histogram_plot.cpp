// The histogram's data, axes, mouse and keyboard; histogram_paint.cpp draws it.
#include "widgets/weights/histogram_plot.h"

#include <QMenu>
#include <algorithm>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

constexpr double grab_distance = 6; ///< pixels on either side of a handle's line

using Handle = HistogramPlot::Handle;

bool is_clip(Handle handle) { return handle == Handle::clip_low || handle == Handle::clip_high; }

double greatest(const studio::Histogram& histogram) {
    return double(*std::max_element(histogram.counts.begin(), histogram.counts.end()));
}

} // namespace

/// Counts of other bin widths are put on the layer's own, so that areas can be compared.
double HistogramPlot::scale_to_bins(const studio::Histogram& other) const {
    const auto width = [](const studio::Histogram& h) {
        return (h.high - h.low) / double(std::max<std::size_t>(1, h.counts.size()));
    };
    const double own = width(view_->histogram), its = width(other);
    return its > 0 && own > 0 ? own / its : 1.0;
}

HistogramPlot::HistogramPlot(QWidget* parent)
    : Plot(parent) {
    setObjectName(QStringLiteral("histogram"));
    setAccessibleName(tr("Weight histogram"));
    setToolTip(
        tr("How often each weight value occurs. Drag the orange lines to set the clip range, the blue ones to set "
           "the breakpoint. Keyboard: Tab to a line, arrows move it (Shift: finer), Enter sets it, Esc takes it "
           "back. Ctrl+wheel zooms, L switches the counts' scale, R the range, Space shows before or after."));
    set_axis_names(tr("weight"), tr("weights per bin (log)"));
    set_zoomable(Qt::Horizontal);
    setMinimumHeight(180);
    setMouseTracking(true);
    new Artist(this, QStringLiteral("main"), [this](QCPPainter* painter) { draw_data(painter); });
    new Artist(this, QString::fromLatin1(moving_layer), [this](QCPPainter* painter) { draw_grid(painter); });
    HistogramPlot::restyle();
    set_view(nullptr);
}

void HistogramPlot::restyle() {
    Plot::restyle();
    update_legend();
}

void HistogramPlot::set_view(std::shared_ptr<const studio::WeightView> view) {
    view_ = std::move(view);
    quantized_.reset();
    channel_.reset();
    has_overlay_ = false;
    overlay_ = {};
    dragged_.reset();
    focused_.reset();
    const bool empty = !view_ || view_->histogram.counts.empty();
    set_empty_text(empty ? tr("The histogram of a layer's weights appears here. Choose a layer in the tree.")
                         : QString());
    fit_axes();
    update_legend();
}

void HistogramPlot::fit_axes() {
    const bool empty = !view_ || view_->histogram.counts.empty();
    xAxis->setVisible(!empty);
    yAxis->setVisible(!empty);
    QCPRange horizontal(-1, 1);
    tallest_ = 1;
    if (!empty) {
        const auto& histogram = view_->histogram;
        const double width = std::max(histogram.high - histogram.low, 1e-30);
        horizontal = QCPRange(histogram.low - 0.03 * width, histogram.high + 0.03 * width);
        tallest_ = std::max(1.0, greatest(histogram));
        if (quantized_) tallest_ = std::max(tallest_, greatest(*quantized_) * scale_to_bins(*quantized_));
    }
    if (logarithmic_) {
        yAxis->setScaleType(QCPAxis::stLogarithmic);
        yAxis->setTicker(QSharedPointer<QCPAxisTickerLog>::create());
        yAxis->setNumberFormat(QStringLiteral("eb"));
        yAxis->setNumberPrecision(0);
        set_full_ranges(horizontal, QCPRange(0.6, tallest_ * 5)); // room for the handles' words above the tallest bin
    } else {
        yAxis->setScaleType(QCPAxis::stLinear);
        yAxis->setTicker(QSharedPointer<CountTicker>::create());
        set_full_ranges(horizontal, QCPRange(0, tallest_ * 1.15));
    }
    show_usual_range();
    set_axis_names(tr("weight"), logarithmic_ ? tr("weights per bin (log)") : tr("weights per bin"));
}

/// 99.8 % of the weights and every handle, with some room: a few outliers would press the rest into the middle.
QCPRange HistogramPlot::usual_range() const {
    const QCPRange all = full_horizontal();
    if (!view_ || !std::isfinite(view_->summary.p01) || !std::isfinite(view_->summary.p999)) return all;
    double low = view_->summary.p01, high = view_->summary.p999;
    if (has_overlay_ && overlay_.clip_high > overlay_.clip_low) {
        low = std::min<double>(low, overlay_.clip_low);
        high = std::max<double>(high, overlay_.clip_high);
    }
    const double room = 0.2 * (high - low);
    const QCPRange usual(std::max(all.lower, low - room), std::min(all.upper, high + room));
    return usual.size() > 0 && usual.size() < 0.85 * all.size() ? usual : all;
}

void HistogramPlot::show_usual_range() {
    xAxis->setRange(full_range_ ? full_horizontal() : usual_range());
    automatic_ = xAxis->range();
}

void HistogramPlot::set_full_range(bool full) {
    if (full == full_range_) return;
    full_range_ = full;
    show_usual_range();
    refresh();
    Q_EMIT full_range_changed(full);
}

void HistogramPlot::set_after(bool after) {
    if (after == after_) return;
    after_ = after;
    update_legend();
    refresh();
}

std::pair<std::uint64_t, std::uint64_t> HistogramPlot::beyond() const {
    std::pair<std::uint64_t, std::uint64_t> outside;
    if (!view_ || view_->histogram.counts.empty()) return outside;
    const auto& histogram = view_->histogram;
    const double width = (histogram.high - histogram.low) / double(histogram.counts.size());
    for (std::size_t bin = 0; bin < histogram.counts.size() && width > 0; ++bin) {
        if (histogram.low + double(bin + 1) * width <= xAxis->range().lower) outside.first += histogram.counts[bin];
        if (histogram.low + double(bin) * width >= xAxis->range().upper) outside.second += histogram.counts[bin];
    }
    return outside;
}

void HistogramPlot::set_overlay(const studio::GridOverlay& overlay, double saturated) {
    saturated_ = saturated;
    const studio::GridOverlay held = overlay_;
    overlay_ = overlay;
    has_overlay_ = !overlay.levels.empty() || overlay.clip_high > overlay.clip_low;
    if (dragged_ && is_clip(*dragged_)) {
        overlay_.clip_low = held.clip_low;
        overlay_.clip_high = held.clip_high;
    } else if (dragged_) {
        overlay_.breakpoints = held.breakpoints;
    } else if (const QCPRange seen = xAxis->range(); seen == automatic_ && has_overlay_) {
        // A handle that has left the picture brings it along; else it stays, so that sliders move lines, not axes.
        const double edge = 0.01 * seen.size();
        if (overlay_.clip_low < seen.lower + edge || overlay_.clip_high > seen.upper - edge) show_usual_range();
        if (xAxis->range() != seen) refresh();
    }
    update_legend();
    redraw_moving();
}

void HistogramPlot::clear_overlay() {
    has_overlay_ = false;
    overlay_ = {};
    dragged_.reset();
    update_legend();
    redraw_moving();
}

void HistogramPlot::set_quantized(std::shared_ptr<const studio::Histogram> histogram) {
    if (!quantized_ && !histogram) return;
    quantized_ = std::move(histogram);
    const QCPRange seen = xAxis->range();
    const bool chosen = seen != automatic_;
    fit_axes();
    if (chosen) xAxis->setRange(seen);
    update_legend();
}

void HistogramPlot::set_channel(std::shared_ptr<const studio::Histogram> histogram, const QString& name) {
    channel_ = std::move(histogram);
    channel_name_ = name;
    update_legend();
}

void HistogramPlot::set_logarithmic(bool logarithmic) {
    if (logarithmic == logarithmic_) return;
    logarithmic_ = logarithmic;
    const QCPRange seen = xAxis->range();
    const bool chosen = seen != automatic_;
    fit_axes();
    if (chosen) xAxis->setRange(seen);
    refresh();
    Q_EMIT logarithmic_changed(logarithmic);
}

void HistogramPlot::update_legend() {
    const Theme& theme = Theme::current();
    QList<LegendEntry> entries;
    const bool after = after_ && quantized_;
    if (after) entries.append({tr("after quantization"), theme.scheme_d, false, tr("after")});
    if (view_) entries.append({tr("original"), theme.original, after});
    if (channel_) entries.append({channel_name_, theme.scheme_c});
    if (quantized_ && !after) entries.append({tr("after quantization"), theme.scheme_d, true, tr("after")});
    if (has_overlay_ && !overlay_.levels.empty())
        entries.append(
            {overlay_.unit.empty() ? tr("grid levels") : tr("levels: %1").arg(QString::fromStdString(overlay_.unit)),
             theme.breakpoint, true, tr("levels")});
    set_legend(entries);
}

std::vector<Handle> HistogramPlot::handles() const {
    if (!has_overlay_ || !view_) return {};
    std::vector<Handle> all;
    if (overlay_.clip_high > overlay_.clip_low) all = {Handle::clip_low, Handle::clip_high};
    if (!overlay_.breakpoints.empty()) all.insert(all.end(), {Handle::breakpoint_low, Handle::breakpoint_high});
    return all;
}

std::optional<double> HistogramPlot::handle_value(Handle handle) const {
    const auto all = handles();
    if (std::find(all.begin(), all.end(), handle) == all.end()) return std::nullopt;
    switch (handle) {
    case Handle::clip_low:
        return overlay_.clip_low;
    case Handle::clip_high:
        return overlay_.clip_high;
    case Handle::breakpoint_low:
        return -double(overlay_.breakpoints.front());
    case Handle::breakpoint_high:
        return overlay_.breakpoints.front();
    }
    return std::nullopt;
}

std::optional<Handle> HistogramPlot::handle_at(const QPointF& position) const {
    if (!axisRect()->rect().adjusted(-8, 0, 8, 8).contains(position.toPoint())) return std::nullopt;
    std::optional<Handle> nearest;
    double distance = grab_distance;
    for (const Handle handle : handles()) {
        const double away = std::abs(xAxis->coordToPixel(*handle_value(handle)) - position.x());
        // A breakpoint lies inside the clip range: where both are near, the one listed later is in front.
        if (away <= distance) {
            distance = away;
            nearest = handle;
        }
    }
    return nearest;
}

void HistogramPlot::move_handle(Handle handle, double value) {
    const double least = std::max(view_->summary.absmax, 1e-30) * 1e-3;
    const auto symmetric = std::abs(double(overlay_.clip_low) + double(overlay_.clip_high)) <=
                           1e-4 * (double(overlay_.clip_high) - double(overlay_.clip_low));
    const double clip = std::max(std::abs(overlay_.clip_low), std::abs(overlay_.clip_high));
    switch (handle) {
    case Handle::clip_low:
        overlay_.clip_low = float(std::min(value, symmetric ? -least : double(overlay_.clip_high) - least));
        if (symmetric) overlay_.clip_high = -overlay_.clip_low;
        break;
    case Handle::clip_high:
        overlay_.clip_high = float(std::max(value, symmetric ? least : double(overlay_.clip_low) + least));
        if (symmetric) overlay_.clip_low = -overlay_.clip_high;
        break;
    case Handle::breakpoint_low:
    case Handle::breakpoint_high:
        overlay_.breakpoints.front() =
            float(std::clamp(handle == Handle::breakpoint_low ? -value : value, std::min(least, clip), clip));
        break;
    }
}

void HistogramPlot::tell(Handle handle, bool finished) {
    if (is_clip(handle))
        Q_EMIT clip_dragged(overlay_.clip_low, overlay_.clip_high, finished);
    else
        Q_EMIT breakpoint_dragged(overlay_.breakpoints.front(), finished);
}

void HistogramPlot::cancel_drag() {
    if (!dragged_) return;
    overlay_ = before_drag_;
    dragged_.reset();
    redraw_moving();
    Q_EMIT drag_cancelled();
}

void HistogramPlot::mousePressEvent(QMouseEvent* event) {
    const auto handle = event->button() == Qt::LeftButton ? handle_at(event->position()) : std::nullopt;
    if (!handle) {
        if (event->button() == Qt::LeftButton) QCustomPlot::mousePressEvent(event);
        return;
    }
    before_drag_ = overlay_;
    dragged_ = handle;
    focused_ = handle;
    setFocus(Qt::MouseFocusReason);
    event->accept();
}

void HistogramPlot::mouseMoveEvent(QMouseEvent* event) {
    if (dragged_ && (event->buttons() & Qt::LeftButton)) {
        move_handle(*dragged_, xAxis->pixelToCoord(event->position().x()));
        set_readout({});
        redraw_moving();
        tell(*dragged_, false);
        return;
    }
    QCustomPlot::mouseMoveEvent(event);
    setCursor(handle_at(event->position()) ? Qt::SplitHCursor : Qt::ArrowCursor);
    if (axisRect()->rect().contains(event->position().toPoint()))
        describe_bin(xAxis->pixelToCoord(event->position().x()));
    else
        set_readout({});
}

void HistogramPlot::mouseReleaseEvent(QMouseEvent* event) {
    if (dragged_ && event->button() == Qt::LeftButton) {
        const Handle handle = *dragged_;
        dragged_.reset();
        redraw_moving();
        tell(handle, true);
        return;
    }
    QCustomPlot::mouseReleaseEvent(event);
}

void HistogramPlot::describe_bin(double weight) {
    if (!view_ || view_->histogram.counts.empty()) return;
    const auto& histogram = view_->histogram;
    const double width = (histogram.high - histogram.low) / double(histogram.counts.size());
    const double place = std::floor((weight - histogram.low) / width);
    if (!(place >= 0) || place >= double(histogram.counts.size())) return set_readout({});
    const auto count = histogram.counts[std::size_t(place)];
    const double low = histogram.low + place * width;
    QString text = tr("%1 … %2: %3 weights (%4)")
                       .arg(number_text(low, 4), number_text(low + width, 4), QLocale::c().toString(qulonglong(count)),
                            percent_text(double(count) / double(std::max<std::uint64_t>(1, view_->summary.values)), 3));
    if (view_->summary.standard_deviation > 0)
        text += tr(" · %1 σ").arg(fixed_text((weight - view_->summary.mean) / view_->summary.standard_deviation, 1));
    set_readout(text);
}

void HistogramPlot::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape && dragged_) return cancel_drag();
    if (event->key() == Qt::Key_R && event->modifiers() == Qt::NoModifier) return set_full_range(!full_range_);
    if (event->key() == Qt::Key_L && event->modifiers() == Qt::NoModifier) return set_logarithmic(!logarithmic_);
    const bool arrow = event->key() == Qt::Key_Left || event->key() == Qt::Key_Right;
    if (focused_ && handle_value(*focused_) && arrow) {
        if (!dragged_) before_drag_ = overlay_;
        dragged_ = focused_;
        const double step = xAxis->range().size() * (event->modifiers() & Qt::ShiftModifier ? 0.001 : 0.01);
        move_handle(*focused_, *handle_value(*focused_) + (event->key() == Qt::Key_Left ? -step : step));
        redraw_moving();
        return tell(*focused_, false);
    }
    if (dragged_ && (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)) {
        const Handle handle = *dragged_;
        dragged_.reset();
        return tell(handle, true);
    }
    Plot::keyPressEvent(event);
}

bool HistogramPlot::focusNextPrevChild(bool next) {
    const auto all = handles();
    const auto at = focused_ ? std::find(all.begin(), all.end(), *focused_) : all.end();
    const auto index = at == all.end() ? -1 : int(at - all.begin());
    const int wanted = next ? index + 1 : index - 1;
    if (dragged_) { // leaving a line that was moved by keyboard sets it
        const Handle handle = *dragged_;
        dragged_.reset();
        tell(handle, true);
    }
    if (wanted < -1 || wanted >= int(all.size()) || (wanted == -1 && index == -1)) {
        focused_.reset();
        return Plot::focusNextPrevChild(next);
    }
    focused_ = wanted == -1 ? std::nullopt : std::optional(all[std::size_t(wanted)]);
    redraw_moving();
    return true;
}

void HistogramPlot::focusOutEvent(QFocusEvent* event) {
    if (dragged_) {
        const Handle handle = *dragged_;
        dragged_.reset();
        tell(handle, true);
    }
    focused_.reset();
    Plot::focusOutEvent(event);
}

void HistogramPlot::fill_menu(QMenu& menu) {
    auto* logarithmic = menu.addAction(tr("Logarithmic counts\tL"));
    logarithmic->setCheckable(true);
    logarithmic->setChecked(logarithmic_);
    connect(logarithmic, &QAction::triggered, this, &HistogramPlot::set_logarithmic);
    auto* full = menu.addAction(tr("Full range\tR"));
    full->setCheckable(true);
    full->setChecked(full_range_);
    connect(full, &QAction::triggered, this, &HistogramPlot::set_full_range);
}

} // namespace quantscope::widgets
