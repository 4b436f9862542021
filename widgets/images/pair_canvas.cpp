// Two pictures of the same noise: zoom, pan, mouse and keys. What it looks like stands in pair_canvas_paint.cpp.
#include "widgets/images/pair_canvas.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

constexpr int flicker_ms = 500;           ///< well below three flashes a second, which some people must not see
constexpr double smallest_limit = 8;      ///< levels: what nobody sees is not blown up to full colour
constexpr int name_height = 22, gap = 12; ///< pixels
constexpr double divider_reach = 10, wipe_step = 0.02;

} // namespace

PairCanvas::PairCanvas(QWidget* parent)
    : QWidget(parent) {
    setObjectName(QStringLiteral("pairCanvas"));
    setAccessibleName(tr("Original against the chosen model"));
    setToolTip(tr("The wheel zooms both pictures, dragging moves them, 0 or a double click shows all. 1 to 4 choose "
                  "side by side, wipe, flicker and difference; holding Space shows the original. In the wipe, the "
                  "arrows move the divider; with Ctrl they move the cursor pixel by pixel. Page Up and Page Down go "
                  "to the row before and after."));
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
    flicker_.setInterval(flicker_ms);
    connect(&flicker_, &QTimer::timeout, this, [this] {
        flicker_original_ = !flicker_original_;
        update();
    });
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, qOverload<>(&QWidget::update));
}

const studio::Picture* PairCanvas::original() const {
    return comparison_ ? picture_at(*comparison_, row_, 0) : nullptr;
}
const studio::Picture* PairCanvas::other() const {
    return comparison_ ? picture_at(*comparison_, row_, column_) : nullptr;
}

void PairCanvas::setPair(ComparisonSnapshot comparison, int row, int column, const QString& original_name,
                         const QString& other_name) {
    const QSize before = pictureSize();
    comparison_ = std::move(comparison);
    row_ = row;
    column_ = column;
    original_name_ = original_name;
    other_name_ = other_name;
    difference_ = difference(original(), other());
    limit_ = smallest_limit;
    if (comparison_)
        for (int i = 1; i < int(comparison_->columns.size()); ++i)
            limit_ = std::max(limit_, double(difference(original(), picture_at(*comparison_, row_, i)).largest));
    limit_ = std::ceil(limit_);
    if (pictureSize() != before) {
        zoom_ = 0;
        pan_ = {};
        cursor_.reset();
    }
    holdInside();
    update();
    Q_EMIT cursorChanged(); // its values are others
    Q_EMIT zoomChanged();
}

void PairCanvas::setMode(Mode mode) {
    mode_ = mode;
    flicker_original_ = true;
    updateTimer();
    holdInside();
    update();
    Q_EMIT zoomChanged();
}

void PairCanvas::updateTimer() {
    if (mode_ == Mode::flicker && isVisible() && !held_)
        flicker_.start();
    else
        flicker_.stop();
}

bool PairCanvas::showsOriginal() const { return held_ || (mode_ == Mode::flicker && flicker_original_); }

QSize PairCanvas::pictureSize() const {
    for (const auto* picture : {original(), other()})
        if (is_sampled(picture)) return {picture->width, picture->height};
    return {};
}

/// Where the panes stand, each with a line for a name above: two beside or above each other, as shows them larger.
QList<QRectF> PairCanvas::panes() const {
    const QRectF all = QRectF(rect()).adjusted(1, 1, -1, -1);
    if (mode_ != Mode::side_by_side) return {all.adjusted(0, name_height, 0, 0)};
    const double half_width = (all.width() - gap) / 2, half_height = all.height() / 2;
    const QRectF beside(all.left(), all.top() + name_height, half_width, all.height() - name_height);
    const QRectF above(all.left(), all.top() + name_height, all.width(), half_height - name_height);
    if (fitting_zoom(pictureSize(), above.size()) > fitting_zoom(pictureSize(), beside.size()))
        return {above, above.translated(0, half_height)};
    return {beside, beside.translated(half_width + gap, 0)};
}

double PairCanvas::zoom() const { return zoom_ > 0 ? zoom_ : fitting_zoom(pictureSize(), panes().front().size()); }

QRectF PairCanvas::placeIn(const QRectF& pane) const {
    const QSizeF shown = QSizeF(pictureSize()) * zoom();
    const QPointF corner = pane.center() + pan_ - QPointF(shown.width(), shown.height()) / 2;
    return {QPointF(std::round(corner.x()), std::round(corner.y())), shown};
}

