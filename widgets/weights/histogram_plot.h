// The histogram of a layer's weights with its grid drawn over it: levels as ticks, the clip range and the breakpoints
// as handles that can be dragged by mouse and moved by keyboard.
#pragma once

#include <optional>

#include "core/studio/views.h"
#include "widgets/plots/plot.h"

namespace quantscope::widgets {

class HistogramPlot : public Plot {
    Q_OBJECT
public:
    explicit HistogramPlot(QWidget* parent = nullptr);

    void set_view(std::shared_ptr<const studio::WeightView> view); ///< null: nothing to show
    /// Levels, clip range and breakpoints; while a handle is dragged it stays where the mouse holds it.
    void set_overlay(const studio::GridOverlay& overlay);
    void clear_overlay();
    const studio::GridOverlay& overlay() const { return overlay_; }
    /// Histogram of the decoded weights after a fit, drawn as an outline; null removes it.
    void set_quantized(std::shared_ptr<const studio::Histogram> histogram);
    /// One channel's own histogram in front of the layer's; null removes it.
    void set_channel(std::shared_ptr<const studio::Histogram> histogram, const QString& name);
    void set_logarithmic(bool logarithmic);
    bool logarithmic() const { return logarithmic_; }

    enum class Handle { clip_low, clip_high, breakpoint_low, breakpoint_high };
    /// Where a handle stands, in weights' units; of several breakpoints the innermost is the one that moves.
    std::optional<double> handle_value(Handle handle) const;
    bool dragging() const { return dragged_.has_value(); }

Q_SIGNALS:
    void clip_dragged(double low, double high, bool finished);
    void breakpoint_dragged(double breakpoint, bool finished);
    void logarithmic_changed(bool logarithmic);

protected:
    void restyle() override;
    void fill_menu(QMenu& menu) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool focusNextPrevChild(bool next) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    std::vector<Handle> handles() const;
    std::optional<Handle> handle_at(const QPointF& position) const;
    void move_handle(Handle handle, double value);
    void tell(Handle handle, bool finished);
    void cancel_drag();
    void fit_axes();
    void update_legend();
    void describe_bin(double weight);

    void draw_bars(QCPPainter* painter, const studio::Histogram& histogram, const QColor& colour, double scale,
                   bool outline) const;
    void draw_data(QCPPainter* painter) const;
    void draw_grid(QCPPainter* painter) const;
    void draw_handle(QCPPainter* painter, Handle handle) const;
    void draw_label(QCPPainter* painter, const QString& text, const QColor& colour, double beside, bool left,
                    int line) const;
    void draw_labels(QCPPainter* painter) const;
    void draw_levels(QCPPainter* painter) const;
    double count_pixel(double count) const;
    double scale_to_bins(const studio::Histogram& other) const;

    std::shared_ptr<const studio::WeightView> view_;
    std::shared_ptr<const studio::Histogram> quantized_, channel_;
    QString channel_name_;
    studio::GridOverlay overlay_, before_drag_;
    bool has_overlay_ = false, logarithmic_ = true;
    std::optional<Handle> dragged_, focused_;
    double tallest_ = 1;
};

} // namespace quantscope::widgets
