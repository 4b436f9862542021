// A button that opens a list to tick several things in.
#include "widgets/images/choice_button.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QScreen>
#include <QStyleOptionButton>
#include <QVBoxLayout>
#include <algorithm>

#include "widgets/parts.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

constexpr int names_in_text = 2, longest_text = 28, filter_from = 12, tallest_list = 280;

} // namespace

ChoiceButton::ChoiceButton(const QString& what, QWidget* parent)
    : QPushButton(parent)
    , what_(what)
    , popup_(new QFrame(this, Qt::Popup))
    , filter_(new QLineEdit)
    , list_(new QListWidget) {
    popup_->setProperty("card", true);
    filter_->setPlaceholderText(tr("Filter…"));
    filter_->setAccessibleName(tr("Filter %1").arg(what));
    filter_->setClearButtonEnabled(true);
    list_->setAccessibleName(what);
    list_->setUniformItemSizes(true);
    list_->setSelectionMode(QAbstractItemView::SingleSelection);
    list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* all = new QPushButton(tr("All"));
    auto* none = new QPushButton(tr("None"));
    for (QPushButton* button : {all, none})
        button->setProperty("chip", true);
    all->setToolTip(tr("Ticks all that the filter shows."));
    none->setToolTip(tr("Takes the ticks off all that the filter shows."));
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(all);
    buttons->addWidget(none);
    buttons->addStretch();
    auto* layout = new QVBoxLayout(popup_);
    layout->setContentsMargins(8, 8, 8, 8);
    layout->addWidget(filter_);
    layout->addWidget(list_);
    layout->addLayout(buttons);
    connect(this, &QPushButton::clicked, this, &ChoiceButton::open);
    connect(all, &QPushButton::clicked, this, [this] { tickAll(true); });
    connect(none, &QPushButton::clicked, this, [this] { tickAll(false); });
    connect(filter_, &QLineEdit::textChanged, this, &ChoiceButton::applyFilter);
    connect(list_, &QListWidget::itemChanged, this, [this] {
        updateText();
        Q_EMIT chosenChanged();
    });
    filter_->installEventFilter(this);
    list_->installEventFilter(this);
    updateText();
}

/// Down leads from the filter into the list, Return closes it: the ticks are set already.
bool ChoiceButton::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() != QEvent::KeyPress) return QPushButton::eventFilter(watched, event);
    const int key = static_cast<QKeyEvent*>(event)->key();
    if (key == Qt::Key_Return || key == Qt::Key_Enter) {
        popup_->close();
        return true;
    }
    if (watched == filter_ && key == Qt::Key_Down) {
        list_->setFocus(Qt::TabFocusReason);
        return true;
    }
    return QPushButton::eventFilter(watched, event);
}

void ChoiceButton::setItems(const QStringList& items, const QStringList& names) {
    const QSignalBlocker blocker(list_);
    list_->clear();
    for (qsizetype i = 0; i < items.size(); ++i) {
        auto* item = new QListWidgetItem(items[i], list_);
        item->setData(Qt::UserRole, names.value(i));
        item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsUserCheckable);
        item->setCheckState(Qt::Unchecked);
    }
    filter_->clear();
    filter_->setVisible(items.size() >= filter_from);
    updateText();
}

std::vector<int> ChoiceButton::chosen() const {
    std::vector<int> places;
    for (int i = 0; i < list_->count(); ++i)
        if (list_->item(i)->checkState() == Qt::Checked) places.push_back(i);
    return places;
}

void ChoiceButton::setChosen(const std::vector<int>& places) {
    {
        const QSignalBlocker blocker(list_);
        for (int i = 0; i < list_->count(); ++i)
            list_->item(i)->setCheckState(std::find(places.begin(), places.end(), i) != places.end() ? Qt::Checked
                                                                                                     : Qt::Unchecked);
    }
    updateText();
    Q_EMIT chosenChanged();
}

void ChoiceButton::tickAll(bool tick) {
    {
        const QSignalBlocker blocker(list_);
        for (int i = 0; i < list_->count(); ++i)
            if (!list_->item(i)->isHidden()) list_->item(i)->setCheckState(tick ? Qt::Checked : Qt::Unchecked);
    }
    updateText();
    Q_EMIT chosenChanged();
}

void ChoiceButton::applyFilter(const QString& text) {
    for (int i = 0; i < list_->count(); ++i)
        list_->item(i)->setHidden(!list_->item(i)->text().contains(text, Qt::CaseInsensitive));
}

void ChoiceButton::updateText() {
    const std::vector<int> places = chosen();
    QStringList names;
    for (const int place : places)
        names << list_->item(place)->data(Qt::UserRole).toString();
    const QString few = names.join(QStringLiteral(", "));
    if (names.isEmpty())
        setText(tr("no %1").arg(what_));
    else if (names.size() <= names_in_text && few.size() <= longest_text)
        setText(few);
    else
        setText(tr("%1 %2").arg(names.size()).arg(what_));
    setAccessibleDescription(few);
    updateGeometry();
}

void ChoiceButton::initStyleOption(QStyleOptionButton* option) const {
    QPushButton::initStyleOption(option);
    option->features |= QStyleOptionButton::HasMenu;
}

void ChoiceButton::open() {
    const int rows = std::min(tallest_list, list_->count() * std::max(20, list_->sizeHintForRow(0)) + 8);
    list_->setFixedHeight(std::max(60, rows));
    popup_->setFixedWidth(std::clamp(list_->sizeHintForColumn(0) + 48, std::max(200, width()), 420));
    popup_->adjustSize();
    QPoint corner = mapToGlobal(QPoint(0, height() + 2));
    if (const QScreen* on = screen()) {
        const QRect room = on->availableGeometry();
        corner.setX(std::clamp(corner.x(), room.left(), std::max(room.left(), room.right() - popup_->width())));
        if (corner.y() + popup_->height() > room.bottom())
            corner.setY(std::max(room.top(), mapToGlobal(QPoint(0, -2)).y() - popup_->height()));
    }
    popup_->move(corner);
    popup_->show();
    if (list_->currentRow() < 0) list_->setCurrentRow(0);
    (filter_->isVisible() ? static_cast<QWidget*>(filter_) : list_)->setFocus(Qt::PopupFocusReason);
}

} // namespace quantscope::widgets
