// What the present scheme does to the layer.
#include "widgets/inspector/effect_panel.h"

#include <QGridLayout>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

EffectPanel::EffectPanel(QWidget* parent)
    : QWidget(parent)
    , remark_(new QLabel)
    , note_(new QLabel)
    , curve_(new CurvePlot) {
    setObjectName(QStringLiteral("effectPanel"));
    static const char* const words[] = {"MSE", "SQNR", "relative error", "saturated", "size", "bits/weight"};
    static const char* const helps[] = {"Mean squared error of the weights",
                                        "Signal-to-quantization-noise ratio: 6 dB is about one bit",
                                        "‖W − Ŵ‖ / ‖W‖",
                                        "Share of the weights that the clip range cuts off",
                                        "Codes, scales, zero points, breakpoints and region bits",
                                        "Every stored byte, divided by the number of weights"};
    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(2);
    grid->setColumnStretch(0, 2);
    grid->setColumnStretch(1, 3);
    grid->setColumnStretch(2, 3);
    for (int column = 0; column < 2; ++column) {
        titles_[column] = new QLabel;
        titles_[column]->setAlignment(Qt::AlignRight);
        titles_[column]->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
        grid->addWidget(titles_[column], 0, 1 + column);
    }
    titles_[0]->setProperty("tone", QStringLiteral("secondary"));
    QFont bold = Theme::current().text_font();
    bold.setWeight(QFont::DemiBold);
    titles_[1]->setFont(bold);
    for (int row = 0; row < row_count; ++row) {
        names_[row] = new QLabel(QString::fromUtf8(words[row]));
        names_[row]->setProperty("tone", QStringLiteral("secondary"));
        names_[row]->setToolTip(QString::fromUtf8(helps[row]));
        grid->addWidget(names_[row], 1 + row, 0);
        for (int column = 0; column < 2; ++column) {
            auto* cell = new QLabel(not_known);
            cell->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
            cell->setFont(Theme::current().number_font());
            cell->setAccessibleName(QString::fromUtf8(words[row]));
            cell->setTextInteractionFlags(Qt::TextSelectableByMouse);
            (column ? present_ : baseline_)[row] = cell;
            cell->setObjectName(QStringLiteral("effect%1%2")
                                    .arg(column ? QStringLiteral("Present") : QStringLiteral("Baseline"))
                                    .arg(row));
            grid->addWidget(cell, 1 + row, 1 + column);
        }
    }
    remark_->setProperty("tone", QStringLiteral("secondary"));
    remark_->setWordWrap(true);
    remark_->setObjectName(QStringLiteral("effectRemark"));
    grid->addWidget(remark_, 1 + row_count, 0, 1, 3);
    note_->setProperty("tone", QStringLiteral("secondary"));
    note_->setWordWrap(true);
    note_->setObjectName(QStringLiteral("effectNote"));
    grid->addWidget(note_, 2 + row_count, 0, 1, 3);
    curve_->setObjectName(QStringLiteral("effectCurve"));
    curve_->setAccessibleName(QStringLiteral("Error against the clip range or breakpoint"));
    curve_->setToolTip(
        QStringLiteral("The layer's mean squared error at other settings; the dashed line is the present "
                       "scheme, the dot the least error."));
    curve_->setMinimumWidth(160);
    curve_->setFixedHeight(112);
    grid->addWidget(curve_, 3 + row_count, 0, 1, 3);
    clear();
}

void EffectPanel::fill(QLabel* (&labels)[row_count], const studio::Estimate& estimate) {
    labels[mse]->setText(number_text(estimate.mse));
    labels[sqnr]->setText(std::isfinite(estimate.sqnr_db) ? fixed_text(estimate.sqnr_db, 1) + QStringLiteral(" dB")
                                                          : not_known);
    labels[relative]->setText(percent_text(estimate.relative, 2));
    labels[saturated]->setText(percent_text(estimate.saturated, 2));
    labels[size]->setText(size_text(estimate.bytes));
    labels[bits]->setText(fixed_text(estimate.bits_per_weight, 2));
}

void EffectPanel::setEstimate(const QString& name, const studio::Estimate& estimate) {
    titles_[1]->setText(QStringLiteral("scheme"));
    titles_[1]->setToolTip(name);
    fill(present_, estimate);
    for (QLabel* label : present_)
        label->setEnabled(true);
    remark_->setText(name + (estimate.exact ? QStringLiteral(" · exact") : QStringLiteral(" · estimated")));
    remark_->setToolTip(estimate.exact ? QStringLiteral("Measured on the quantized weights")
                                       : QStringLiteral("From the histogram; exact once quantized"));
    const bool piecewise = estimate.error_by_clip.empty();
    const auto& points = piecewise ? estimate.error_by_breakpoint : estimate.error_by_clip;
    curve_->set_axis_names(piecewise ? QStringLiteral("breakpoint ÷ clip") : QStringLiteral("clip ÷ full range"),
                           QStringLiteral("MSE"));
    curve_->set_curve(points, estimate.mse);
    showCurve();
}

void EffectPanel::showCurve() {
    curve_->setVisible(curve_allowed_ && !curve_->points().empty());
    curve_->refresh();
}

void EffectPanel::setCurveAllowed(bool allowed) {
    if (allowed == curve_allowed_) return;
    curve_allowed_ = allowed;
    showCurve();
}

void EffectPanel::setRemark(const QString& remark) {
    note_->setText(remark);
    note_->setVisible(!remark.isEmpty());
}

void EffectPanel::setBaseline(const QString& name, const studio::Estimate& estimate) {
    titles_[0]->setText(name);
    titles_[0]->setToolTip(name);
    fill(baseline_, estimate);
}

void EffectPanel::setWaiting() {
    for (QLabel* label : present_)
        label->setEnabled(false);
}

void EffectPanel::clear() {
    for (auto* labels : {&baseline_, &present_})
        for (QLabel* label : *labels)
            label->setText(not_known);
    for (QLabel* title : titles_)
        title->clear();
    remark_->clear();
    setRemark({});
    curve_->set_curve({}, NAN);
    showCurve();
}

QString EffectPanel::text(int row, bool baseline) const { return (baseline ? baseline_ : present_)[row]->text(); }

} // namespace quantscope::widgets