QList<QRectF> PairCanvas::pictureRects() const {
    QList<QRectF> places;
    for (const QRectF& pane : panes())
        places << placeIn(pane);
    return places;
}

std::optional<QPoint> PairCanvas::pixelAt(const QPointF& position) const {
    for (const QRectF& pane : panes()) {
        const QRectF place = placeIn(pane);
        if (!pane.contains(position) || !place.contains(position) || place.isEmpty()) continue;
        const QPointF inside = (position - place.topLeft()) / zoom();
        return QPoint(std::min(int(inside.x()), pictureSize().width() - 1),
                      std::min(int(inside.y()), pictureSize().height() - 1));
    }
    return std::nullopt;
}

void PairCanvas::setZoom(double zoom) {
    zoom_ = zoom;
    holdInside();
    update();
    Q_EMIT zoomChanged();
}

void PairCanvas::zoomAt(int steps, const QPointF& centre) {
    QRectF pane = panes().front();
    for (const QRectF& other_pane : panes())
        if (other_pane.contains(centre)) pane = other_pane;
    const double before = zoom(), after = next_zoom(before, steps);
    const QPointF arm = centre - pane.center() - pan_;
    pan_ += arm * (1 - after / before); // what is under the cursor stays there
    setZoom(after);
}

void PairCanvas::fit() {
    pan_ = {};
    setZoom(0);
}

/// A picture that is larger than its pane fills it; a smaller one stands in its middle.
void PairCanvas::holdInside() {
    const QRectF pane = panes().front();
    const QSizeF shown = QSizeF(pictureSize()) * zoom();
    const double wide = std::max(0.0, (shown.width() - pane.width()) / 2);
    const double high = std::max(0.0, (shown.height() - pane.height()) / 2);
    pan_ = {std::clamp(pan_.x(), -wide, wide), std::clamp(pan_.y(), -high, high)};
}

void PairCanvas::moveBy(const QPointF& distance) {
    pan_ += distance;
    holdInside();
    update();
}

double PairCanvas::dividerPixel() const {
    const QRectF place = placeIn(panes().front());
    return place.left() + divider_ * place.width();
}

bool PairCanvas::isNearDivider(const QPointF& position) const {
    return mode_ == Mode::wipe && std::abs(position.x() - dividerPixel()) <= divider_reach;
}

void PairCanvas::setDivider(double divider) {
    divider_ = std::clamp(divider, 0.0, 1.0);
    update();
}

void PairCanvas::setCursorPixel(std::optional<QPoint> pixel) {
    if (pixel == cursor_) return;
    cursor_ = pixel;
    update();
    Q_EMIT cursorChanged();
}

QString PairCanvas::pixelText() const {
    if (!cursor_ || !QRect(QPoint(0, 0), pictureSize()).contains(*cursor_)) return {};
    const int x = cursor_->x(), y = cursor_->y();
    QStringList words{QStringLiteral("x %1, y %2").arg(x).arg(y)};
    if (is_sampled(original())) words << QStringLiteral("original %1").arg(pixel_text(*original(), x, y));
    if (column_ > 0 && !difference_.values.empty()) {
        const float value = difference_.at(x, y);
        words << QStringLiteral("%1 %2").arg(short_name(other_name_.toStdString(), 24), pixel_text(*other(), x, y))
              << QStringLiteral("difference %1%2").arg(value > 0 ? "+" : "", number_text(double(value)));
    }
    return words.join(QStringLiteral(" · "));
}

void PairCanvas::mousePressEvent(QMouseEvent* event) {
    const bool fits = QRectF(panes().front()).adjusted(-1, -1, 1, 1).contains(placeIn(panes().front()));
    dragged_from_ = event->position();
    if (event->button() == Qt::MiddleButton)
        drag_ = Drag::pan;
    else if (event->button() == Qt::LeftButton) // where nothing can be moved, the divider comes to the cursor
        drag_ = isNearDivider(event->position()) || (mode_ == Mode::wipe && fits) ? Drag::divider : Drag::pan;
    if (drag_ == Drag::divider) mouseMoveEvent(event);
}

