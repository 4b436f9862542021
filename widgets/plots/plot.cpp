// What every plot of the studio shares.
#include "widgets/plots/plot.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHelpEvent>
#include <QMenu>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/plots/save_plot.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

constexpr int header_height = 24, side_margin = 12, swatch = 10;

void style_axis(QCPAxis* axis) {
    const Theme& theme = Theme::current();
    axis->setBasePen(QPen(theme.line));
    axis->setTickPen(QPen(theme.line));
    axis->setSubTickPen(Qt::NoPen);
    axis->setTickLabelColor(theme.secondary);
    axis->setLabelColor(theme.secondary);
    axis->setTickLabelFont(theme.text_font(-1));
    axis->setLabelFont(theme.text_font(-1));
    axis->setTickLength(0, 0);
    axis->setSubTicks(false);
    axis->grid()->setPen(QPen(theme.grid));
    axis->grid()->setZeroLinePen(Qt::NoPen);
}

} // namespace

Artist::Artist(QCustomPlot* plot, const QString& layer, Draw draw, bool clipped)
    : QCPLayerable(plot, layer)
    , draw_(std::move(draw))
    , clipped_(clipped) {}

void Artist::applyDefaultAntialiasingHint(QCPPainter* painter) const { painter->setAntialiasing(false); }

QRect Artist::clipRect() const { return clipped_ ? mParentPlot->axisRect()->rect() : mParentPlot->viewport(); }

QString NumberTicker::getTickLabel(double tick, const QLocale& locale, QChar format, int precision) {
    if (std::abs(tick) < 1e-12) tick = 0; // 0.1 · 3 − 0.3 is not quite nothing
    Q_UNUSED(locale)
    Q_UNUSED(format)
    Q_UNUSED(precision)
    QString text = QString::number(tick, 'g', 5);
    text.replace(QStringLiteral("e-0"), QStringLiteral("e-")).replace(QStringLiteral("e+0"), QStringLiteral("e"));
    return text.remove(u'+').replace(u'-', QChar(0x2212));
}

QString CountTicker::getTickLabel(double tick, const QLocale&, QChar, int) { return count_text(tick); }

Plot::Plot(QWidget* parent)
    : QCustomPlot(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setNoAntialiasingOnDrag(true);
    setMultiSelectModifier(Qt::NoModifier);
    addLayer(QString::fromLatin1(moving_layer), layer(QStringLiteral("overlay")), QCustomPlot::limBelow);
    layer(QString::fromLatin1(moving_layer))->setMode(QCPLayer::lmBuffered);
    axisRect()->setAutoMargins(QCP::msLeft | QCP::msBottom);
    axisRect()->setMargins(QMargins(0, header_height + 4, side_margin, 0));
    axisRect()->setMinimumMargins(QMargins(side_margin, 0, 0, 8));
    for (QCPAxis* axis : {xAxis, yAxis})
        axis->setTicker(QSharedPointer<NumberTicker>::create());
    xAxis->grid()->setVisible(false);
    yAxis->setBasePen(Qt::NoPen);
    new Artist(
        this, QString::fromLatin1(moving_layer), [this](QCPPainter* painter) { draw_header(painter); }, false);
    new Artist(this, QString::fromLatin1(moving_layer), [this](QCPPainter* painter) { draw_empty(painter); });
    const auto moved = [this] {
        keep_inside(xAxis, full_horizontal_, smallest_horizontal_);
        keep_inside(yAxis, full_vertical_, smallest_vertical_);
        Q_EMIT view_changed();
    };
    connect(xAxis, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), this, moved);
    connect(yAxis, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), this, moved);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, [this] {
        restyle();
        refresh();
    });
    Plot::restyle();
}

void Plot::restyle() {
    setBackground(QBrush(Theme::current().plot));
    for (QCPAxis* axis : {xAxis, yAxis})
        style_axis(axis);
    yAxis->setBasePen(Qt::NoPen);
}

void Plot::set_axis_names(const QString& horizontal, const QString& vertical) {
    horizontal_name_ = horizontal;
    vertical_name_ = vertical;
    xAxis->setLabel(horizontal);
}

void Plot::set_legend(const QList<LegendEntry>& entries) { legend_ = entries; }

void Plot::set_readout(const QString& text) {
    if (text == readout_) return;
    readout_ = text;
    redraw_moving();
}

void Plot::set_empty_text(const QString& text) { empty_text_ = text; }

void Plot::set_full_ranges(const QCPRange& horizontal, const QCPRange& vertical) {
    full_horizontal_ = horizontal;
    full_vertical_ = vertical;
    smallest_horizontal_ = horizontal.size() / 1000;
    smallest_vertical_ = vertical.size() / 1000;
    reset_zoom();
}

void Plot::set_smallest_ranges(double horizontal, double vertical) {
    smallest_horizontal_ = horizontal;
    smallest_vertical_ = vertical;
}

