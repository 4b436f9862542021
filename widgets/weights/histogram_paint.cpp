// How the histogram is drawn: at most one bar a pixel column, and the grid over it.
#include <algorithm>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/theme.h"
#include "widgets/weights/histogram_plot.h"

namespace quantscope::widgets {
namespace {

constexpr int bar_width = 3; ///< pixels; narrower bars look like noise

QColor translucent(QColor colour, double alpha) {
    colour.setAlphaF(float(alpha));
    return colour;
}

} // namespace

double HistogramPlot::count_pixel(double count) const {
    const double bottom = axisRect()->bottom() + 1;
    if (count <= 0) return bottom;
    return std::min(bottom, yAxis->coordToPixel(count));
}

/// Bins are joined or spread to columns of a few pixels. Each column's height is the mean count of the bins it covers,
/// or their largest where an outlier's bin stands among empty ones, so that the height does not depend on the zoom.
void HistogramPlot::draw_bars(QCPPainter* painter, const studio::Histogram& histogram, const QColor& colour,
                              double scale, bool outline) const {
    const auto bins = std::ptrdiff_t(histogram.counts.size());
    if (!bins) return;
    const double bin_width = (histogram.high - histogram.low) / double(bins);
    const int left = axisRect()->left(), right = axisRect()->right();
    const int bottom = axisRect()->bottom() + 1;
    QPolygonF edge;
    if (bin_width <= 0) { // one value only
        const int x = int(xAxis->coordToPixel(histogram.low));
        painter->fillRect(
            QRect(QPoint(x - 1, int(count_pixel(double(histogram.counts[0]) * scale))), QPoint(x + 1, bottom - 1)),
            colour);
        return;
    }
    for (int x = left; x <= right; x += bar_width) {
        const double low = (xAxis->pixelToCoord(x) - histogram.low) / bin_width;
        const double high = (xAxis->pixelToCoord(x + bar_width) - histogram.low) / bin_width;
        const auto first = std::clamp<std::ptrdiff_t>(std::ptrdiff_t(std::floor(low)), 0, bins);
        const auto last = std::clamp<std::ptrdiff_t>(std::ptrdiff_t(std::ceil(high)), 0, bins);
        std::uint64_t tallest = 0;
        for (auto bin = first; bin < last && high > 0 && low < double(bins); ++bin)
            tallest = std::max(tallest, histogram.counts[std::size_t(bin)]);
        // Put on narrower bins a lone outlier counts less than one: it must not vanish below the axis.
        const double top = count_pixel(tallest ? std::max(1.0, double(tallest) * scale) : 0);
        if (outline)
            edge << QPointF(x, top) << QPointF(x + bar_width, top);
        else if (top < bottom)
            painter->fillRect(QRectF(x, top, bar_width, bottom - top), colour);
    }
    if (!outline) return;
    painter->setPen(QPen(colour, 1));
    painter->setBrush(Qt::NoBrush);
    painter->drawPolyline(edge);
}

void HistogramPlot::draw_data(QCPPainter* painter) const {
    if (!view_ || view_->histogram.counts.empty()) return;
    const Theme& theme = Theme::current();
    const auto& histogram = view_->histogram;
    const bool after = after_ && quantized_;
    if (after) draw_bars(painter, *quantized_, translucent(theme.scheme_d, 0.6), scale_to_bins(*quantized_), false);
    draw_bars(painter, histogram, after ? theme.original : translucent(theme.original, theme.dark ? 0.55 : 0.6), 1,
              after);
    if (channel_) draw_bars(painter, *channel_, translucent(theme.scheme_c, 0.75), scale_to_bins(*channel_), false);
    if (quantized_ && !after) draw_bars(painter, *quantized_, theme.scheme_d, scale_to_bins(*quantized_), true);
    draw_beyond(painter);
}

/// What lies outside of the picture is told at its border: an outlier must not vanish by a choice of range.
void HistogramPlot::draw_beyond(QCPPainter* painter) const {
    const auto [left, right] = beyond();
    const Theme& theme = Theme::current();
    const QRect area = axisRect()->rect();
    const double y = area.bottom() - 26;
    painter->setFont(theme.text_font(-1));
    const auto mark = [&](std::uint64_t count, bool at_left, double end) {
        if (!count) return;
        const QString text = tr("%1 beyond, to %2").arg(count_text(double(count)), number_text(end));
        const double tip = at_left ? area.left() + 3 : area.right() - 3, side = at_left ? 7 : -7;
        painter->setAntialiasing(true);
        painter->setPen(Qt::NoPen);
        painter->setBrush(theme.scheme_a);
        painter->drawPolygon(QPolygonF({QPointF(tip, y), QPointF(tip + side, y - 5), QPointF(tip + side, y + 5)}));
        painter->setAntialiasing(false);
        const int width = painter->fontMetrics().horizontalAdvance(text) + 4;
        const QRectF box(at_left ? tip + 10 : tip - 10 - width, y - 8, width, 16);
        painter->fillRect(box, translucent(theme.plot, 0.8));
        painter->setPen(theme.secondary);
        painter->drawText(box, Qt::AlignCenter, text);
    };
    mark(left, true, view_->summary.min);
    mark(right, false, view_->summary.max);
}

void HistogramPlot::draw_levels(QCPPainter* painter) const {
    const Theme& theme = Theme::current();
    const int bottom = axisRect()->bottom();
    // At 8 bits there are more levels than fit: longer marks then give way to a dense band of short ones.
    const double spacing =
        overlay_.levels.size() < 2 ? 100 : double(axisRect()->width()) / double(overlay_.levels.size());
    const int width = spacing > 6 ? 2 : 1, height = spacing > 6 ? 10 : 7;
    double previous = -1e9;
    for (const float level : overlay_.levels) {
        const double x = xAxis->coordToPixel(level);
        if (x - previous < 1) continue; // one mark a pixel is as dense as it gets
        previous = x;
        painter->fillRect(QRectF(std::round(x) - width / 2, bottom - height + 1, width, height), theme.breakpoint);
    }
}

void HistogramPlot::draw_handle(QCPPainter* painter, Handle handle) const {
    const Theme& theme = Theme::current();
    const bool clip = handle == Handle::clip_low || handle == Handle::clip_high;
    const QColor colour = clip ? theme.clip : theme.breakpoint;
    const QRect area = axisRect()->rect();
    const double x = std::round(xAxis->coordToPixel(*handle_value(handle)));
    if (x < area.left() - 1 || x > area.right() + 1) return;
    painter->setAntialiasing(true);
    painter->setPen(QPen(colour, 1.5, clip ? Qt::SolidLine : Qt::DashLine));
    painter->drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
    const QRectF grip(x - 5, area.top() + area.height() * 0.5 - 10, 10, 20);
    painter->setPen(focused_ == handle && hasFocus() ? QPen(theme.text, 2) : Qt::NoPen);
    painter->setBrush(colour);
    painter->drawRoundedRect(grip, 3, 3);
    painter->setAntialiasing(false);
}

/// \param beside  the pixel column it stands beside, on its left or its right
void HistogramPlot::draw_label(QCPPainter* painter, const QString& text, const QColor& colour, double beside, bool left,
                               int line) const {
    const QRect area = axisRect()->rect();
    const int width = painter->fontMetrics().horizontalAdvance(text) + 2;
    if (beside < area.left() - 1 || beside > area.right() + 1) return;
    const double wanted = left ? beside - 8 - width : beside + 8;
    const double place =
        std::clamp(wanted, double(area.left()) + 2, std::max<double>(area.left() + 2, area.right() - width));
    const QRectF box(place, area.top() + 2 + 16 * line, width, 16);
    painter->fillRect(box, translucent(Theme::current().plot, 0.75));
    painter->setPen(colour);
    painter->drawText(box, Qt::AlignLeft | Qt::AlignVCenter, text);
}

/// The words of the clip range stand inside of it where both fit, else outside; the breakpoint's a line lower.
void HistogramPlot::draw_labels(QCPPainter* painter) const {
    const Theme& theme = Theme::current();
    painter->setFont(theme.text_font(-1));
    const auto pixel = [this](Handle handle) { return std::round(xAxis->coordToPixel(*handle_value(handle))); };
    const auto width = [&](const QString& text) { return painter->fontMetrics().horizontalAdvance(text) + 12; };
    bool narrow = false;
    if (handle_value(Handle::clip_high)) {
        const QString word = saturated_ <= 0 ? tr("range %1") : tr("clip %1"); // the whole range cuts nothing off
        const QString low = word.arg(number_text(overlay_.clip_low)), high = word.arg(number_text(overlay_.clip_high));
        narrow = pixel(Handle::clip_high) - pixel(Handle::clip_low) < width(low) + width(high) + 8;
        draw_label(painter, low, theme.clip, pixel(Handle::clip_low), narrow, 0);
        draw_label(painter, high, theme.clip, pixel(Handle::clip_high), !narrow, 0);
    }
    if (!handle_value(Handle::breakpoint_high)) return;
    draw_label(painter, tr("breakpoint %1").arg(number_text(overlay_.breakpoints.front())), theme.breakpoint,
               pixel(narrow ? Handle::clip_high : Handle::breakpoint_high), false, 1);
}

void HistogramPlot::draw_grid(QCPPainter* painter) const {
    if (!has_overlay_ || !view_) return;
    const Theme& theme = Theme::current();
    const QRectF area(axisRect()->rect());
    const double alpha = theme.dark ? 0.09 : 0.08;
    const bool clipped = overlay_.clip_high > overlay_.clip_low;
    if (clipped && !(saturated_ <= 0)) {
        const double low = xAxis->coordToPixel(overlay_.clip_low), high = xAxis->coordToPixel(overlay_.clip_high);
        painter->fillRect(QRectF(area.topLeft(), QPointF(low, area.bottom() + 1)), translucent(theme.clip, alpha));
        painter->fillRect(QRectF(QPointF(high, area.top()), QPointF(area.right() + 1, area.bottom() + 1)),
                          translucent(theme.clip, alpha));
    }
    if (!overlay_.breakpoints.empty()) {
        const double inner = overlay_.breakpoints.front();
        painter->fillRect(QRectF(QPointF(xAxis->coordToPixel(-inner), area.top()),
                                 QPointF(xAxis->coordToPixel(inner), area.bottom() + 1)),
                          translucent(theme.breakpoint, alpha));
        painter->setPen(QPen(translucent(theme.breakpoint, 0.7), 1, Qt::DotLine));
        for (std::size_t i = 1; i < overlay_.breakpoints.size(); ++i) // further pieces: shown, set by the inspector
            for (const double x : {-overlay_.breakpoints[i], overlay_.breakpoints[i]})
                painter->drawLine(QPointF(xAxis->coordToPixel(x), area.top()),
                                  QPointF(xAxis->coordToPixel(x), area.bottom()));
    }
    draw_levels(painter);
    if (!overlay_.breakpoints.empty()) {
        draw_handle(painter, Handle::breakpoint_low);
        draw_handle(painter, Handle::breakpoint_high);
    }
    if (clipped) {
        draw_handle(painter, Handle::clip_low);
        draw_handle(painter, Handle::clip_high);
    }
    draw_labels(painter);
}

} // namespace quantscope::widgets
