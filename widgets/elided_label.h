// A line of text that gives way: names from files are long, and must not widen the panel they stand in.
#pragma once

#include <QLabel>

namespace quantscope::widgets {

/// Shows plain text in one line, shortened in its middle where there is no room; the whole text is its tooltip unless
/// it has another.
class ElidedLabel : public QLabel {
    Q_OBJECT
public:
    explicit ElidedLabel(const QString& text = {}, QWidget* parent = nullptr);
    QSize minimumSizeHint() const override;
    void setElideMode(Qt::TextElideMode mode) { mode_ = mode; }

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    Qt::TextElideMode mode_ = Qt::ElideMiddle;
};

} // namespace quantscope::widgets
