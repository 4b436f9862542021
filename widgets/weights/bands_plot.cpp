// Bands per channel, at most one column of paint a pixel however many channels there are.
#include "widgets/weights/bands_plot.h"

#include <algorithm>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

constexpr std::size_t labelled_outliers = 3;

QColor translucent(QColor colour, double alpha) {
    colour.setAlphaF(float(alpha));
    return colour;
}

/// Light enough on a light ground, dark enough on a dark one, for the median to stand out on it.
QColor band_colour(const Theme& theme) { return translucent(theme.scheme_b, theme.dark ? 0.6 : 0.7); }

/// The channels under one pixel column as one: extremes stay extremes, the rest is averaged.
struct Column {
    float min = INFINITY, max = -INFINITY;
    double p01 = 0, p50 = 0, p99 = 0;
};

Column join(const studio::ChannelBands& bands, std::size_t first, std::size_t last) {
    Column column;
    for (std::size_t i = first; i < last; ++i) {
        column.min = std::min(column.min, bands.min[i]);
        column.max = std::max(column.max, bands.max[i]);
        column.p01 += bands.p01[i];
        column.p50 += bands.p50[i];
        column.p99 += bands.p99[i];
    }
    const double count = double(last - first);
    column.p01 /= count;
    column.p50 /= count;
    column.p99 /= count;
    return column;
}

} // namespace

BandsPlot::BandsPlot(QWidget* parent)
    : Plot(parent) {
    setObjectName(QStringLiteral("bands"));
    setAccessibleName(tr("Weights per channel"));
    setToolTip(tr("The spread of each channel's weights. A channel that sticks out widens the range of a whole tensor: "
                  "give each channel its own scale, or clip. Click a channel to see its histogram; Esc lets it go. "
                  "Ctrl+wheel zooms, dragging moves."));
    set_zoomable(Qt::Horizontal);
    setMinimumHeight(160);
    setMouseTracking(true);
    new Artist(this, QStringLiteral("main"), [this](QCPPainter* painter) { draw_bands(painter); });
    new Artist(this, QStringLiteral("main"), [this](QCPPainter* painter) { draw_outliers(painter); });
    new Artist(this, QString::fromLatin1(moving_layer), [this](QCPPainter* painter) { draw_selection(painter); });
    BandsPlot::restyle();
    set_view(nullptr);
}

void BandsPlot::restyle() {
    Plot::restyle();
    const Theme& theme = Theme::current();
    set_legend({{tr("min–max"), translucent(theme.original, 0.6)},
                {tr("1–99 %"), band_colour(theme)},
                {tr("median"), theme.text, true}});
}

const studio::ChannelBands* BandsPlot::bands() const {
    if (!view_) return nullptr;
    const auto& bands = output_ ? view_->output : view_->input;
    return bands.min.empty() ? nullptr : &bands;
}

void BandsPlot::set_view(std::shared_ptr<const studio::WeightView> view) {
    view_ = std::move(view);
    selected_ = -1;
    fit();
}

void BandsPlot::set_output(bool output) {
    if (output == output_) return;
    output_ = output;
    selected_ = -1;
    fit();
    refresh();
}

void BandsPlot::select_channel(qint64 channel) {
    selected_ = channel;
    redraw_moving();
}

void BandsPlot::fit() {
    const auto* shown = bands();
    set_axis_names(output_ ? tr("output channel (row)") : tr("input channel (column)"), tr("weight"));
    set_empty_text(shown ? QString() : tr("Each channel's spread appears here. Choose a layer in the tree."));
    xAxis->setVisible(shown);
    yAxis->setVisible(shown);
    if (!shown) return;
    const double low = *std::min_element(shown->min.begin(), shown->min.end());
    const double high = *std::max_element(shown->max.begin(), shown->max.end());
    const double margin = std::max((high - low) * 0.08, 1e-30);
    const double channels = double(shown->min.size());
    set_full_ranges(QCPRange(-0.5, channels - 0.5), QCPRange(low - margin, high + margin));
    set_smallest_ranges(std::min(channels, 8.0), 0);
}

void BandsPlot::draw_bands(QCPPainter* painter) const {
    const auto* shown = bands();
    if (!shown) return;
    const Theme& theme = Theme::current();
    const QColor light = translucent(theme.original, 0.5), dark = band_colour(theme);
    const auto channels = std::ptrdiff_t(shown->min.size());
    const auto y = [this](double value) { return yAxis->coordToPixel(value); };
    QPolygonF median;
    for (int x = axisRect()->left(); x <= axisRect()->right(); ++x) {
        const auto at = [&](double pixel) { return std::ptrdiff_t(std::floor(xAxis->pixelToCoord(pixel) + 0.5)); };
        const auto first = std::clamp<std::ptrdiff_t>(at(x), 0, channels - 1);
        const auto last = std::clamp<std::ptrdiff_t>(std::max(first + 1, at(x + 1)), 1, channels);
        const Column column = join(*shown, std::size_t(first), std::size_t(last));
        const double top = y(column.max), bottom = y(column.min);
        painter->fillRect(QRectF(x, top, 1, std::max(1.0, bottom - top)), light);
        painter->fillRect(QRectF(x, y(column.p99), 1, std::max(1.0, y(column.p01) - y(column.p99))), dark);
        median << QPointF(x, y(column.p50));
    }
    painter->setPen(QPen(theme.text, 1));
    painter->drawPolyline(median);
}

