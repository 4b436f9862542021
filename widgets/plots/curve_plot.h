// A small plot of an error against one parameter: its curve, its least point, and where the scheme stands now.
#pragma once

#include <utility>
#include <vector>

#include "widgets/plots/plot.h"

namespace quantscope::widgets {

class CurvePlot : public Plot {
    Q_OBJECT
public:
    explicit CurvePlot(QWidget* parent = nullptr);

    /// \param points   (parameter, error), rising in the parameter; empty shows the empty text
    /// \param present  the error of the present scheme, drawn as a level line; NaN for none
    void set_curve(std::vector<std::pair<float, float>> points, double present);
    const std::vector<std::pair<float, float>>& points() const { return points_; }

protected:
    void restyle() override;
    void mouseMoveEvent(QMouseEvent* event) override;

private:
    void draw(QCPPainter* painter) const;

    std::vector<std::pair<float, float>> points_;
    double present_ = 0;
};

} // namespace quantscope::widgets
