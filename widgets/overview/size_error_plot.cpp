// Size against error of all layers.
#include "widgets/overview/size_error_plot.h"

#include <algorithm>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

/// 1, 2 and 5 of each decade, or fewer where they would crowd: the axis is narrow and its words are wide.
class SizeTicker : public QCPAxisTicker {
protected:
    QString getTickLabel(double tick, const QLocale&, QChar, int) override {
        QString text = size_text(tick); // round numbers need no decimals
        return text.replace(QStringLiteral(".0 "), QStringLiteral(" "));
    }
    QVector<double> createTickVector(double, const QCPRange& range) override {
        constexpr int most = 4;
        if (!(range.lower > 0)) return {};
        const auto ticks_of = [&](std::initializer_list<double> parts, int every) {
            QVector<double> ticks;
            for (int decade = int(std::floor(std::log10(range.lower))); std::pow(10.0, decade) <= range.upper; ++decade)
                for (const double part : parts) {
                    const double tick = part * std::pow(10.0, decade);
                    if (range.contains(tick) && decade % every == 0) ticks.append(tick);
                }
            return ticks;
        };
        QVector<double> ticks = ticks_of({1, 1.5, 2, 3, 4, 5, 7}, 1);
        if (ticks.size() > most) ticks = ticks_of({1, 2, 5}, 1);
        for (int every = 1; ticks.size() > most; ++every)
            ticks = ticks_of({1}, every);
        return ticks;
    }
};

class PercentTicker : public QCPAxisTicker {
protected:
    QString getTickLabel(double tick, const QLocale&, QChar, int) override {
        return QString::number(tick * 100, 'g', 4) + QStringLiteral(" %");
    }
};

bool drawable(const studio::LayerMeasures& m) { return m.size > 0 && std::isfinite(m.error); }

} // namespace

SizeErrorPlot::SizeErrorPlot(QWidget* parent)
    : Plot(parent) {
    setObjectName(QStringLiteral("size_error"));
    setAccessibleName(tr("Size against error"));
    setToolTip(tr("Each quantized layer by its size and relative error. Right and low: room for fewer bits; left and "
                  "high: a few more bits cost little. Filled points are exact, rings are estimates."));
    setMinimumSize(200, 160);
    setMouseTracking(true);
    xAxis->setScaleType(QCPAxis::stLogarithmic);
    xAxis->setTicker(QSharedPointer<SizeTicker>::create());
    yAxis->setTicker(QSharedPointer<PercentTicker>::create());
    set_axis_names(tr("size under the recipe (log)"), tr("relative error"));
    new Artist(this, QStringLiteral("main"), [this](QCPPainter* painter) { draw(painter); });
    new Artist(this, QString::fromLatin1(moving_layer), [this](QCPPainter* painter) { draw_selection(painter); });
    fit();
}