void BandsPlot::draw_outliers(QCPPainter* painter) const {
    const auto* shown = bands();
    if (!shown || shown->absmax.size() != shown->min.size()) return;
    const Theme& theme = Theme::current();
    auto marked = output_ ? view_->outlier_output_channels : view_->outlier_input_channels;
    std::erase_if(marked, [&](std::int64_t i) { return i < 0 || i >= std::int64_t(shown->min.size()); });
    const auto count = std::min(marked.size(), labelled_outliers);
    std::partial_sort(marked.begin(), marked.begin() + std::ptrdiff_t(count), marked.end(),
                      [&](auto a, auto b) { return shown->absmax[std::size_t(a)] > shown->absmax[std::size_t(b)]; });
    painter->setFont(theme.text_font(-1));
    QList<QRectF> taken;
    const QRect area = axisRect()->rect();
    for (std::size_t i = 0; i < count; ++i) {
        const auto channel = std::size_t(marked[i]);
        const bool above = std::abs(shown->max[channel]) >= std::abs(shown->min[channel]);
        const double value = above ? shown->max[channel] : shown->min[channel];
        const QPointF place(xAxis->coordToPixel(double(channel)), yAxis->coordToPixel(value));
        if (place.x() < area.left() || place.x() > area.right()) continue;
        const QString text = tr("channel %1: %2").arg(marked[i]).arg(number_text(value));
        const double width = painter->fontMetrics().horizontalAdvance(text) + 4;
        const bool left = place.x() + 10 + width > area.right();
        const QRectF box(left ? place.x() - 8 - width : place.x() + 8, place.y() - 8, width, 16);
        painter->setAntialiasing(true);
        painter->setPen(QPen(theme.scheme_a, 1.5));
        painter->setBrush(Qt::NoBrush);
        painter->drawEllipse(place, 4, 4);
        painter->setAntialiasing(false);
        const bool covered = std::any_of(taken.begin(), taken.end(), [&](const auto& r) { return r.intersects(box); });
        if (covered) continue;
        taken.append(box);
        painter->fillRect(box, translucent(theme.plot, 0.75));
        painter->drawText(box, Qt::AlignCenter, text);
    }
}

void BandsPlot::draw_selection(QCPPainter* painter) const {
    if (selected_ < 0 || !bands()) return;
    const Theme& theme = Theme::current();
    const QRect area = axisRect()->rect();
    const double left = xAxis->coordToPixel(double(selected_) - 0.5),
                 right = xAxis->coordToPixel(double(selected_) + 0.5);
    painter->fillRect(QRectF(left, area.top(), std::max(1.0, right - left), area.height()),
                      translucent(theme.scheme_c, 0.6));
}

/// Where several channels share a pixel, the one that stands out: it is the one that a person aims at.
qint64 BandsPlot::channel_at(double pixel) const {
    const auto* shown = bands();
    if (!shown) return -1;
    const auto at = [this](double x) { return qint64(std::floor(xAxis->pixelToCoord(x) + 0.5)); };
    const auto channels = qint64(shown->min.size());
    if (at(pixel) < 0 || at(pixel) >= channels) return -1;
    if (at(pixel + 1) == at(pixel)) return at(pixel);
    const auto size = [shown](qint64 i) { return std::max(-shown->min[std::size_t(i)], shown->max[std::size_t(i)]); };
    qint64 best = at(pixel);
    for (qint64 i = std::max<qint64>(0, at(pixel - 1)); i <= std::min(channels - 1, at(pixel + 1)); ++i)
        if (size(i) > size(best)) best = i;
    return best;
}

void BandsPlot::describe(qint64 channel) {
    const auto* shown = bands();
    if (!shown || channel < 0) return set_readout({});
    const auto i = std::size_t(channel);
    set_readout(tr("channel %1: min %2 · 1 % %3 · median %4 · 99 % %5 · max %6")
                    .arg(channel)
                    .arg(number_text(shown->min[i]), number_text(shown->p01[i]), number_text(shown->p50[i]),
                         number_text(shown->p99[i]), number_text(shown->max[i])));
}

void BandsPlot::choose(qint64 channel) {
    select_channel(channel);
    Q_EMIT channel_selected(output_, channel);
}

void BandsPlot::mousePressEvent(QMouseEvent* event) {
    pressed_ = event->pos();
    if (event->button() == Qt::LeftButton) QCustomPlot::mousePressEvent(event);
}

void BandsPlot::mouseMoveEvent(QMouseEvent* event) {
    QCustomPlot::mouseMoveEvent(event);
    const bool inside = axisRect()->rect().contains(event->pos());
    describe(inside ? channel_at(event->position().x()) : -1);
}

void BandsPlot::mouseReleaseEvent(QMouseEvent* event) {
    QCustomPlot::mouseReleaseEvent(event);
    if (event->button() != Qt::LeftButton || !axisRect()->rect().contains(event->pos())) return;
    if ((event->pos() - pressed_).manhattanLength() > 3) return; // that was a drag
    const qint64 channel = channel_at(event->position().x());
    if (channel >= 0) choose(channel == selected_ ? -1 : channel);
}

void BandsPlot::keyPressEvent(QKeyEvent* event) {
    const auto* shown = bands();
    if (!shown) return Plot::keyPressEvent(event);
    if (event->key() == Qt::Key_Escape && selected_ >= 0) return choose(-1);
    const bool arrow = event->key() == Qt::Key_Left || event->key() == Qt::Key_Right;
    if (arrow && (selected_ >= 0 || xAxis->range() == full_horizontal())) { // step from channel to channel
        const qint64 step = event->key() == Qt::Key_Left ? -1 : 1;
        const qint64 channel = std::clamp<qint64>(selected_ + step, 0, qint64(shown->min.size()) - 1);
        describe(channel);
        return choose(channel);
    }
    Plot::keyPressEvent(event);
}

} // namespace quantscope::widgets
