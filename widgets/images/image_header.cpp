// The headers of the image grid.
#include "widgets/images/image_header.h"

#include <QPainter>
#include <algorithm>

#include "widgets/images/image_grid_model.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

constexpr int line_height = 17, margin = 8, widest_class = 150;

QFont title_font() {
    QFont font = Theme::current().text_font();
    font.setWeight(QFont::DemiBold);
    return font;
}

/// In at most two lines: as many words as fit into the first, the rest shortened in its middle, as ends tell models
/// apart.
QStringList two_lines(const QFontMetrics& metrics, const QString& text, int width) {
    if (metrics.horizontalAdvance(text) <= width) return {text};
    qsizetype cut = -1;
    for (qsizetype at = text.indexOf(u' '); at >= 0; at = text.indexOf(u' ', at + 1))
        if (metrics.horizontalAdvance(text.left(at)) <= width) cut = at;
    if (cut <= 0) return {metrics.elidedText(text, Qt::ElideMiddle, width)};
    return {text.left(cut), metrics.elidedText(text.mid(cut + 1), Qt::ElideMiddle, width)};
}

} // namespace

ImageHeader::ImageHeader(Qt::Orientation orientation, const ImageGridModel* cells, QWidget* parent)
    : QHeaderView(orientation, parent)
    , cells_(cells) {
    setSectionResizeMode(QHeaderView::Fixed);
    setSectionsClickable(false);
    setHighlightSections(false);
    setMinimumSectionSize(8);
}

QSize ImageHeader::sizeHint() const {
    if (orientation() == Qt::Horizontal) return {0, (isNarrow() ? 4 : 3) * line_height + 2 * margin};
    const QFontMetrics metrics(title_font());
    int widest = 64;
    for (int row = 0; row < cells_->rowCount(); ++row)
        for (const QString& text : {cells_->rowTitle(row), cells_->rowDetail(row)})
            widest = std::max(widest, metrics.horizontalAdvance(text));
    return {std::min(widest, widest_class) + 2 * margin, 0};
}

bool ImageHeader::isNarrow() const {
    const QFontMetrics metrics(Theme::current().text_font(-1));
    return defaultSectionSize() < metrics.horizontalAdvance(QStringLiteral("24.1 MB · 32.00 bits")) + 4;
}

void ImageHeader::paintSection(QPainter* painter, const QRect& place, int section) const {
    const Theme& theme = Theme::current();
    painter->save();
    painter->fillRect(place, theme.panel);
    painter->setPen(theme.grid);
    painter->drawLine(place.bottomLeft(), place.bottomRight());
    if (orientation() == Qt::Horizontal)
        paintModel(painter, place, section);
    else
        paintClass(painter, place, section);
    painter->restore();
}

void ImageHeader::paintModel(QPainter* painter, const QRect& place, int column) const {
    const Theme& theme = Theme::current();
    constexpr int dot = 14;
    const QFont bold = title_font();
    const QFontMetrics metrics(bold);
    const int room = place.width() - margin - dot;
    const QStringList lines = two_lines(metrics, cells_->columnTitle(column), room);
    QStringList details{cells_->columnDetail(column)};
    if (isNarrow()) details = details.front().split(QStringLiteral(" · "));
    details.removeAll(QString());
    const int count = int(lines.size() + details.size());
    int y = place.bottom() - margin - count * line_height;
    painter->setFont(bold);
    painter->setPen(theme.text);
    for (const QString& text : lines) {
        const int width = std::min(metrics.horizontalAdvance(text), room);
        const int x = place.center().x() - (width + dot) / 2 + dot;
        if (&text == &lines.front()) {
            painter->save();
            painter->setRenderHint(QPainter::Antialiasing);
            painter->setPen(Qt::NoPen);
            painter->setBrush(theme.model_colour(column));
            painter->drawEllipse(QPointF(x - dot + 5, y + line_height / 2.0), 4.5, 4.5);
            painter->restore();
        }
        painter->drawText(QRect(x, y, width + 2, line_height), Qt::AlignLeft | Qt::AlignVCenter, text);
        y += line_height;
    }
    painter->setFont(theme.text_font(-1));
    painter->setPen(theme.secondary);
    for (const QString& text : details) {
        painter->drawText(QRect(place.left(), y, place.width(), line_height), Qt::AlignCenter, text);
        y += line_height;
    }
}

void ImageHeader::paintClass(QPainter* painter, const QRect& place, int row) const {
    const Theme& theme = Theme::current();
    const QRect inside = place.adjusted(margin, 0, -margin, 0);
    const int top = place.center().y() - line_height;
    const auto write = [&](int y, const QString& text) {
        painter->drawText(QRect(inside.left(), y, inside.width(), line_height), Qt::AlignLeft | Qt::AlignVCenter,
                          painter->fontMetrics().elidedText(text, Qt::ElideRight, inside.width()));
    };
    painter->setFont(title_font());
    painter->setPen(theme.text);
    write(top, cells_->rowTitle(row));
    painter->setFont(theme.text_font(-1));
    painter->setPen(theme.secondary);
    write(top + line_height, cells_->rowDetail(row));
}

} // namespace quantscope::widgets
