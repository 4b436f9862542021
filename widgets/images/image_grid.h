// The grid of pictures: classes and seeds down, models across, with zoom for all cells at once.
#pragma once

#include <QHash>
#include <QLabel>
#include <QStyledItemDelegate>
#include <QTableView>

#include "widgets/images/image_grid_model.h"

namespace quantscope::widgets {

class ImageGrid : public QTableView {
    Q_OBJECT
public:
    explicit ImageGrid(QWidget* parent = nullptr);

    void setComparison(ComparisonSnapshot comparison);
    void setClassNames(const QStringList& names) { model_->setClassNames(names); }
    ImageGridModel& cells() { return *model_; }
    const ImageGridModel& cells() const { return *model_; }

    double zoom() const { return zoom_; }
    void setZoom(double zoom); ///< of all cells; stays when the next comparison has pictures of the same size
    void resetZoom();          ///< as large as leaves room for all models beside each other, within bounds
    /// While true each cell shows the original's picture, so that one sees what jumps.
    void setShowsOriginal(bool shows);
    bool showsOriginal() const { return shows_original_; }

    /// Where a cell's picture stands in the viewport.
    QRect pictureRect(int row, int column) const;
    /// All of it, also what is scrolled away, with its headers.
    QImage toImage();
    /// \throws IoError naming the file; an existing one stays as it is unless the new one is complete
    void save(const QString& path);
    void saveDialog();

Q_SIGNALS:
    void cellChanged(int row, int column);                  ///< the current cell
    void cellOpened(int row, int column, bool by_keyboard); ///< by a click or Return
    void zoomChanged(double zoom);

protected:
    void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;
    void keyPressEvent(QKeyEvent* event) override;
    void keyReleaseEvent(QKeyEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void updateGeometries() override;

private:
    void fitCells();
    double usualZoom() const;

    ImageGridModel* model_;
    QLabel* corner_; ///< says what the numbers below the pictures are
    double zoom_ = 1;
    bool zoom_chosen_ = false, shows_original_ = false;
    QSize picture_size_;
};

/// Draws a cell: the picture, its metrics and what a classifier sees in it.
class ImageCellDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    explicit ImageCellDelegate(ImageGrid* grid);
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    /// Of a cell with pictures of this size on the screen.
    QSize cellSize(const QSize& shown) const;
    int smallestWidth() const; ///< of a cell, so that its captions can be read
    static constexpr int margin = 6;
    QRect pictureRect(const QRect& cell, const QSize& shown) const;

    void forget() { shrunk_.clear(); } ///< the pictures made smaller: others have come

private:
    QImage pictureFor(const studio::Picture* picture, const QSize& place, double device_pixel_ratio) const;
    void paintCaptions(QPainter* painter, const QRect& below, int row, int column) const;
    bool isNarrow(int cell_width) const; ///< metrics take two lines
    ImageGrid* grid_;
    mutable QHash<const studio::Picture*, QImage> shrunk_; ///< averaging a large picture takes longer than a repaint
};

} // namespace quantscope::widgets
