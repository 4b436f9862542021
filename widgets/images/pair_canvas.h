// Two pictures of the same noise, to be told apart: side by side, under a wipe, in turns, or as their difference. Zoom
// and pan are the same for both, and so is the pixel under the cursor.
#pragma once

#include <QTimer>
#include <QWidget>
#include <optional>

#include "widgets/images/pictures.h"

namespace quantscope::widgets {

class PairCanvas : public QWidget {
    Q_OBJECT
public:
    enum class Mode { side_by_side, wipe, flicker, difference };

    explicit PairCanvas(QWidget* parent = nullptr);

    /// Shows row `row` of the snapshot, its column `column` against its first, under these two names. The same pair of
    /// a newer snapshot keeps zoom, pan, divider and cursor.
    void setPair(ComparisonSnapshot comparison, int row, int column, const QString& original, const QString& other);
    void setMode(Mode mode);
    Mode mode() const { return mode_; }

    double zoom() const; ///< screen pixels for one of the picture
    void setZoom(double zoom);
    void zoomAt(int steps, const QPointF& centre);
    void fit(); ///< as large as shows all; follows the widget's size again
    QPointF pan() const { return pan_; }

    double divider() const { return divider_; } ///< 0: only the other is seen, 1: only the original
    void setDivider(double divider);
    bool showsOriginal() const; ///< the picture that flicker or the held key shows now is the original
    /// Ends of the difference's colours, in levels of 255: the row's largest, so that its columns can be compared.
    double differenceLimit() const { return limit_; }
    const DifferenceMap& differenceMap() const { return difference_; }

    /// Where the pictures stand; side by side there are two.
    QList<QRectF> pictureRects() const;
    std::optional<QPoint> cursorPixel() const { return cursor_; }
    void setCursorPixel(std::optional<QPoint> pixel);
    QString pixelText() const; ///< both values and their difference under the cursor; empty without one

    QSize sizeHint() const override { return {320, 300}; }
    QSize minimumSizeHint() const override { return {160, 140}; }

Q_SIGNALS:
    void cursorChanged();
    void zoomChanged();
    void modeRequested(int mode);              ///< by the keys 1 to 4
    void stepRequested(int rows, int columns); ///< Page Up and Down: the row before or after; with Ctrl the column
    void left();                               ///< Escape: back to the grid

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void keyReleaseEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    enum class Drag { nothing, divider, pan };
    const studio::Picture* original() const;
    const studio::Picture* other() const;
    QSize pictureSize() const; ///< in the pictures' own pixels
    QList<QRectF> panes() const;
    QRectF placeIn(const QRectF& pane) const;
    std::optional<QPoint> pixelAt(const QPointF& position) const;
    bool isNearDivider(const QPointF& position) const;
    double dividerPixel() const; ///< x on the widget
    void moveBy(const QPointF& distance);
    void holdInside();
    void moveCursor(int right, int down);
    bool handleArrow(QKeyEvent* event);
    void updateTimer();

    void paintPane(QPainter& painter, const QRectF& pane, bool of_original) const;
    void paintWipe(QPainter& painter, const QRectF& pane) const;
    void paintDifference(QPainter& painter, const QRectF& pane) const;
    void paintSkeleton(QPainter& painter, const QRectF& pane) const;
    void paintName(QPainter& painter, const QRectF& pane, bool of_original, Qt::Alignment side) const;
    void paintCursor(QPainter& painter, const QRectF& pane) const;

    ComparisonSnapshot comparison_;
    int row_ = 0, column_ = 0;
    QString original_name_, other_name_;
    Mode mode_ = Mode::side_by_side;
    double zoom_ = 0; ///< 0: fits
    QPointF pan_;     ///< of the pictures' middle from the pane's, screen pixels
    double divider_ = 0.5;
    double limit_ = 1;
    DifferenceMap difference_;
    std::optional<QPoint> cursor_;
    Drag drag_ = Drag::nothing;
    QPointF dragged_from_;
    QTimer flicker_;
    bool flicker_original_ = true, held_ = false, keyboard_focus_ = false;
};

} // namespace quantscope::widgets
