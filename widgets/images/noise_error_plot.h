// How far each model's predicted noise is off, timestep by timestep: the error that compounds while sampling.
#pragma once

#include "widgets/images/pictures.h"
#include "widgets/plots/plot.h"

namespace quantscope::widgets {

class NoiseErrorPlot : public Plot {
    Q_OBJECT
public:
    explicit NoiseErrorPlot(QWidget* parent = nullptr);

    void setComparison(ComparisonSnapshot comparison);
    void setChosen(int column); ///< drawn stronger; −1 for none
    bool isEmpty() const { return columns_.empty(); }

protected:
    void restyle() override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void draw(QCPPainter* painter) const;
    void drawMarked(QCPPainter* painter) const;
    void updateLegend();
    QPointF place(const studio::NoiseError& error) const;

    ComparisonSnapshot comparison_;
    std::vector<int> columns_; ///< those with errors
    int chosen_ = -1;
    int marked_ = -1; ///< timestep under the cursor
};

} // namespace quantscope::widgets