void Plot::set_zoomable(Qt::Orientations directions, bool plain_wheel) {
    zoomable_ = directions;
    plain_wheel_ = plain_wheel;
    setInteraction(QCP::iRangeDrag, bool(directions));
    axisRect()->setRangeDrag(directions);
}

void Plot::reset_zoom() {
    xAxis->setRange(full_horizontal_);
    yAxis->setRange(full_vertical_);
}

void Plot::zoom(double factor, const QPointF& centre) {
    if (zoomable_ & Qt::Horizontal) xAxis->scaleRange(factor, xAxis->pixelToCoord(centre.x()));
    if (zoomable_ & Qt::Vertical) yAxis->scaleRange(factor, yAxis->pixelToCoord(centre.y()));
    refresh();
}

void Plot::keep_inside(QCPAxis* axis, const QCPRange& full, double smallest) {
    if (axis->scaleType() == QCPAxis::stLogarithmic) return;
    QCPRange range = axis->range();
    if (range.size() < smallest) {
        const double centre = range.center();
        range = QCPRange(centre - smallest / 2, centre + smallest / 2);
    }
    if (range.size() >= full.size())
        range = full;
    else if (range.lower < full.lower)
        range += full.lower - range.lower;
    else if (range.upper > full.upper)
        range -= range.upper - full.upper;
    if (range != axis->range()) {
        const QSignalBlocker blocker(axis);
        axis->setRange(range);
    }
}

void Plot::refresh() {
    stale_ = !isVisible();
    if (!stale_) replot(QCustomPlot::rpQueuedReplot);
}

void Plot::showEvent(QShowEvent* event) {
    QCustomPlot::showEvent(event);
    if (stale_) refresh();
}

/// What a plot teaches must not lie over what it shows: its tooltip comes only beside the data.
bool Plot::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip && empty_text_.isEmpty() &&
        (axisRect()->rect().contains(static_cast<QHelpEvent*>(event)->pos()) ||
         QGuiApplication::mouseButtons() != Qt::NoButton)) {
        QToolTip::hideText();
        event->ignore();
        return true;
    }
    return QCustomPlot::event(event);
}

void Plot::redraw_moving() {
    if (isVisible())
        layer(QString::fromLatin1(moving_layer))->replot();
    else
        stale_ = true;
}

void Plot::draw_header(QCPPainter* painter) const {
    const Theme& theme = Theme::current();
    const QRect data = axisRect()->rect();
    const QRect line(data.left(), viewport().top() + 6, data.width(), header_height - 4);
    painter->setFont(theme.text_font(-1));
    painter->setPen(theme.secondary);
    const QRect whole(viewport().left() + side_margin, line.top(), viewport().width() - 2 * side_margin, line.height());
    // On a narrow plot what is under the cursor takes the name's place rather than lose its end.
    const int name_width = painter->fontMetrics().horizontalAdvance(vertical_name_) + 16;
    const bool crowded = name_width + painter->fontMetrics().horizontalAdvance(readout_) > line.width();
    if (empty_text_.isEmpty() && (readout_.isEmpty() || !crowded))
        painter->drawText(line, Qt::AlignLeft | Qt::AlignVCenter, vertical_name_);
    const QRect rest = crowded ? whole : line.adjusted(name_width, 0, 0, 0);
    if (!empty_text_.isEmpty()) {
        // nothing to name or to explain yet
    } else if (readout_.isEmpty()) {
        draw_legend(painter, line.adjusted(name_width, 0, 0, 0));
    } else {
        painter->setPen(theme.text);
        painter->drawText(rest, Qt::AlignRight | Qt::AlignVCenter,
                          painter->fontMetrics().elidedText(readout_, Qt::ElideRight, rest.width()));
    }
    if (keyboard_focus_) {
        painter->setAntialiasing(true);
        painter->setPen(QPen(theme.accent, 1));
        painter->setBrush(Qt::NoBrush);
        painter->drawRoundedRect(QRectF(viewport()).adjusted(1.5, 1.5, -1.5, -1.5), Theme::radius, Theme::radius);
    }
}

void Plot::draw_legend(QCPPainter* painter, const QRect& place) const {
    const Theme& theme = Theme::current();
    constexpr int to_text = 6, to_next = 12;
    const auto width_of = [painter](const QString& text) { return painter->fontMetrics().horizontalAdvance(text); };
    int whole = -to_next;
    for (const LegendEntry& entry : legend_)
        whole += width_of(entry.text) + swatch + to_text + to_next;
    const bool crowded = whole > place.width();
    int right = place.right();
    for (auto entry = legend_.rbegin(); entry != legend_.rend(); ++entry) {
        const QString& text = crowded && !entry->brief.isEmpty() ? entry->brief : entry->text;
        const int width = width_of(text);
        if (right - width - swatch - to_text < place.left()) return;
        painter->setPen(theme.secondary);
        painter->drawText(QRect(right - width, place.top(), width + 1, place.height()),
                          Qt::AlignLeft | Qt::AlignVCenter, text);
        right -= width + swatch + to_text;
        const int centre = place.center().y() + 1;
        if (entry->line)
            painter->fillRect(QRect(right, centre - 1, swatch, 2), entry->colour);
        else
            painter->fillRect(QRect(right, centre - swatch / 2, swatch, swatch), entry->colour);
        right -= to_next;
    }
}

