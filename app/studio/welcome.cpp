// What the window shows while no model is open.
#include "app/studio/welcome.h"

#include <QFileInfo>

#include "widgets/theme.h"

namespace quantscope {

Welcome::Welcome(QWidget* parent)
    : QWidget(parent)
    , open_(new QPushButton(QStringLiteral("Open a model…")))
    , default_model_(new QPushButton)
    , remark_(new QLabel)
    , heading_(new QLabel(QStringLiteral("Open a model to look inside")))
    , recent_(new QVBoxLayout) {
    setObjectName(QStringLiteral("welcome"));
    auto* card = new QFrame;
    card->setProperty("card", true);
    card->setFixedWidth(460);
    heading_->setProperty("tone", QStringLiteral("heading"));
    remark_->setProperty("tone", QStringLiteral("secondary"));
    remark_->setWordWrap(true);
    remark_->setText(
        QStringLiteral("See which layers have outliers, choose how each gets small, quantize, compare, and "
                       "export. Drop a GGUF, safetensors or PyTorch file or a Hugging Face folder here."));
    open_->setObjectName(QStringLiteral("welcomeOpen"));
    open_->setProperty("primary", true);
    open_->setToolTip(QStringLiteral("Open a model file or folder (Ctrl+O)"));
    default_model_->setObjectName(QStringLiteral("welcomeDefaultModel"));
    default_model_->hide();
    connect(open_, &QPushButton::clicked, this, [this] { Q_EMIT openRequested({}); });
    auto* layout = new QVBoxLayout(card);
    layout->setContentsMargins(24, 24, 24, 24);
    layout->setSpacing(12);
    layout->addWidget(heading_);
    layout->addWidget(remark_);
    layout->addWidget(open_);
    layout->addWidget(default_model_);
    recent_->setSpacing(4);
    layout->addLayout(recent_);
    auto* outer = new QVBoxLayout(this);
    outer->addStretch(1);
    outer->addWidget(card, 0, Qt::AlignHCenter);
    outer->addStretch(2);
}

void Welcome::setDefaultModel(const QString& path) {
    default_model_->setVisible(!path.isEmpty());
    if (path.isEmpty()) return;
    default_model_->setText(QStringLiteral("Open %1").arg(QFileInfo(path).completeBaseName()));
    default_model_->setToolTip(path);
    default_model_->disconnect(this);
    connect(default_model_, &QPushButton::clicked, this, [this, path] { Q_EMIT openRequested(path); });
}

void Welcome::setRecent(const QStringList& paths) {
    while (QLayoutItem* item = recent_->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    if (paths.isEmpty()) return;
    auto* title = new QLabel(QStringLiteral("RECENT"));
    title->setProperty("tone", QStringLiteral("section"));
    recent_->addWidget(title);
    for (const QString& path : paths.mid(0, 6)) {
        auto* button = new QPushButton(QFileInfo(path).fileName());
        button->setToolTip(path);
        button->setEnabled(QFileInfo::exists(path));
        connect(button, &QPushButton::clicked, this, [this, path] { Q_EMIT openRequested(path); });
        recent_->addWidget(button);
    }
}

void Welcome::setOpening(const QString& path) {
    const bool opening = !path.isEmpty();
    heading_->setText(opening ? QStringLiteral("Opening %1…").arg(QFileInfo(path).fileName())
                              : QStringLiteral("Open a model to look inside"));
    open_->setEnabled(!opening);
    default_model_->setEnabled(!opening);
}

} // namespace quantscope
