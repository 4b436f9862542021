// What the window shows while no model is open: what to do first, recent models, and a place to drop one.
#pragma once

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
    void openRequested(const QString& path); ///< empty: ask for one

private:
    QPushButton *open_, *default_model_;
    QLabel *remark_, *heading_;
    QVBoxLayout* recent_;
};

} // namespace quantscope
