// One sentence above the views about what went wrong or should be known, with its details to copy; never a dialog.
#pragma once

#include <QFrame>
#include <QLabel>
#include <QPushButton>

namespace quantscope {

class MessageBar : public QFrame {
    Q_OBJECT
public:
    enum class Tone { error, information };
    explicit MessageBar(QWidget* parent = nullptr);
    void tell(const QString& text, Tone tone = Tone::error);
    QString text() const { return text_->text(); }

private:
    QLabel *icon_, *text_;
};

} // namespace quantscope
