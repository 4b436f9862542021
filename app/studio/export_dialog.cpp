// Asks for the format and the place of an exported model.
#include "app/studio/export_dialog.h"

#include <QDialogButtonBox>
#include <QDir>
#include <QFileDialog>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QSettings>
#include <QStandardItemModel>
#include <QVBoxLayout>

namespace quantscope {

ExportDialog::ExportDialog(std::vector<studio::Session::ExportFormat> formats, const QString& model,
                           const QString& recipe, QWidget* parent)
    : QDialog(parent)
    , formats_(std::move(formats))
    , name_(QString(model + u'-' + recipe).replace(u'/', u'-'))
    , format_(new QComboBox)
    , target_(new QLineEdit)
    , help_(new QLabel)
    , problem_(new QLabel)
    , export_(nullptr) {
    setObjectName(QStringLiteral("exportDialog"));
    setWindowTitle(QStringLiteral("Export the quantized model"));
    setMinimumWidth(560);
    format_->setObjectName(QStringLiteral("exportFormat"));
    format_->setAccessibleName(QStringLiteral("Format"));
    for (const auto& format : formats_) {
        format_->addItem(QString::fromStdString(format.label), QString::fromStdString(format.name));
        auto* item = qobject_cast<QStandardItemModel*>(format_->model())->item(format_->count() - 1);
        item->setEnabled(format.available);
        item->setToolTip(QString::fromStdString(format.available ? format.help : format.why_not));
    }
    for (std::size_t i = 0; i < formats_.size(); ++i)
        if (formats_[i].available) {
            format_->setCurrentIndex(int(i));
            break;
        }
    target_->setObjectName(QStringLiteral("exportTarget"));
    target_->setAccessibleName(QStringLiteral("Where to write"));
    help_->setWordWrap(true);
    help_->setProperty("tone", QStringLiteral("secondary"));
    problem_->setObjectName(QStringLiteral("exportProblem"));
    problem_->setWordWrap(true);
    auto* browse = new QPushButton(QStringLiteral("Choose…"));
    connect(browse, &QPushButton::clicked, this, &ExportDialog::choose);
    auto* row = new QHBoxLayout;
    row->addWidget(target_, 1);
    row->addWidget(browse);
    auto* form = new QFormLayout;
    form->addRow(QStringLiteral("Format"), format_);
    form->addRow(QString(), help_);
    form->addRow(QStringLiteral("Write to"), row);
    form->addRow(QString(), problem_);
    auto* buttons = new QDialogButtonBox;
    export_ = buttons->addButton(QStringLiteral("Export"), QDialogButtonBox::AcceptRole);
    export_->setObjectName(QStringLiteral("exportStart"));
    export_->setProperty("primary", true);
    buttons->addButton(QDialogButtonBox::Cancel);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* layout = new QVBoxLayout(this);
    layout->addLayout(form);
    layout->addStretch(1);
    layout->addWidget(buttons);
    connect(format_, &QComboBox::currentIndexChanged, this, &ExportDialog::showFormat);
    connect(target_, &QLineEdit::textChanged, this, &ExportDialog::check);
    showFormat();
}

QString ExportDialog::format() const { return format_->currentData().toString(); }

void ExportDialog::showFormat() {
    const int index = format_->currentIndex();
    if (index < 0) return check();
    const auto& format = formats_[std::size_t(index)];
    help_->setText(QString::fromStdString(format.available ? format.help : format.why_not));
    const QString folder = QSettings().value(QStringLiteral("exportFolder"), QDir::homePath()).toString();
    target_->setText(folder + u'/' + name_ + QString::fromStdString(format.extension));
}

void ExportDialog::choose() {
    const int index = format_->currentIndex();
    if (index < 0) return;
    const bool folder = formats_[std::size_t(index)].is_folder;
    const QString path = folder ? QFileDialog::getExistingDirectory(this, QStringLiteral("Write into a folder below"),
                                                                    QFileInfo(target_->text()).absolutePath())
                                : QFileDialog::getSaveFileName(this, QStringLiteral("Write to"), target_->text());
    if (path.isEmpty()) return;
    target_->setText(folder ? path + u'/' + name_ : path);
    QSettings().setValue(QStringLiteral("exportFolder"), folder ? path : QFileInfo(path).absolutePath());
}

void ExportDialog::check() {
    const int index = format_->currentIndex();
    const QFileInfo target(target_->text());
    const bool folder = index >= 0 && formats_[std::size_t(index)].is_folder;
    QString problem, remark;
    if (index < 0 || !formats_[std::size_t(index)].available)
        problem = QStringLiteral("no format can be written for this model");
    else if (target_->text().isEmpty())
        problem = QStringLiteral("choose where to write");
    else if (!QFileInfo(target.absolutePath()).isDir())
        problem = QStringLiteral("there is no folder %1").arg(target.absolutePath());
    else if (target.isDir() && !QDir(target.absoluteFilePath()).isEmpty())
        problem = QStringLiteral("this folder is not empty; choose another name");
    else if (folder && target.isFile())
        problem = QStringLiteral("a file has this name; choose another one");
    else if (!folder && target.isDir())
        problem = QStringLiteral("a folder has this name; add a file's name");
    else if (!QFileInfo(target.absolutePath()).isWritable())
        problem = QStringLiteral("you may not write into %1; choose another folder").arg(target.absolutePath());
    else if (target.isFile())
        remark = QStringLiteral("the file there is replaced when the new one is whole");
    problem_->setText(problem + remark);
    problem_->setVisible(!problem_->text().isEmpty());
    export_->setEnabled(problem.isEmpty());
}

} // namespace quantscope
