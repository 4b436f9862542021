// The headers of the image grid: models with their colour and size, classes with their seed.
#pragma once

#include <QHeaderView>

namespace quantscope::widgets {

class ImageGridModel;

class ImageHeader : public QHeaderView {
    Q_OBJECT
public:
    ImageHeader(Qt::Orientation orientation, const ImageGridModel* cells, QWidget* parent);
    QSize sizeHint() const override;
    void paintSection(QPainter* painter, const QRect& place, int section) const override;

private:
    bool isNarrow() const; ///< size and bits take a line each
    void paintModel(QPainter* painter, const QRect& place, int column) const;
    void paintClass(QPainter* painter, const QRect& place, int row) const;
    const ImageGridModel* cells_;
};

} // namespace quantscope::widgets
