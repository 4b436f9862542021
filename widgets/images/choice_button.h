// A button that opens a list to tick several things in: classes with their names, models.
#pragma once

#include <QFrame>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>

namespace quantscope::widgets {

class ChoiceButton : public QPushButton {
    Q_OBJECT
public:
    /// \param what  "classes": stands before the number of ticked ones
    explicit ChoiceButton(const QString& what, QWidget* parent = nullptr);

    /// Forgets what was ticked. `names` are the items' words on the button.
    void setItems(const QStringList& items, const QStringList& names);
    int count() const { return list_->count(); }
    std::vector<int> chosen() const; ///< rising
    void setChosen(const std::vector<int>& places);
    QListWidget* list() { return list_; }
    QLineEdit* filter() { return filter_; }

Q_SIGNALS:
    void chosenChanged();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void initStyleOption(QStyleOptionButton* option) const override; ///< with a menu's arrow

private:
    void open();
    void applyFilter(const QString& text);
    void tickAll(bool tick); ///< of those that the filter shows
    void updateText();

    QString what_;
    QFrame* popup_;
    QLineEdit* filter_;
    QListWidget* list_;
};

} // namespace quantscope::widgets
