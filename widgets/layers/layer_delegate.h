// How a row of the layer tree is painted.
#pragma once

#include <QStyledItemDelegate>

namespace quantscope::widgets {

/// Paints the mark of a changed layer and the colour swatch.
class LayerDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

} // namespace quantscope::widgets
