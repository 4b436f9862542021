// What a pair of pictures looks like in each mode.
#include <QPainter>
#include <QPainterPath>
#include <algorithm>

#include "widgets/images/pair_canvas.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

constexpr double name_line = 20;

} // namespace

void PairCanvas::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    painter.fillRect(rect(), theme.panel);
    const QList<QRectF> places = panes();
    if (mode_ == Mode::side_by_side) {
        paintPane(painter, places[0], true);
        paintPane(painter, places[1], held_);
    } else if (mode_ == Mode::flicker || held_) {
        paintPane(painter, places[0], showsOriginal());
    } else if (mode_ == Mode::wipe) {
        paintWipe(painter, places[0]);
    } else {
        paintDifference(painter, places[0]);
    }
    if (!keyboard_focus_) return;
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.accent, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), Theme::radius, Theme::radius);
}

void PairCanvas::paintName(QPainter& painter, const QRectF& pane, bool of_original, Qt::Alignment side) const {
    const Theme& theme = Theme::current();
    const QString& name = of_original ? original_name_ : other_name_;
    if (name.isEmpty()) return;
    const QRectF line(pane.left() + 4, pane.top() - name_line - 2, pane.width() - 8, name_line);
    painter.save();
    painter.setFont(theme.text_font(-1));
    constexpr double dot = 14;
    const double room = (side & Qt::AlignHCenter ? line.width() : line.width() / 2 - 8) - dot;
    const QString text = painter.fontMetrics().elidedText(name, Qt::ElideMiddle, int(room));
    const double width = painter.fontMetrics().horizontalAdvance(text) + dot;
    const double x = side & Qt::AlignLeft    ? line.left()
                     : side & Qt::AlignRight ? line.right() - width
                                             : line.center().x() - width / 2;
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.model_colour(of_original ? 0 : column_));
    painter.drawEllipse(QPointF(x + 5, line.center().y()), 4, 4);
    painter.setPen(theme.text);
    painter.drawText(QRectF(x + dot, line.top(), width, line.height()), Qt::AlignLeft | Qt::AlignVCenter, text);
    painter.restore();
}

void PairCanvas::paintSkeleton(QPainter& painter, const QRectF& pane) const {
    const Theme& theme = Theme::current();
    QRectF place = pictureSize().isEmpty() ? pane.adjusted(8, 0, -8, -8) : placeIn(pane).intersected(pane);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.grid);
    painter.drawRoundedRect(place, Theme::radius, Theme::radius);
    painter.setPen(theme.secondary);
    painter.setFont(theme.text_font(-1));
    painter.drawText(place, Qt::AlignCenter | Qt::TextWordWrap,
                     !comparison_ || comparison_->columns.empty() ? tr("Choose a cell of the grid")
                     : column_ <= 0                               ? tr("Choose a model's cell")
                                                                  : tr("not sampled yet"));
    painter.restore();
}

void PairCanvas::paintPane(QPainter& painter, const QRectF& pane, bool of_original) const {
    const studio::Picture* picture = of_original ? original() : column_ > 0 ? other() : nullptr;
    paintName(painter, pane, of_original, Qt::AlignHCenter);
    if (!is_sampled(picture)) return paintSkeleton(painter, pane);
    painter.save();
    painter.setClipRect(pane);
    draw_picture(painter, placeIn(pane), as_image(picture));
    painter.restore();
    paintCursor(painter, pane);
}

void PairCanvas::paintWipe(QPainter& painter, const QRectF& pane) const {
    const Theme& theme = Theme::current();
    paintName(painter, pane, true, Qt::AlignLeft);
    paintName(painter, pane, false, Qt::AlignRight);
    if (!is_sampled(original()) || !is_sampled(other()) || column_ <= 0) return paintSkeleton(painter, pane);
    const QRectF place = placeIn(pane);
    const double x = dividerPixel();
    const auto paint_part = [&](const studio::Picture* picture, double from, double to) {
        painter.save();
        painter.setClipRect(pane.intersected(QRectF(from, pane.top(), to - from, pane.height())));
        draw_picture(painter, place, as_image(picture));
        painter.restore();
    };
    paint_part(original(), std::min(pane.left(), place.left()), x);
    paint_part(other(), x, std::max(pane.right(), place.right()));
    paintCursor(painter, pane);
    const QRectF seen = place.intersected(pane);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const double line = std::clamp(x, pane.left() + 1, pane.right() - 1);
    for (const auto& [colour, width] : {std::pair(theme.panel, 4.0), std::pair(theme.accent, 2.0)}) {
        painter.setPen(QPen(colour, width)); // a light rim, so that it is seen on any picture
        painter.drawLine(QPointF(line, seen.top()), QPointF(line, seen.bottom()));
    }
    painter.setPen(QPen(theme.panel, 1.5));
    painter.setBrush(theme.accent);
    painter.drawEllipse(QPointF(line, seen.center().y()), 8, 8);
    painter.restore();
}

void PairCanvas::paintDifference(QPainter& painter, const QRectF& pane) const {
    paintName(painter, pane, false, Qt::AlignHCenter);
    if (difference_.values.empty() || column_ <= 0) return paintSkeleton(painter, pane);
    painter.save();
    painter.setClipRect(pane);
    const QRectF place = placeIn(pane);
    draw_picture(painter, place, as_image(difference_, limit_));
    painter.setPen(Theme::current().line); // 0 is the background's colour: say where the picture ends
    painter.drawRect(place.adjusted(0, 0, -1, -1));
    painter.restore();
    paintCursor(painter, pane);
}

void PairCanvas::paintCursor(QPainter& painter, const QRectF& pane) const {
    if (!cursor_) return;
    const QRectF place = placeIn(pane);
    QRectF pixel(place.topLeft() + QPointF(*cursor_) * zoom(), QSizeF(zoom(), zoom()));
    if (pixel.width() < 6) pixel = QRectF(pixel.center() - QPointF(3, 3), QSizeF(6, 6));
    painter.save();
    painter.setClipRect(pane);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(Qt::black, 1));
    painter.drawRect(pixel.adjusted(-1, -1, 0, 0));
    painter.setPen(QPen(Qt::white, 1));
    painter.drawRect(pixel.adjusted(-2, -2, 1, 1));
    painter.restore();
}

} // namespace quantscope::widgets
