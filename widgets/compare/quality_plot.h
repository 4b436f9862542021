// Size against perplexity: every evaluated model is a point, so that what is worth its bytes stands out.
#pragma once

#include <QColor>
#include <vector>

#include "core/studio/views.h"
#include "widgets/plots/plot.h"

namespace quantscope::widgets {

class QualityPlot : public Plot {
    Q_OBJECT
public:
    struct Point {
        QString name;
        double bytes = 0, perplexity = 0;
        int colour = 0; ///< the model's place in the table
        bool original = false;
        bool earlier = false; ///< of a recipe that is no longer in the table
    };

    explicit QualityPlot(QWidget* parent = nullptr);
    void setPoints(std::vector<Point> points);
    const std::vector<Point>& points() const { return points_; }

    int pointAt(const QPointF& position) const; ///< −1: none near
    QPointF place(const Point& point) const;    ///< pixels

Q_SIGNALS:
    void pointClicked(int point);

protected:
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;

private:
    void draw(QCPPainter* painter) const;

    std::vector<Point> points_;
};

} // namespace quantscope::widgets
