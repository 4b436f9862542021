// Sentences above the views.
#include "app/studio/message_bar.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QLabel>
#include <QTimer>
#include <QToolButton>

#include "widgets/theme.h"

namespace quantscope {

namespace {

constexpr int most_messages = 3;
constexpr int news_milliseconds = 12'000;
constexpr qsizetype longest_shown = 420; ///< characters; Copy takes all of them

/// What a row was told; kept as properties, so that a row is a plain widget.
constexpr char told[] = "told", is_news[] = "news";

QToolButton* button(const char* name, const char* icon, const QString& label) {
    auto* made = new QToolButton;
    made->setObjectName(QLatin1String(name));
    made->setIcon(widgets::themed_icon(QLatin1String(icon)));
    made->setToolTip(label);
    made->setAccessibleName(label);
    made->setAutoRaise(true);
    return made;
}

} // namespace

MessageBar::MessageBar(QWidget* parent)
    : QFrame(parent)
    , rows_(new QVBoxLayout(this)) {
    setObjectName(QStringLiteral("messageBar"));
    setProperty("card", true);
    rows_->setContentsMargins(12, 4, 4, 4);
    rows_->setSpacing(2);
    hide();
}

void MessageBar::tell(const QString& text, Tone tone, const QString& details) {
    QList<QWidget*> shown;
    for (int i = 0; i < rows_->count(); ++i)
        shown << rows_->itemAt(i)->widget();
    for (QWidget* row : std::as_const(shown))
        if (isHidden() || row->property(told).toString() == text) remove(row);
    if (rows_->count() >= most_messages) { // news makes room first: a failure in sight is not pushed away by it
        QWidget* oldest = rows_->itemAt(0)->widget();
        for (int i = rows_->count() - 1; i >= 0; --i)
            if (QWidget* row = rows_->itemAt(i)->widget(); row->property(is_news).toBool()) oldest = row;
        remove(oldest);
    }
    auto* row = new QWidget;
    row->setProperty(told, text);
    row->setProperty(is_news, tone == Tone::information);
    auto* icon = new QLabel;
    icon->setPixmap(widgets::themed_icon(tone == Tone::error ? QStringLiteral("dialog-error")
                                                             : QStringLiteral("dialog-information"))
                        .pixmap(18, 18));
    auto* label = new QLabel(text.size() > longest_shown ? text.left(longest_shown) + QStringLiteral("…") : text);
    label->setObjectName(QStringLiteral("messageText"));
    label->setAccessibleName(text);
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    label->setMinimumWidth(120); // long words, as paths are, must not widen the window
    label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    QToolButton* copy = button("messageCopy", "edit-copy", QStringLiteral("Copy this message with its details"));
    QToolButton* close = button("messageClose", "window-close", QStringLiteral("Close this message"));
    connect(copy, &QToolButton::clicked, this, [text, details] {
        QApplication::clipboard()->setText(details.isEmpty() ? text : text + QStringLiteral("\n\n") + details);
    });
    connect(close, &QToolButton::clicked, row, [this, row] { remove(row); });
    if (tone == Tone::information) QTimer::singleShot(news_milliseconds, row, [this, row] { remove(row); });
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(icon);
    layout->addWidget(label, 1);
    layout->addWidget(copy);
    layout->addWidget(close);
    rows_->addWidget(row);
    show();
}

void MessageBar::remove(QWidget* row) {
    rows_->removeWidget(row);
    row->hide();
    row->deleteLater();
    if (rows_->count() == 0) hide();
}

QString MessageBar::text() const {
    QStringList lines;
    for (int i = 0; i < rows_->count(); ++i)
        lines << rows_->itemAt(i)->widget()->property(told).toString();
    return lines.join(u'\n');
}

} // namespace quantscope
