// What the window shows while no model is open: what to do first, recent models, and a place to drop one.
#pragma once

#include <QFrame>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>
#include <QWidget>

namespace quantscope {

class Welcome : public QWidget {
    Q_OBJECT
public:
    explicit Welcome(QWidget* parent = nullptr);
    void setRecent(const QStringList& paths);
    void setDefaultModel(const QString& path); ///< empty: none is installed
    void setOpening(const QString& path);      ///< shows a skeleton while it opens; empty when over

Q_SIGNALS:
    void openRequested(const QString& path); ///< empty: ask for a file
    void openFolderRequested();

private:
    QWidget* makeDefaultCard();
    void fillRecent();

    QString default_path_;
    QStringList recent_paths_;
    QFrame* default_card_;
    QPushButton *open_, *open_folder_, *default_model_;
    QLabel *remark_, *heading_, *default_name_, *default_facts_;
    QVBoxLayout* recent_;
};

} // namespace quantscope
