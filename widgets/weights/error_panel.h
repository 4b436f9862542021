// A layer's quantization error three ways: by channel before and after, by clip range, by breakpoint.
#pragma once

#include <QBoxLayout>
#include <QWidget>
#include <memory>

#include "core/studio/views.h"
#include "widgets/plots/curve_plot.h"

namespace quantscope::widgets {

/// Root mean square of each channel's weights and of its error after the fit.
class ChannelErrorPlot : public Plot {
    Q_OBJECT
public:
    explicit ChannelErrorPlot(QWidget* parent = nullptr);
    void set_fit(std::shared_ptr<const studio::FitView> fit);
    void set_output(bool output);

protected:
    void restyle() override;
    void mouseMoveEvent(QMouseEvent* event) override;

private:
    const std::vector<float>& errors() const { return output_ ? fit_->output_channel_rmse : fit_->input_channel_rmse; }
    const std::vector<float>& sizes() const { return output_ ? fit_->output_channel_rms : fit_->input_channel_rms; }
    void fit_axes();
    void draw(QCPPainter* painter) const;

    std::shared_ptr<const studio::FitView> fit_;
    bool output_ = true;
};

class ErrorPanel : public QWidget {
    Q_OBJECT
public:
    explicit ErrorPanel(QWidget* parent = nullptr);
    void set_estimate(const studio::Estimate& estimate);
    void set_present_error(double mse); ///< keeps the curves
    void set_fit(std::shared_ptr<const studio::FitView> fit);
    void set_output(bool output) { channels_->set_output(output); }
    void clear();
    CurvePlot* by_clip() const { return by_clip_; }
    CurvePlot* by_breakpoint() const { return by_breakpoint_; }
    ChannelErrorPlot* channels() const { return channels_; }

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QBoxLayout* parts_; ///< beside each other or, in a narrow view, the channels above the curves
    ChannelErrorPlot* channels_;
    CurvePlot *by_clip_, *by_breakpoint_;
};

} // namespace quantscope::widgets
