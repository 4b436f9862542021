// What the window shows while no model is open.
#include "app/studio/welcome.h"

#include <QDir>
#include <QFileInfo>
#include <QStyle>

#include "widgets/elided_label.h"
#include "widgets/number_text.h"

namespace quantscope {

namespace {

constexpr int card_width = 480, shown_recent = 5;
constexpr int narrowest = 420; ///< of the page's content, in a window of 1024 pixels

QFrame* card() {
    auto* made = new QFrame;
    made->setProperty("card", true);
    return made;
}

void make_primary(QPushButton* button, bool primary) {
    button->setProperty("primary", primary);
    button->style()->unpolish(button);
    button->style()->polish(button);
}

/// A file's name, and its folder's before it where every model has that name: "SmolLM2-135M/model.safetensors".
QString telling_name(const QString& path) {
    const QFileInfo info(path);
    const QString name = info.fileName();
    const bool common = name.startsWith(QLatin1String("model.")) || name.startsWith(QLatin1String("pytorch_model."));
    return common ? info.dir().dirName() + u'/' + name : name;
}

} // namespace

Welcome::Welcome(QWidget* parent)
    : QWidget(parent)
    , default_card_(card())
    , open_(new QPushButton(QStringLiteral("Open a model…")))
    , open_folder_(new QPushButton(QStringLiteral("Open a folder…")))
    , default_model_(new QPushButton(QStringLiteral("Open")))
    , remark_(new QLabel)
    , heading_(new QLabel(QStringLiteral("Open a model to look inside")))
    , default_name_(new widgets::ElidedLabel)
    , default_facts_(new QLabel)
    , recent_(new QVBoxLayout) {
    setObjectName(QStringLiteral("welcome"));
    auto* content = new QWidget;
    content->setMaximumWidth(card_width);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 24, 0, 24);
    layout->setSpacing(12);
    heading_->setProperty("tone", QStringLiteral("heading"));
    remark_->setProperty("tone", QStringLiteral("secondary"));
    remark_->setWordWrap(true);
    remark_->setText(QStringLiteral("See which layers have outliers, choose how each gets small, quantize, compare the "
                                    "result with the original, and export it."));
    layout->addWidget(heading_);
    layout->addWidget(remark_);
    layout->addWidget(makeDefaultCard());

    open_->setObjectName(QStringLiteral("welcomeOpen"));
    open_->setToolTip(QStringLiteral("Open a model file: GGUF, safetensors or PyTorch (Ctrl+O)"));
    connect(open_, &QPushButton::clicked, this, [this] { Q_EMIT openRequested({}); });
    open_folder_->setObjectName(QStringLiteral("welcomeOpenFolder"));
    open_folder_->setToolTip(QStringLiteral("Open a Hugging Face folder with its tokenizer (Ctrl+Shift+O)"));
    connect(open_folder_, &QPushButton::clicked, this, &Welcome::openFolderRequested);
    auto* drop = new QFrame;
    drop->setObjectName(QStringLiteral("welcomeDrop"));
    drop->setProperty("dropArea", true);
    auto* drop_layout = new QVBoxLayout(drop);
    drop_layout->setContentsMargins(16, 16, 16, 16);
    drop_layout->setSpacing(12);
    auto* drop_text =
        new QLabel(QStringLiteral("Drop a GGUF, safetensors or PyTorch file, or a Hugging Face folder here"));
    drop_text->setProperty("tone", QStringLiteral("secondary"));
    drop_text->setWordWrap(true);
    drop_text->setAlignment(Qt::AlignHCenter);
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(8);
    buttons->addStretch(1);
    buttons->addWidget(open_);
    buttons->addWidget(open_folder_);
    buttons->addStretch(1);
    drop_layout->addWidget(drop_text);
    drop_layout->addLayout(buttons);
    layout->addWidget(drop);
    recent_->setSpacing(4);
    layout->addLayout(recent_);

    // Stretches rather than an alignment: an aligned widget does not grow with its wrapped text.
    auto* across = new QHBoxLayout;
    across->setContentsMargins(24, 0, 24, 0);
    across->addStretch(1);
    across->addWidget(content, 1000); // as wide as it may be, less in a narrow window
    across->addStretch(1);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addStretch(2);
    outer->addLayout(across);
    outer->addStretch(3);
    setDefaultModel({});
}

QWidget* Welcome::makeDefaultCard() {
    default_card_->setObjectName(QStringLiteral("welcomeDefaultCard"));
    default_model_->setObjectName(QStringLiteral("welcomeDefaultModel"));
    default_name_->setObjectName(QStringLiteral("welcomeDefaultName"));
    default_name_->setProperty("tone", QStringLiteral("heading"));
    default_facts_->setProperty("tone", QStringLiteral("secondary"));
    default_facts_->setWordWrap(true);
    connect(default_model_, &QPushButton::clicked, this, [this] { Q_EMIT openRequested(default_path_); });
    auto* words = new QVBoxLayout;
    words->setSpacing(2);
    words->addWidget(default_name_);
    words->addWidget(default_facts_);
    auto* layout = new QHBoxLayout(default_card_);
    layout->setContentsMargins(16, 12, 16, 12);
    layout->setSpacing(12);
    layout->addLayout(words, 1);
    layout->addWidget(default_model_);
    return default_card_;
}

void Welcome::setDefaultModel(const QString& path) {
    default_path_ = path;
    default_card_->setVisible(!path.isEmpty());
    make_primary(default_model_, !path.isEmpty()); // one primary button on a screen
    make_primary(open_, path.isEmpty());
    if (!path.isEmpty()) {
        const QFileInfo info(path);
        default_name_->setText(info.completeBaseName());
        default_facts_->setText(QStringLiteral("The model that comes along · %1 · %2")
                                    .arg(info.suffix().toUpper(), widgets::size_text(double(info.size()))));
        default_model_->setToolTip(path);
        default_model_->setAccessibleName(QStringLiteral("Open %1").arg(info.completeBaseName()));
    }
    fillRecent();
}

void Welcome::setRecent(const QStringList& paths) {
    recent_paths_ = paths;
    fillRecent();
}

void Welcome::fillRecent() {
    while (QLayoutItem* item = recent_->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    QStringList paths = recent_paths_;
    paths.removeAll(default_path_);
    if (paths.isEmpty()) return;
    auto* title = new QLabel(QStringLiteral("RECENT"));
    title->setProperty("tone", QStringLiteral("section"));
    recent_->addWidget(title);
    for (const QString& path : paths.mid(0, shown_recent)) {
        const QString name = telling_name(path);
        auto* button = new QPushButton;
        button->setText(button->fontMetrics().elidedText(name, Qt::ElideMiddle, narrowest - 40));
        button->setAccessibleName(QStringLiteral("Open %1").arg(name));
        const bool there = QFileInfo::exists(path);
        button->setToolTip(there ? path : path + QStringLiteral("\nis no longer there"));
        button->setEnabled(there);
        connect(button, &QPushButton::clicked, this, [this, path] { Q_EMIT openRequested(path); });
        recent_->addWidget(button);
    }
}

void Welcome::setOpening(const QString& path) {
    const bool opening = !path.isEmpty();
    const QString name = fontMetrics().elidedText(QFileInfo(path).fileName(), Qt::ElideMiddle, narrowest - 100);
    heading_->setText(opening ? QStringLiteral("Opening %1…").arg(name)
                              : QStringLiteral("Open a model to look inside"));
    for (QPushButton* button : {open_, open_folder_, default_model_})
        button->setEnabled(!opening);
}

} // namespace quantscope
