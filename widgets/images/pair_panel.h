// The pair pane: which row and model, the four ways of telling them apart, and the values under the cursor.
#pragma once

#include <QButtonGroup>
#include <QLabel>
#include <QWidget>

#include "widgets/elided_label.h"
#include "widgets/images/pair_canvas.h"

namespace quantscope::widgets {

class PairPanel : public QWidget {
    Q_OBJECT
public:
    explicit PairPanel(QWidget* parent = nullptr);

    /// Column 0 is the original: it is shown alone, until a model's cell is chosen.
    void setPair(ComparisonSnapshot comparison, int row, int column, const QString& row_title);
    void setMode(PairCanvas::Mode mode);
    PairCanvas& canvas() { return *canvas_; }

Q_SIGNALS:
    void stepRequested(int rows, int columns);
    void left();

private:
    QWidget* makeButtons();
    void updateReadout();

    PairCanvas* canvas_;
    ElidedLabel* title_;
    QLabel *readout_, *zoom_;
    QWidget* scale_;
    QButtonGroup* modes_;
};

} // namespace quantscope::widgets
