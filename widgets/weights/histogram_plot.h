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
    /// \param saturated  the share of weights outside of the clip range; where it is 0 nothing is shaded as cut off
    void set_overlay(const studio::GridOverlay& overlay, double saturated = NAN);
    void clear_overlay();
    const studio::GridOverlay& overlay() const { return overlay_; }
    /// Histogram of the decoded weights after a fit, drawn as an outline; null removes it.
    void set_quantized(std::shared_ptr<const studio::Histogram> histogram);
    /// One channel's own histogram in front of the layer's; null removes it.
    void set_channel(std::shared_ptr<const studio::Histogram> histogram, const QString& name);
    void set_logarithmic(bool logarithmic);
    bool logarithmic() const { return logarithmic_; }
    /// Every weight, or the range of 99.8 % of them and of the handles, the rest being told at the border.
    void set_full_range(bool full);
    bool full_range() const { return full_range_; }
    /// The weights after quantization in front, the original as an outline, instead of the other way round.
    void set_after(bool after);
    bool after() const { return after_; }
    /// How many weights lie left and right of what is seen.
    std::pair<std::uint64_t, std::uint64_t> beyond() const;

    enum class Handle { clip_low, clip_high, breakpoint_low, breakpoint_high };
    /// Where a handle stands, in weights' units; of several breakpoints the innermost is the one that moves.
    std::optional<double> handle_value(Handle handle) const;
    bool dragging() const { return dragged_.has_value(); }

Q_SIGNALS:
    void clip_dragged(double low, double high, bool finished);
    void breakpoint_dragged(double breakpoint, bool finished);
    void drag_cancelled(); ///< what was told since the drag began shall not have been
    void logarithmic_changed(bool logarithmic);
    void full_range_changed(bool full);

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
    QCPRange usual_range() const;
    void show_usual_range();
    void update_legend();
    void describe_bin(double weight);

    void draw_bars(QCPPainter* painter, const studio::Histogram& histogram, const QColor& colour, double scale,
                   bool outline) const;
    void draw_data(QCPPainter* painter) const;
    void draw_beyond(QCPPainter* painter) const;
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
    bool has_overlay_ = false, logarithmic_ = true, full_range_ = false, after_ = false;
    double saturated_ = NAN;
    QCPRange automatic_; ///< the range last chosen here; another one is a person's
    std::optional<Handle> dragged_, focused_;
    double tallest_ = 1;
};

} // namespace quantscope::widgets
