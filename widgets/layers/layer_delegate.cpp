// A row of the layer tree: the mark of a changed layer and the colour swatch.
#include "widgets/layers/layer_delegate.h"

#include <QApplication>
#include <QPainter>

#include "widgets/layers/layer_model.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

void LayerDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const Theme& theme = Theme::current();
    QStyleOptionViewItem item = option;
    initStyleOption(&item, index);
    item.state &= ~QStyle::State_HasFocus;
    const bool marked = index.data(LayerModel::differs_role).toBool();
    if (index.column() == LayerModel::error_column && index.data(LayerModel::estimate_role).toBool())
        item.font.setItalic(true);
    if (index.column() == LayerModel::colour_column) item.text.clear();
    if (index.column() == LayerModel::name_column && marked && !index.data(LayerModel::group_role).toBool())
        item.text.prepend(QStringLiteral("    ")); // room for the dot
    const QStyle* style = item.widget ? item.widget->style() : QApplication::style();
    style->drawControl(QStyle::CE_ItemViewItem, &item, painter, item.widget);

    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    if (index.column() == LayerModel::name_column && marked) {
        const bool group = index.data(LayerModel::group_role).toBool();
        const QRectF cell = item.rect;
        const double radius = group ? 2.5 : 4.5;
        const double x = group ? std::min(cell.left() + 8 + QFontMetricsF(item.font).horizontalAdvance(item.text) + 6,
                                          cell.right() - radius)
                               : cell.left() + 9;
        painter->setPen(Qt::NoPen);
        painter->setBrush(theme.scheme_b);
        painter->drawEllipse(QPointF(x, cell.center().y() + 0.5), radius, radius);
    }
    if (index.column() == LayerModel::colour_column) {
        const QVariant fraction = index.data(LayerModel::fraction_role);
        const QRectF swatch =
            QRectF(item.rect).adjusted(4, (item.rect.height() - 12) / 2.0, -6, -(item.rect.height() - 12) / 2.0);
        painter->setPen(fraction.isValid() ? QPen(Qt::NoPen) : QPen(theme.line));
        painter->setBrush(fraction.isValid() ? QBrush(viridis(0.15 + 0.85 * fraction.toDouble()))
                                             : QBrush(Qt::NoBrush));
        painter->drawRoundedRect(swatch, 2, 2);
    }
    painter->restore();
}

QSize LayerDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
    return {QStyledItemDelegate::sizeHint(option, index).width(), Theme::row_height - 2};
}

} // namespace quantscope::widgets