void Plot::draw_empty(QCPPainter* painter) const {
    if (empty_text_.isEmpty()) return;
    const Theme& theme = Theme::current();
    painter->setFont(theme.text_font());
    painter->setPen(theme.secondary);
    painter->drawText(axisRect()->rect().adjusted(8, 0, -8, 0), Qt::AlignCenter | Qt::TextWordWrap, empty_text_);
}

void Plot::contextMenuEvent(QContextMenuEvent* event) {
    QMenu menu(this);
    fill_menu(menu);
    if (!menu.isEmpty()) menu.addSeparator();
    if (zoomable_) {
        auto* reset = menu.addAction(themed_icon(QStringLiteral("zoom-fit-best")), tr("Show all\t0"));
        connect(reset, &QAction::triggered, this, [this] {
            reset_zoom();
            replot();
        });
    }
    auto* copy = menu.addAction(themed_icon(QStringLiteral("edit-copy")), tr("Copy picture"));
    connect(copy, &QAction::triggered, this, &Plot::copy_picture);
    auto* save = menu.addAction(themed_icon(QStringLiteral("document-save-as")), tr("Save plot…"));
    connect(save, &QAction::triggered, this, [this] { save_plot_dialog(this, this); });
    menu.exec(event->globalPos());
}

void Plot::copy_picture() { QGuiApplication::clipboard()->setPixmap(toPixmap(0, 0, 2)); }

void Plot::keyPressEvent(QKeyEvent* event) {
    const QPointF centre = axisRect()->rect().center();
    const auto move = [this](QCPAxis* axis, double part) { axis->moveRange(axis->range().size() * part); };
    switch (zoomable_ ? event->key() : 0) {
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        zoom(0.7, centre);
        return;
    case Qt::Key_Minus:
        zoom(1 / 0.7, centre);
        return;
    case Qt::Key_0:
        reset_zoom();
        break;
    case Qt::Key_Left:
    case Qt::Key_Right:
        if (!(zoomable_ & Qt::Horizontal)) return QCustomPlot::keyPressEvent(event);
        move(xAxis, event->key() == Qt::Key_Left ? -0.1 : 0.1);
        break;
    case Qt::Key_Up:
    case Qt::Key_Down:
        if (!(zoomable_ & Qt::Vertical)) return QCustomPlot::keyPressEvent(event);
        move(yAxis, (event->key() == Qt::Key_Up) == yAxis->rangeReversed() ? -0.1 : 0.1);
        break;
    default:
        return QCustomPlot::keyPressEvent(event);
    }
    refresh();
}

void Plot::wheelEvent(QWheelEvent* event) {
    if (!zoomable_ || (!plain_wheel_ && !(event->modifiers() & Qt::ControlModifier))) {
        event->ignore(); // the page around the plot scrolls
        return;
    }
    zoom(std::pow(0.85, event->angleDelta().y() / 120.0), event->position());
    event->accept();
}

void Plot::mouseDoubleClickEvent(QMouseEvent* event) {
    QCustomPlot::mouseDoubleClickEvent(event);
    if (!zoomable_) return;
    reset_zoom();
    refresh();
}

void Plot::leaveEvent(QEvent* event) {
    QCustomPlot::leaveEvent(event);
    set_readout({});
}

void Plot::focusInEvent(QFocusEvent* event) {
    QCustomPlot::focusInEvent(event);
    keyboard_focus_ = event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason;
    redraw_moving();
}

void Plot::focusOutEvent(QFocusEvent* event) {
    QCustomPlot::focusOutEvent(event);
    keyboard_focus_ = false;
    redraw_moving();
}

QCPColorGradient viridis_gradient() {
    QCPColorGradient gradient;
    gradient.clearColorStops();
    for (int i = 0; i <= 16; ++i)
        gradient.setColorStopAt(i / 16.0, viridis(i / 16.0));
    return gradient;
}

void style_colour_scale(QCPColorScale* scale) {
    style_axis(scale->axis());
    scale->axis()->grid()->setVisible(false);
    scale->axis()->setTickPen(Qt::NoPen);
    scale->axis()->setBasePen(Qt::NoPen);
    scale->axis()->setTicker(QSharedPointer<NumberTicker>::create());
    scale->setBarWidth(10);
    scale->setGradient(viridis_gradient());
}

} // namespace quantscope::widgets
