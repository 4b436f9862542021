// Asks for the format and the place of an exported model; formats that cannot be written say why.
#pragma once

#include <QComboBox>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <vector>

#include "core/studio/session.h"

namespace quantscope {

class ExportDialog : public QDialog {
    Q_OBJECT
public:
    ExportDialog(std::vector<studio::Session::ExportFormat> formats, const QString& model, const QString& recipe,
                 QWidget* parent = nullptr);
    QString format() const;
    QString target() const { return target_->text(); }

private:
    void showFormat();
    void choose();
    void check();

    std::vector<studio::Session::ExportFormat> formats_;
    QString name_;
    QComboBox* format_;
    QLineEdit* target_;
    QLabel *help_, *problem_;
    QPushButton* export_;
};

} // namespace quantscope
