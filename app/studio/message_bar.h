// Sentences above the views about what went wrong or should be known, each with its details to copy; never a dialog.
#pragma once

#include <QFrame>
#include <QVBoxLayout>

namespace quantscope {

class MessageBar : public QFrame {
    Q_OBJECT
public:
    enum class Tone { error, information };
    explicit MessageBar(QWidget* parent = nullptr);

    /// Failures stay until they are closed, three messages at most; news goes by itself after a while. The same
    /// sentence twice is shown once, as the latest.
    /// \param details  what Copy takes besides, such as the whole of an error of several lines
    void tell(const QString& text, Tone tone = Tone::error, const QString& details = {});
    QString text() const; ///< of all messages, one a line

private:
    void remove(QWidget* row);

    QVBoxLayout* rows_;
};

} // namespace quantscope
