// Size against perplexity.
#include "widgets/compare/quality_plot.h"

#include <algorithm>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

namespace {
/// Ticks at 1, 2 and 5 times powers of ten of an axis that holds logarithms; where the range is too narrow for two of
/// those, at round numbers evenly spaced.
class LogTicker : public QCPAxisTicker {
protected:
    QVector<double> createTickVector(double, const QCPRange& range) override {
        QVector<double> ticks;
        for (int power = int(std::floor(range.lower)); power <= int(std::ceil(range.upper)); ++power)
            for (const double digit : {1.0, 2.0, 5.0}) {
                const double tick = power + std::log10(digit);
                if (range.contains(tick)) ticks << tick;
            }
        if (ticks.size() > 7) // decades are enough
            ticks.erase(std::remove_if(ticks.begin(), ticks.end(),
                                       [](double tick) { return std::abs(tick - std::round(tick)) > 1e-9; }),
                        ticks.end());
        if (ticks.size() >= 3 || range.lower < -9 || range.upper > 15) return ticks;
        ticks.clear();
        const double low = std::pow(10.0, range.lower), high = std::pow(10.0, range.upper);
        const double rough = (high - low) / 4, power = std::pow(10.0, std::floor(std::log10(rough)));
        double step = 10 * power;
        for (const double digit : {5.0, 2.0, 1.0})
            if (digit * power >= rough) step = digit * power;
        for (double value = std::ceil(low / step) * step; value <= high; value += step)
            if (value > 0) ticks << std::log10(value);
        return ticks;
    }
    int getSubTickCount(double) override { return 0; }
};
class SizeTicker : public LogTicker {
protected:
    QString getTickLabel(double tick, const QLocale&, QChar, int) override {
        return number_text(std::pow(10.0, tick) / 1e6);
    }
};
class PerplexityTicker : public LogTicker {
protected:
    QString getTickLabel(double tick, const QLocale&, QChar, int) override { return number_text(std::pow(10.0, tick)); }
};
} // namespace

QualityPlot::QualityPlot(QWidget* parent)
    : Plot(parent) {
    setObjectName(QStringLiteral("qualityPlot"));
    setAccessibleName(QStringLiteral("Size against perplexity"));
    setToolTip(
        QStringLiteral("Each evaluated model by size and perplexity, both logarithmic. The line joins those that no "
                       "other beats in both: lower left is better. Small points are earlier runs; click one to take "
                       "it back into the table."));
    setMinimumHeight(150);
    setMouseTracking(true);
    // Both axes hold logarithms, so that a narrow range still gets round, evenly spaced ticks.
    xAxis->setTicker(QSharedPointer<SizeTicker>::create());
    yAxis->setTicker(QSharedPointer<PerplexityTicker>::create());
    set_axis_names(QStringLiteral("size, MB (log)"), QStringLiteral("perplexity (log)"));
    set_empty_text(QStringLiteral("Each comparison adds a point here: size against perplexity."));
    new Artist(this, QStringLiteral("main"), [this](QCPPainter* painter) { draw(painter); });
}

void QualityPlot::setPoints(std::vector<Point> points) {
    points_ = std::move(points);
    set_empty_text(points_.empty() ? QStringLiteral("Each comparison adds a point here: size against perplexity.")
                                   : QString());
    QCPRange x(7, 9), y(1, 2);
    if (!points_.empty()) {
        x.lower = x.upper = std::log10(points_.front().bytes);
        y.lower = y.upper = std::log10(points_.front().perplexity);
        for (const Point& point : points_) {
            x.expand(std::log10(point.bytes));
            y.expand(std::log10(point.perplexity));
        }
        const double wide = std::max(0.1, x.size() * 0.15), high = std::max(0.05, y.size() * 0.2);
        x = {x.lower - wide, x.upper + wide * 1.5}, y = {y.lower - high, y.upper + high};
    }
    set_full_ranges(x, y);
    replot(QCustomPlot::rpQueuedReplot);
}

QPointF QualityPlot::place(const Point& point) const {
    return {xAxis->coordToPixel(std::log10(point.bytes)), yAxis->coordToPixel(std::log10(point.perplexity))};
}

void QualityPlot::draw(QCPPainter* painter) const {
    const Theme& theme = Theme::current();
    std::vector<const Point*> order;
    for (const Point& point : points_)
        order.push_back(&point);
    std::sort(order.begin(), order.end(), [](const Point* a, const Point* b) { return a->bytes < b->bytes; });
    QPolygonF front;
    double best = INFINITY;
    for (const Point* point : order) {
        if (point->perplexity >= best) continue;
        best = point->perplexity;
        front << place(*point);
    }
    painter->setAntialiasing(true);
    painter->setPen(QPen(theme.secondary, 1, Qt::DashLine));
    painter->drawPolyline(front);
    painter->setFont(theme.text_font(-1));
    for (const Point& point : points_) {
        const QPointF at = place(point);
        painter->setPen(Qt::NoPen);
        painter->setBrush(point.earlier ? theme.secondary : theme.model_colour(point.colour));
        const double radius = point.earlier ? 3 : 5;
        painter->drawEllipse(at, radius, radius);
        if (point.earlier) continue; // its name is under the cursor
        painter->setPen(theme.secondary);
        const double wide = painter->fontMetrics().horizontalAdvance(point.name);
        const bool fits = at.x() + 9 + wide < axisRect()->right();
        painter->drawText(at + QPointF(fits ? 9 : -9 - wide, 4), point.name);
    }
}

void QualityPlot::mouseMoveEvent(QMouseEvent* event) {
    Plot::mouseMoveEvent(event);
    const int near = pointAt(event->position());
    setCursor(near >= 0 && points_[std::size_t(near)].earlier ? Qt::PointingHandCursor : Qt::ArrowCursor);
    if (near < 0) return set_readout({});
    const Point& point = points_[std::size_t(near)];
    set_readout(QStringLiteral("%1: %2, perplexity %3%4")
                    .arg(point.name, size_text(point.bytes), number_text(point.perplexity, 4),
                         point.earlier ? QStringLiteral(" · an earlier run, click to take it back") : QString()));
}

int QualityPlot::pointAt(const QPointF& position) const {
    int best = -1;
    double nearest = 16;
    for (std::size_t i = 0; i < points_.size(); ++i) {
        const QPointF away = place(points_[i]) - position;
        const double distance = std::hypot(away.x(), away.y());
        if (distance >= nearest) continue;
        nearest = distance;
        best = int(i);
    }
    return best;
}

void QualityPlot::mousePressEvent(QMouseEvent* event) {
    Plot::mousePressEvent(event);
    const int near = event->button() == Qt::LeftButton ? pointAt(event->position()) : -1;
    if (near >= 0) Q_EMIT pointClicked(near);
}

} // namespace quantscope::widgets
