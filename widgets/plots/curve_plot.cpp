// A small plot of an error against one parameter.
#include "widgets/plots/curve_plot.h"

#include <algorithm>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

/// Ticks of errors: few, in the form 2.5e-4.
class ErrorTicker : public QCPAxisTicker {
protected:
    QString getTickLabel(double tick, const QLocale&, QChar, int) override { return number_text(tick, 2); }
};

} // namespace

CurvePlot::CurvePlot(QWidget* parent)
    : Plot(parent) {
    auto ticker = QSharedPointer<ErrorTicker>::create();
    ticker->setTickCount(3);
    yAxis->setTicker(ticker);
    yAxis->setNumberFormat(QStringLiteral("g")); // the ticker's words as they are
    setMinimumHeight(150);
    setMouseTracking(true);
    new Artist(this, QStringLiteral("main"), [this](QCPPainter* painter) { draw(painter); });
    CurvePlot::restyle();
    set_curve({}, NAN);
}

void CurvePlot::restyle() {
    Plot::restyle();
    const Theme& theme = Theme::current();
    set_legend({{tr("estimate"), theme.scheme_b, true}, {tr("now"), theme.scheme_a, true}});
}

void CurvePlot::set_curve(std::vector<std::pair<float, float>> points, double present) {
    std::erase_if(points,
                  [](const auto& point) { return !std::isfinite(point.first) || !std::isfinite(point.second); });
    points_ = std::move(points);
    present_ = present;
    xAxis->setVisible(!points_.empty());
    yAxis->setVisible(!points_.empty());
    if (points_.empty()) return;
    double low = points_.front().second, high = low;
    for (const auto& point : points_) {
        low = std::min<double>(low, point.second);
        high = std::max<double>(high, point.second);
    }
    // The interesting part is the valley: an error many times the least would flatten it.
    if (low > 0) high = std::min(high, low * 8);
    if (std::isfinite(present_)) high = std::max(high, std::min(present_, low * 16)), low = std::min(low, present_);
    const double margin = std::max((high - low) * 0.12, std::abs(high) * 1e-3 + 1e-30);
    set_full_ranges(QCPRange(points_.front().first, std::max(points_.back().first, points_.front().first + 1e-6F)),
                    QCPRange(std::max(0.0, low - margin), high + margin));
}

void CurvePlot::draw(QCPPainter* painter) const {
    if (points_.empty()) return;
    const Theme& theme = Theme::current();
    const auto pixel = [this](const auto& point) {
        return QPointF(xAxis->coordToPixel(point.first), yAxis->coordToPixel(point.second));
    };
    painter->setAntialiasing(true);
    QPolygonF curve;
    for (const auto& point : points_)
        curve << pixel(point);
    painter->setPen(QPen(theme.scheme_b, 1.75));
    painter->setBrush(Qt::NoBrush);
    painter->drawPolyline(curve);
    if (std::isfinite(present_)) {
        const double y = yAxis->coordToPixel(present_);
        painter->setPen(QPen(theme.scheme_a, 1.25, Qt::DashLine));
        painter->drawLine(QPointF(axisRect()->left(), y), QPointF(axisRect()->right(), y));
    }
    const auto least = std::min_element(points_.begin(), points_.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
    const QPointF place = pixel(*least);
    painter->setPen(Qt::NoPen);
    painter->setBrush(theme.scheme_b);
    painter->drawEllipse(place, 4, 4);
    painter->setFont(theme.text_font(-1));
    painter->setPen(theme.secondary);
    const QString text = tr("least at %1").arg(number_text(least->first));
    const double width = painter->fontMetrics().horizontalAdvance(text) + 2;
    const QRect area = axisRect()->rect();
    const double x = std::clamp(place.x() - width / 2, double(area.left()), double(area.right()) - width);
    const double y = place.y() - 24 > area.top() ? place.y() - 24 : place.y() + 8;
    painter->drawText(QRectF(x, y, width, 16), Qt::AlignCenter, text);
}

void CurvePlot::mouseMoveEvent(QMouseEvent* event) {
    QCustomPlot::mouseMoveEvent(event);
    if (points_.empty() || !axisRect()->rect().contains(event->pos())) return set_readout({});
    const double x = xAxis->pixelToCoord(event->position().x());
    const auto nearest = std::min_element(points_.begin(), points_.end(), [x](const auto& a, const auto& b) {
        return std::abs(a.first - x) < std::abs(b.first - x);
    });
    set_readout(tr("%1: MSE %2").arg(number_text(nearest->first), number_text(nearest->second)));
}

} // namespace quantscope::widgets
