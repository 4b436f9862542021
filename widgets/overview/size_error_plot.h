// Size against error of all layers, so that a large layer that could take fewer bits, or a small bad one, stands out.
#pragma once

#include <QHash>
#include <vector>

#include "core/studio/views.h"
#include "widgets/plots/plot.h"

namespace quantscope::widgets {

class SizeErrorPlot : public Plot {
    Q_OBJECT
public:
    explicit SizeErrorPlot(QWidget* parent = nullptr);

    void set_layers(const std::vector<studio::LayerRow>& layers);
    void set_measures(const QHash<QString, studio::LayerMeasures>& measures);
    void set_measure(const QString& layer, const studio::LayerMeasures& measures);
    void select_layer(const QString& layer);
    QPointF point_of(const QString& layer) const; ///< in the widget's pixels; null when it is not drawn

Q_SIGNALS:
    void layer_activated(const QString& layer);

protected:
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;

private:
    void fit();
    QString nearest(const QPointF& position) const;
    void draw(QCPPainter* painter) const;
    void draw_roles(QCPPainter* painter) const;
    void draw_selection(QCPPainter* painter) const;

    std::vector<studio::LayerRow> layers_;
    QHash<QString, studio::LayerMeasures> measures_;
    QStringList roles_;
    QString selected_;
};

} // namespace quantscope::widgets
