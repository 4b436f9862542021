// How a cell of the image grid is drawn.
#include <QPainter>
#include <algorithm>

#include "widgets/images/image_grid.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

constexpr int line_height = 16;
constexpr QSize unknown_size(112, 112); ///< of a picture before the first is sampled

} // namespace

ImageCellDelegate::ImageCellDelegate(ImageGrid* grid)
    : QStyledItemDelegate(grid)
    , grid_(grid) {}

int ImageCellDelegate::smallestWidth() const {
    return QFontMetrics(Theme::current().number_font(-1)).horizontalAdvance(QStringLiteral("22.0 dB")) + 2 * margin;
}

bool ImageCellDelegate::isNarrow(int cell_width) const {
    const QFontMetrics metrics(Theme::current().number_font(-1));
    return cell_width < metrics.horizontalAdvance(QStringLiteral("22.0 dB · 0.740")) + 4;
}

QSize ImageCellDelegate::cellSize(const QSize& shown) const {
    const QSize picture = shown.isEmpty() ? unknown_size : shown;
    const int width = std::max(picture.width() + 2 * margin, smallestWidth());
    const int lines = (isNarrow(width) ? 2 : 1) + (grid_->cells().hasClassifier() ? 1 : 0);
    return {width, picture.height() + lines * line_height + 2 * margin + 2};
}

QRect ImageCellDelegate::pictureRect(const QRect& cell, const QSize& shown) const {
    const QSize picture = shown.isEmpty() ? unknown_size : shown;
    return {QPoint(cell.left() + (cell.width() - picture.width()) / 2, cell.top() + margin), picture};
}

void ImageCellDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const Theme& theme = Theme::current();
    const auto& comparison = grid_->cells().comparison();
    if (!comparison) return;
    const int row = index.row(), column = index.column();
    const auto* picture = picture_at(*comparison, row, column);
    const auto* original = picture_at(*comparison, row, 0);
    const bool sampled = is_sampled(picture);
    const auto* shown = grid_->showsOriginal() && sampled && is_sampled(original) ? original : picture;
    const QSizeF size = sampled ? QSizeF(shown->width, shown->height) : QSizeF(picture_size(*comparison));
    const QRect place = pictureRect(option.rect, (size * grid_->zoom()).toSize());
    painter->save();
    painter->setClipRect(option.rect, Qt::IntersectClip);
    painter->fillRect(option.rect, theme.panel);
    painter->setPen(theme.grid); // goes on from the row's header
    painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
    if (sampled) {
        draw_picture(*painter, place, pictureFor(shown, place.size(), painter->device()->devicePixelRatioF()));
        paintCaptions(painter, QRect(option.rect.left() + 2, place.bottom() + 4, option.rect.width() - 4, line_height),
                      row, column);
    } else {
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(theme.grid);
        painter->drawRoundedRect(place, Theme::radius, Theme::radius);
        const QRectF bar(place.center().x() - 36, place.bottom() + 8, 72, 8); // where the metrics will stand
        painter->drawRoundedRect(bar, 4, 4);
    }
    if (option.state & QStyle::State_Selected) {
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setBrush(Qt::NoBrush);
        painter->setPen(QPen(theme.accent, option.state & QStyle::State_HasFocus ? 3 : 2));
        painter->drawRoundedRect(QRectF(place).adjusted(-2.5, -2.5, 2.5, 2.5), 3, 3);
    }
    painter->restore();
}

QImage ImageCellDelegate::pictureFor(const studio::Picture* picture, const QSize& place,
                                     double device_pixel_ratio) const {
    const QImage whole = as_image(picture);
    if (place.width() * device_pixel_ratio >= whole.width()) return whole;
    QImage& small = shrunk_[picture];
    if (small.size() != (QSizeF(place) * device_pixel_ratio).toSize())
        small = shrunk(whole, QSizeF(place), device_pixel_ratio);
    return small;
}

void ImageCellDelegate::paintCaptions(QPainter* painter, const QRect& below, int row, int column) const {
    const Theme& theme = Theme::current();
    const ImageGridModel& cells = grid_->cells();
    QRect line = below;
    QStringList metrics{cells.metricsText(row, column)};
    if (isNarrow(below.width() + 4)) metrics = metrics.front().split(QStringLiteral(" · "));
    painter->setFont(theme.number_font(-1));
    painter->setPen(theme.text);
    for (const QString& text : metrics) {
        if (text.isEmpty()) continue;
        painter->drawText(line, Qt::AlignCenter, text);
        line.translate(0, line_height);
    }
    const QString seen = cells.recognisedText(row, column);
    if (seen.isEmpty()) return;
    const bool mistaken = cells.isMistaken(row, column);
    const int mark = mistaken ? 16 : 0;
    painter->setFont(theme.text_font(-1));
    const QString text = painter->fontMetrics().elidedText(seen, Qt::ElideRight, line.width() - mark);
    const int width = painter->fontMetrics().horizontalAdvance(text);
    const int x = line.center().x() - (width + mark) / 2;
    if (mistaken) themed_icon(QStringLiteral("data-warning")).paint(painter, QRect(x, line.top() + 2, 12, 12));
    painter->setPen(mistaken ? theme.text : theme.secondary);
    painter->drawText(QRect(x + mark, line.top(), width + 2, line_height), Qt::AlignLeft | Qt::AlignVCenter, text);
}

} // namespace quantscope::widgets
