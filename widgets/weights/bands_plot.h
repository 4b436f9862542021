// Bands per output or input channel: least to greatest light, 1–99 % darker, the median as a line.
#pragma once

#include "core/studio/views.h"
#include "widgets/plots/plot.h"

namespace quantscope::widgets {

class BandsPlot : public Plot {
    Q_OBJECT
public:
    explicit BandsPlot(QWidget* parent = nullptr);

    void set_view(std::shared_ptr<const studio::WeightView> view);
    void set_output(bool output); ///< else input channels
    bool output() const { return output_; }
    void select_channel(qint64 channel); ///< −1 for none; tells nobody
    qint64 selected_channel() const { return selected_; }

Q_SIGNALS:
    void channel_selected(bool output, qint64 channel); ///< −1: the isolated channel was let go

protected:
    void restyle() override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    const studio::ChannelBands* bands() const;
    qint64 channel_at(double pixel) const;
    void describe(qint64 channel);
    void choose(qint64 channel);
    void fit();
    void draw_bands(QCPPainter* painter) const;
    void draw_outliers(QCPPainter* painter) const;
    void draw_selection(QCPPainter* painter) const;

    std::shared_ptr<const studio::WeightView> view_;
    bool output_ = true;
    qint64 selected_ = -1;
    QPoint pressed_;
};

} // namespace quantscope::widgets
