// The whole model as a table of coloured cells: blocks down, roles across, one measure at a time.
#pragma once

#include <QHash>
#include <vector>

#include "core/studio/views.h"
#include "widgets/overview/measure.h"
#include "widgets/plots/plot.h"

namespace quantscope::widgets {

class LayerMap : public Plot {
    Q_OBJECT
public:
    explicit LayerMap(QWidget* parent = nullptr);

    void set_layers(const std::vector<studio::LayerRow>& layers);
    void set_measures(const QHash<QString, studio::LayerMeasures>& measures);
    void set_measure(const QString& layer, const studio::LayerMeasures& measures);
    void show_measure(const Measure& measure); ///< colours by it
    const Measure& shown_measure() const { return *measure_; }
    void select_layer(const QString& layer); ///< marks its cell; tells nobody
    QString selected_layer() const;
    /// The layer under a point of the widget; of several in one cell the one with the greatest value.
    QString layer_at(const QPointF& position) const;
    QRectF cell_rectangle(const QString& layer) const; ///< in the widget's pixels; empty when it has none

Q_SIGNALS:
    void layer_activated(const QString& layer);
    void layer_hovered(const QString& layer);

protected:
    void restyle() override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    struct Cell {
        int row = 0, column = 0;
        std::vector<std::size_t> layers; ///< places in layers_; experts share a cell
    };
    double value_of(std::size_t layer) const;
    std::size_t leading(const Cell& cell) const;
    const Cell* cell_at(int row, int column) const;
    QRectF rectangle(const Cell& cell) const;
    QColor colour_of(double value) const;
    QString describe(const Cell& cell) const;
    void update_scale();
    void fit_role_names();
    void draw_cells(QCPPainter* painter) const;
    void draw_selection(QCPPainter* painter) const;

    std::vector<studio::LayerRow> layers_;
    QHash<QString, studio::LayerMeasures> measures_;
    std::vector<Cell> cells_;
    QHash<QString, std::size_t> cell_of_;
    QStringList roles_;
    const Measure* measure_;
    QCPColorScale* scale_;
    QCPRange range_{0, 1};
    int rows_ = 0, columns_ = 0, selected_row_ = -1, selected_column_ = -1;
};

} // namespace quantscope::widgets
