// What every plot of the studio shares: the theme's colours and fonts, axis names in the corners, a read-out of what is
// under the cursor, zoom and pan by mouse and keyboard, and "Save plot…" in its context menu.
#pragma once

#include <QList>
#include <functional>

#include "widgets/plots/qcustomplot_header.h"

namespace quantscope::widgets {

/// Something that paints itself in a plot's data area; the callable gets a painter clipped to that area.
class Artist : public QCPLayerable {
public:
    using Draw = std::function<void(QCPPainter* painter)>;
    /// \param layer  a layer of the plot; on a buffered one it can be redrawn without the rest
    Artist(QCustomPlot* plot, const QString& layer, Draw draw, bool clipped = true);

protected:
    void applyDefaultAntialiasingHint(QCPPainter* painter) const override;
    void draw(QCPPainter* painter) override { draw_(painter); }
    QRect clipRect() const override;

private:
    Draw draw_;
    bool clipped_;
};

/// Words for a value axis: digits as number_text writes them, with a true minus sign.
class NumberTicker : public QCPAxisTicker {
protected:
    QString getTickLabel(double tick, const QLocale& locale, QChar format, int precision) override;
};

/// Words for an axis of counts: "20 k", "1.5 M".
class CountTicker : public QCPAxisTicker {
protected:
    QString getTickLabel(double tick, const QLocale& locale, QChar format, int precision) override;
};

/// One coloured word group of a plot's legend line.
struct LegendEntry {
    QString text;
    QColor colour;
    bool line = false; ///< a stroke rather than a square
    QString brief{};   ///< instead of the text where not all entries fit; may be empty
};

class Plot : public QCustomPlot {
    Q_OBJECT
public:
    explicit Plot(QWidget* parent = nullptr);

    /// Names of the axes with units; the vertical one stands above its axis.
    void set_axis_names(const QString& horizontal, const QString& vertical);
    QString horizontal_name() const { return horizontal_name_; }
    QString vertical_name() const { return vertical_name_; }
    /// Stands at the right above the data while nothing is under the cursor.
    void set_legend(const QList<LegendEntry>& entries);
    /// What is under the cursor; empty shows the legend again. Redraws only the line it stands in.
    void set_readout(const QString& text);
    const QString& readout() const { return readout_; }
    /// Text in the middle of a plot that has no data yet; empty when there is something to see.
    void set_empty_text(const QString& text);
    const QString& empty_text() const { return empty_text_; }

    /// The ranges that show everything; the plot can be moved and zoomed inside of them, and "0" returns to them.
    void set_full_ranges(const QCPRange& horizontal, const QCPRange& vertical);
    const QCPRange& full_horizontal() const { return full_horizontal_; }
    const QCPRange& full_vertical() const { return full_vertical_; }
    void set_zoomable(Qt::Orientations directions, bool plain_wheel = false);
    /// The nearest that one can zoom, in axis units.
    void set_smallest_ranges(double horizontal, double vertical);
    void reset_zoom();
    void zoom(double factor, const QPointF& centre); ///< factor < 1 goes nearer

    /// Redraws once the event loop is idle; a hidden plot waits until it is shown.
    void refresh();
    /// Redraws the buffered layer that `Artist`s of moving things stand on, and nothing else.
    void redraw_moving();
    static constexpr const char* moving_layer = "moving";

Q_SIGNALS:
    void view_changed(); ///< the visible range has changed

protected:
    /// Takes the theme's colours; called at start and on every change of theme. Overriders call the base first.
    virtual void restyle();
    /// More entries for the context menu, above the common ones.
    virtual void fill_menu(QMenu&) {}

    bool event(QEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    void draw_header(QCPPainter* painter) const;
    void draw_legend(QCPPainter* painter, const QRect& place) const;
    void draw_empty(QCPPainter* painter) const;
    void keep_inside(QCPAxis* axis, const QCPRange& full, double smallest);
    void copy_picture();

    QString horizontal_name_, vertical_name_, readout_, empty_text_;
    QList<LegendEntry> legend_;
    QCPRange full_horizontal_{0, 1}, full_vertical_{0, 1};
    Qt::Orientations zoomable_;
    double smallest_horizontal_ = 0, smallest_vertical_ = 0;
    bool plain_wheel_ = false, keyboard_focus_ = false, stale_ = false;
};

/// A colour scale from the theme's viridis, for QCPColorScale.
QCPColorGradient viridis_gradient();
/// Colours a scale and its axis as the theme says.
void style_colour_scale(QCPColorScale* scale);

} // namespace quantscope::widgets