void PairCanvas::mouseMoveEvent(QMouseEvent* event) {
    const QPointF position = event->position();
    if (drag_ == Drag::divider) {
        const QRectF place = placeIn(panes().front());
        if (place.width() > 0) setDivider((position.x() - place.left()) / place.width());
    } else if (drag_ == Drag::pan) {
        moveBy(position - dragged_from_);
        dragged_from_ = position;
    }
    setCursor(drag_ == Drag::divider || isNearDivider(position) ? Qt::SplitHCursor
              : drag_ == Drag::pan                              ? Qt::ClosedHandCursor
                                                                : Qt::CrossCursor);
    setCursorPixel(pixelAt(position));
}

void PairCanvas::mouseReleaseEvent(QMouseEvent*) { drag_ = Drag::nothing; }

void PairCanvas::mouseDoubleClickEvent(QMouseEvent* event) {
    if (!isNearDivider(event->position())) fit();
}

void PairCanvas::leaveEvent(QEvent*) {
    if (drag_ == Drag::nothing) setCursorPixel(std::nullopt);
}

void PairCanvas::wheelEvent(QWheelEvent* event) {
    if (event->angleDelta().y() != 0) zoomAt(event->angleDelta().y() > 0 ? 1 : -1, event->position());
    setCursorPixel(pixelAt(event->position()));
    event->accept();
}

void PairCanvas::moveCursor(int right, int down) {
    if (pictureSize().isEmpty()) return;
    const QPoint from = cursor_.value_or(QPoint(pictureSize().width() / 2, pictureSize().height() / 2));
    setCursorPixel(QPoint(std::clamp(from.x() + right, 0, pictureSize().width() - 1),
                          std::clamp(from.y() + down, 0, pictureSize().height() - 1)));
}

bool PairCanvas::handleArrow(QKeyEvent* event) {
    const int key = event->key();
    const int right = key == Qt::Key_Right ? 1 : key == Qt::Key_Left ? -1 : 0;
    const int down = key == Qt::Key_Down ? 1 : key == Qt::Key_Up ? -1 : 0;
    if (right == 0 && down == 0) return false;
    if (event->modifiers() & Qt::ControlModifier)
        moveCursor(right, down);
    else if (mode_ == Mode::wipe && right != 0 && !(event->modifiers() & Qt::ShiftModifier))
        setDivider(divider_ + right * wipe_step);
    else
        moveBy(QPointF(-right, -down) * std::max(16.0, zoom()));
    return true;
}

void PairCanvas::keyPressEvent(QKeyEvent* event) {
    if (handleArrow(event)) return;
    const QPointF middle = panes().front().center();
    switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        return zoomAt(1, middle);
    case Qt::Key_Minus:
        return zoomAt(-1, middle);
    case Qt::Key_0:
        return fit();
    case Qt::Key_1:
    case Qt::Key_2:
    case Qt::Key_3:
    case Qt::Key_4:
        return Q_EMIT modeRequested(event->key() - Qt::Key_1);
    case Qt::Key_PageUp:
    case Qt::Key_PageDown: {
        const int step = event->key() == Qt::Key_PageUp ? -1 : 1;
        const bool across = event->modifiers() & Qt::ControlModifier;
        return Q_EMIT stepRequested(across ? 0 : step, across ? step : 0);
    }
    case Qt::Key_Home:
    case Qt::Key_End:
        if (mode_ == Mode::wipe) return setDivider(event->key() == Qt::Key_Home ? 0 : 1);
        return QWidget::keyPressEvent(event);
    case Qt::Key_Space:
        if (event->isAutoRepeat()) return;
        held_ = true;
        updateTimer();
        return update();
    case Qt::Key_Escape:
        return Q_EMIT left();
    default:
        QWidget::keyPressEvent(event);
    }
}

void PairCanvas::keyReleaseEvent(QKeyEvent* event) {
    if (event->key() != Qt::Key_Space || event->isAutoRepeat()) return QWidget::keyReleaseEvent(event);
    held_ = false;
    flicker_original_ = false; // the key showed the original; the other's turn is next
    updateTimer();
    update();
}

void PairCanvas::focusInEvent(QFocusEvent* event) {
    keyboard_focus_ = event->reason() != Qt::MouseFocusReason;
    update();
}

void PairCanvas::focusOutEvent(QFocusEvent*) {
    keyboard_focus_ = held_ = false;
    updateTimer();
    update();
}

void PairCanvas::showEvent(QShowEvent*) { updateTimer(); }
void PairCanvas::hideEvent(QHideEvent*) { updateTimer(); }

void PairCanvas::resizeEvent(QResizeEvent*) {
    holdInside();
    if (zoom_ <= 0) Q_EMIT zoomChanged();
}

} // namespace quantscope::widgets
