// One sentence above the views.
#include "app/studio/message_bar.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QToolButton>
#include <algorithm>

#include "widgets/theme.h"

namespace quantscope {

MessageBar::MessageBar(QWidget* parent)
    : QFrame(parent)
    , icon_(new QLabel)
    , text_(new QLabel) {
    setObjectName(QStringLiteral("messageBar"));
    setProperty("card", true);
    text_->setObjectName(QStringLiteral("messageText"));
    text_->setTextFormat(Qt::PlainText);
    text_->setWordWrap(true);
    text_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    const auto button = [this](const char* icon, const QString& label) {
        auto* made = new QToolButton;
        made->setIcon(widgets::themed_icon(QLatin1String(icon)));
        made->setToolTip(label);
        made->setAccessibleName(label);
        made->setAutoRaise(true);
        return made;
    };
    QToolButton* copy = button("edit-copy", QStringLiteral("Copy this message"));
    QToolButton* close = button("window-close", QStringLiteral("Close this message"));
    close->setObjectName(QStringLiteral("messageClose"));
    connect(copy, &QToolButton::clicked, this, [this] { QApplication::clipboard()->setText(text_->text()); });
    connect(close, &QToolButton::clicked, this, &QWidget::hide);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 4, 4, 4);
    layout->addWidget(icon_);
    layout->addWidget(text_, 1);
    layout->addWidget(copy);
    layout->addWidget(close);
    hide();
}

void MessageBar::tell(const QString& text, Tone tone) {
    icon_->setPixmap(widgets::themed_icon(tone == Tone::error ? QStringLiteral("dialog-error")
                                                              : QStringLiteral("dialog-information"))
                         .pixmap(18, 18));
    // A failure still in sight is not pushed away by what comes after it; said twice is said once.
    QStringList lines = isVisible() ? text_->text().split(u'\n') : QStringList();
    lines.removeAll(text);
    constexpr qsizetype most_lines = 3;
    lines = lines.mid(std::max<qsizetype>(0, lines.size() + 1 - most_lines)) << text;
    text_->setText(lines.join(u'\n'));
    show();
}

} // namespace quantscope
