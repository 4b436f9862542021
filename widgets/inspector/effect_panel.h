// What the present scheme does to the layer: error, signal to noise, saturation and size beside those of a comparison,
// and the error against the clip range or the breakpoint.
#pragma once

#include <QLabel>
#include <QWidget>
#include <optional>

#include "core/studio/views.h"
#include "widgets/plots/curve_plot.h"

namespace quantscope::widgets {

class EffectPanel : public QWidget {
    Q_OBJECT
public:
    explicit EffectPanel(QWidget* parent = nullptr);

    /// \param name  column title: "piecewise W4 channel"
    void setEstimate(const QString& name, const studio::Estimate& estimate);
    /// The column beside it, for example plain uniform at the same bits.
    void setBaseline(const QString& name, const studio::Estimate& estimate);
    void setCurveAllowed(bool allowed); ///< off where there is no room for it
    /// Words below the numbers: for how many layers they stand, how the size compares with the file's.
    void setRemark(const QString& remark);
    void clear();                               ///< no layer, or one left in float
    void setWaiting();                          ///< the numbers shown are no longer those of the scheme
    QString text(int row, bool baseline) const; ///< what a cell shows
    enum Row { mse, sqnr, relative, saturated, size, bits, row_count };

private:
    void showCurve();
    void fill(QLabel* (&labels)[row_count], const studio::Estimate& estimate);

    QLabel* titles_[2] = {};
    QLabel *names_[row_count] = {}, *baseline_[row_count] = {}, *present_[row_count] = {};
    QLabel *remark_, *note_;
    CurvePlot* curve_;
    bool curve_allowed_ = true;
};

} // namespace quantscope::widgets