/// The roles' colours, in as many lines as they need, at the foot: errors seldom come near 0.
void SizeErrorPlot::draw_roles(QCPPainter* painter) const {
    const Theme& theme = Theme::current();
    const QRect area = axisRect()->rect();
    painter->setFont(theme.text_font(-1));
    const auto width = [&](const QString& role) { return painter->fontMetrics().horizontalAdvance(role) + 26; };
    QList<QPair<QPoint, QString>> places;
    QPoint next(area.left() + 6, 0);
    for (const QString& role : roles_) {
        if (next.x() + width(role) > area.right() && next.x() > area.left() + 6)
            next = {area.left() + 6, next.y() + 16};
        places.append({next, role});
        next.rx() += width(role);
    }
    const int top = area.bottom() - next.y() - 20;
    for (const auto& [place, role] : places) {
        const QRect line(place.x(), top + place.y(), width(role), 16);
        painter->fillRect(QRect(line.left(), line.top() + 3, 10, 10), theme.role_colour(role));
        painter->setPen(theme.secondary);
        painter->drawText(line.adjusted(14, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, role);
    }
}

void SizeErrorPlot::set_layers(const std::vector<studio::LayerRow>& layers) {
    layers_ = layers;
    measures_.clear();
    selected_.clear();
    roles_.clear();
    for (const auto& layer : layers_) {
        const QString role = QString::fromStdString(layer.role);
        if (layer.block >= 0 && !roles_.contains(role)) roles_.append(role);
    }
    fit();
}

void SizeErrorPlot::set_measures(const QHash<QString, studio::LayerMeasures>& measures) {
    measures_ = measures;
    fit();
}

void SizeErrorPlot::set_measure(const QString& layer, const studio::LayerMeasures& measures) {
    measures_.insert(layer, measures);
    fit();
}

void SizeErrorPlot::select_layer(const QString& layer) {
    selected_ = layer;
    redraw_moving();
}

void SizeErrorPlot::fit() {
    double least = INFINITY, most = 0, error = 0;
    for (const auto& m : measures_) {
        if (!drawable(m)) continue;
        least = std::min(least, m.size);
        most = std::max(most, m.size);
        error = std::max(error, m.error);
    }
    const bool empty = most == 0;
    set_empty_text(empty ? tr("Layers appear here as soon as their error is estimated or measured.") : QString());
    xAxis->setVisible(!empty);
    yAxis->setVisible(!empty);
    if (!empty) set_full_ranges(QCPRange(least / 1.6, most * 1.6), QCPRange(0, std::max(error * 1.12, 1e-6)));
    refresh();
}

QPointF SizeErrorPlot::point_of(const QString& layer) const {
    const auto found = measures_.constFind(layer);
    if (found == measures_.constEnd() || !drawable(*found)) return {};
    return {xAxis->coordToPixel(found->size), yAxis->coordToPixel(found->error)};
}

void SizeErrorPlot::draw(QCPPainter* painter) const {
    const Theme& theme = Theme::current();
    if (empty_text().isEmpty()) draw_roles(painter);
    painter->setAntialiasing(true);
    for (const auto& layer : layers_) {
        const QString name = QString::fromStdString(layer.name);
        const QPointF place = point_of(name);
        if (place.isNull()) continue;
        QColor colour = theme.role_colour(QString::fromStdString(layer.role));
        const bool exact = !measures_[name].error_is_estimate;
        painter->setPen(QPen(colour, 1.5));
        colour.setAlphaF(0.75F);
        painter->setBrush(exact ? QBrush(colour) : QBrush(Qt::NoBrush));
        painter->drawEllipse(place, 3.5, 3.5);
    }
}

void SizeErrorPlot::draw_selection(QCPPainter* painter) const {
    const QPointF place = point_of(selected_);
    if (place.isNull()) return;
    painter->setAntialiasing(true);
    painter->setBrush(Qt::NoBrush);
    painter->setPen(QPen(Theme::current().accent, 2));
    painter->drawEllipse(place, 7, 7);
}

QString SizeErrorPlot::nearest(const QPointF& position) const {
    QString best;
    double distance = 12 * 12; // pixels
    for (auto it = measures_.cbegin(); it != measures_.cend(); ++it) {
        const QPointF away = point_of(it.key()) - position;
        const double squared = QPointF::dotProduct(away, away);
        if (drawable(it.value()) && squared < distance) {
            distance = squared;
            best = it.key();
        }
    }
    return best;
}

void SizeErrorPlot::mousePressEvent(QMouseEvent* event) {
    Plot::mousePressEvent(event);
    const QString layer = event->button() == Qt::LeftButton ? nearest(event->position()) : QString();
    if (layer.isEmpty()) return;
    select_layer(layer);
    Q_EMIT layer_activated(layer);
}

void SizeErrorPlot::mouseMoveEvent(QMouseEvent* event) {
    Plot::mouseMoveEvent(event);
    const QString layer = nearest(event->position());
    setCursor(layer.isEmpty() ? Qt::ArrowCursor : Qt::PointingHandCursor);
    if (layer.isEmpty()) return set_readout({});
    const auto& m = measures_[layer];
    set_readout(tr("%1: %2, %3, %4")
                    .arg(layer, size_text(m.size), percent_text(m.error),
                         m.scheme.empty() ? tr("float") : QString::fromStdString(m.scheme)));
}

} // namespace quantscope::widgets
