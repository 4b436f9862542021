// Small things that the parts of the views have in common.
#pragma once

#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>

#include "widgets/flow_layout.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

inline QLabel* quiet(const QString& text) {
    auto* label = new QLabel(text);
    label->setProperty("tone", QStringLiteral("secondary"));
    return label;
}

/// Gives a control its object name, its name for a screen reader, and a tool tip that explains it.
template <typename W>
W* named(W* widget, const char* name, const QString& label, const QString& tip) {
    widget->setObjectName(QLatin1String(name));
    widget->setAccessibleName(label);
    widget->setToolTip(QStringLiteral("<b>%1</b><br>%2").arg(label, tip));
    return widget;
}

inline QFrame* card(QLayout* layout) {
    auto* frame = new QFrame;
    frame->setProperty("card", true);
    frame->setLayout(layout);
    return frame;
}

/// Options, in as many lines as a narrow window asks for, and at their right the button that acts on them.
inline QWidget* options_row(const std::initializer_list<QWidget*>& options, QWidget* button) {
    auto* row = new QWidget;
    auto* both = new QHBoxLayout(row);
    both->setContentsMargins(0, 0, 0, 0);
    auto* left = new QWidget;
    auto* flow = new FlowLayout(left);
    flow->setContentsMargins(0, 0, 0, 0);
    flow->setSpacing(2 * Theme::unit);
    for (QWidget* option : options)
        flow->addWidget(option);
    both->addWidget(left, 1);
    both->addWidget(button, 0, Qt::AlignTop);
    return row;
}

/// A model's name behind its colour, cut in the middle where room is short: ends tell names apart.
class ModelTitle : public QLabel {
public:
    ModelTitle(const QString& name, int place)
        : QLabel(name)
        , place_(place) {
        setToolTip(name);
        setMinimumWidth(60);
        setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    }

protected:
    void paintEvent(QPaintEvent*) override {
        const Theme& theme = Theme::current();
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.model_colour(place_));
        painter.drawEllipse(QPointF(6, height() / 2.0), 4.5, 4.5);
        QFont bold = theme.text_font();
        bold.setWeight(QFont::DemiBold);
        painter.setFont(bold);
        painter.setPen(theme.text);
        const QRect words = rect().adjusted(18, 0, 0, 0);
        painter.drawText(words, Qt::AlignLeft | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(text(), Qt::ElideMiddle, words.width()));
    }

private:
    int place_;
};

} // namespace quantscope::widgets
