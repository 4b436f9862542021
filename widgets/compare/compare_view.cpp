// The Compare view.
#include "widgets/compare/compare_view.h"

#include <QFileDialog>
#include <QGridLayout>
#include <QHeaderView>
#include <QMenu>
#include <QVBoxLayout>
#include <algorithm>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

using nlohmann::json;

namespace {

QLabel* quiet(const QString& text) {
    auto* label = new QLabel(text);
    label->setProperty("tone", QStringLiteral("secondary"));
    return label;
}

template <typename W>
W* named(W* widget, const char* name, const QString& label, const QString& tip) {
    widget->setObjectName(QLatin1String(name));
    widget->setAccessibleName(label);
    widget->setToolTip(QStringLiteral("<b>%1</b><br>%2").arg(label, tip));
    return widget;
}

QFrame* card(QLayout* layout) {
    auto* frame = new QFrame;
    frame->setProperty("card", true);
    frame->setLayout(layout);
    return frame;
}

} // namespace

CompareView::CompareView(QWidget* parent)
    : QWidget(parent)
    , model_(new CompareModel(this))
    , table_(new QTableView)
    , plot_(new QualityPlot)
    , unavailable_(quiet({}))
    , options_summary_(quiet({}))
    , body_(new QWidget) {
    setObjectName(QStringLiteral("compareView"));
    unavailable_->setObjectName(QStringLiteral("compareUnavailable"));
    unavailable_->setWordWrap(true);
    unavailable_->setContentsMargins(12, 12, 12, 0);
    unavailable_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    unavailable_->hide();

    auto* plot_layout = new QVBoxLayout;
    plot_layout->setContentsMargins(8, 8, 8, 8);
    plot_layout->addWidget(plot_);
    auto* layout = new QVBoxLayout(body_);
    layout->setContentsMargins(12, 12, 12, 12);
    layout->setSpacing(12);
    layout->addWidget(makeOptions());
    layout->addWidget(makeTable());
    layout->addWidget(card(plot_layout), 2);
    layout->addWidget(makePrompt(), 3);
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setWidget(body_);
    scroll->setFocusPolicy(Qt::NoFocus);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(unavailable_);
    outer->addWidget(scroll, 1);
    connect(model_, &QAbstractItemModel::dataChanged, this, &CompareView::updateState);
    connect(model_, &QAbstractItemModel::rowsInserted, this, &CompareView::updateState);
    connect(model_, &QAbstractItemModel::rowsRemoved, this, &CompareView::updateState);
    connect(model_, &QAbstractItemModel::modelReset, this, &CompareView::updateState);
    clear();
}

QWidget* CompareView::makeOptions() {
    text_ = named(new QComboBox, "compareText", QStringLiteral("Text"),
                  QStringLiteral("Perplexity is measured on this text; its SHA-256 stands in every result."));
    text_->addItem(QStringLiteral("shipped text"), QString());
    text_->addItem(QStringLiteral("choose a file…"), QStringLiteral("?"));
    connect(text_, &QComboBox::activated, this, [this](int index) {
        if (text_->itemData(index).toString() == u"?") {
            const QString path = QFileDialog::getOpenFileName(this, QStringLiteral("Choose a text"), {},
                                                              QStringLiteral("Text (*.txt);;All files (*)"));
            if (path.isEmpty()) return text_->setCurrentIndex(0);
            text_->insertItem(1, QFileInfo(path).fileName(), path);
            text_->setCurrentIndex(1);
        }
        model_->markAllStale();
    });
    context_ = named(new QSpinBox, "compareContext", QStringLiteral("Context"),
                     QStringLiteral("Tokens in each window of the text."));
    context_->setRange(16, 131072);
    context_->setValue(512);
    tokens_ = named(new QSpinBox, "compareTokens", QStringLiteral("Tokens"),
                    QStringLiteral("How much of the text is scored: more takes longer and is surer."));
    tokens_->setRange(0, 100'000'000);
    tokens_->setSpecialValueText(QStringLiteral("all"));
    tokens_->setSingleStep(1024);
    tokens_->setValue(4096);
    convention_ =
        named(new QComboBox, "compareConvention", QStringLiteral("Convention"),
              QStringLiteral("Hugging Face scores every token of disjoint windows; llama.cpp the second half of "
                             "each window. The numbers differ: compare like with like."));
    convention_->addItems({QStringLiteral("Hugging Face"), QStringLiteral("llama.cpp")});
    for (QSpinBox* box : {context_, tokens_}) {
        box->setLocale(QLocale::c());
        box->setKeyboardTracking(false);
        connect(box, &QSpinBox::valueChanged, model_, &CompareModel::markAllStale);
    }
    connect(convention_, &QComboBox::activated, model_, &CompareModel::markAllStale);
    evaluate_ = new QPushButton(QStringLiteral("Compare"));
    named(evaluate_, "compareEvaluate", QStringLiteral("Compare"),
          QStringLiteral("Evaluates the ticked models; those not quantized yet are quantized first (Ctrl+Return)."));
    evaluate_->setProperty("primary", true);
    connect(evaluate_, &QPushButton::clicked, this, &CompareView::evaluateRequested);
    auto* row = new QWidget;
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    context_->setPrefix(QStringLiteral("context "));
    tokens_->setSuffix(QStringLiteral(" tokens"));
    for (QComboBox* box : {text_, convention_}) {
        box->setMinimumContentsLength(9);
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    }
    for (QWidget* widget : std::initializer_list<QWidget*>{text_, context_, tokens_, convention_})
        layout->addWidget(widget);
    layout->addStretch(1);
    layout->addWidget(evaluate_);
    return row;
}

QWidget* CompareView::makeTable() {
    table_->setObjectName(QStringLiteral("compareTable"));
    table_->setAccessibleName(QStringLiteral("Models compared"));
    table_->setModel(model_);
    table_->setItemDelegate(new CompareDelegate(table_));
    table_->setSelectionBehavior(QAbstractItemView::SelectRows);
    table_->setSelectionMode(QAbstractItemView::SingleSelection);
    table_->setShowGrid(false);
    table_->verticalHeader()->hide();
    table_->verticalHeader()->setDefaultSectionSize(Theme::row_height + 2);
    table_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    table_->horizontalHeader()->setSectionResizeMode(CompareModel::name_column, QHeaderView::Stretch);
    table_->horizontalHeader()->setMinimumSectionSize(40);
    table_->setMinimumWidth(0);
    table_->horizontalHeader()->setHighlightSections(false);
    table_->setColumnHidden(CompareModel::kl99_column, true);
    table_->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    add_ = named(new QToolButton, "compareAdd", QStringLiteral("Add a preset"),
                 QStringLiteral("Adds a shipped recipe, or the present one as it is now, to compare with."));
    add_->setText(QStringLiteral("Add"));
    add_->setIcon(themed_icon(QStringLiteral("list-add")));
    add_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    add_->setPopupMode(QToolButton::InstantPopup);
    add_->setMenu(new QMenu(add_));
    remove_ = named(new QToolButton, "compareRemove", QStringLiteral("Remove"),
                    QStringLiteral("Takes the selected model out of the table."));
    remove_->setText(QStringLiteral("Remove"));
    remove_->setIcon(themed_icon(QStringLiteral("list-remove")));
    remove_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    connect(remove_, &QToolButton::clicked, this, [this] { model_->removeAt(table_->currentIndex().row()); });
    connect(table_->selectionModel(), &QItemSelectionModel::selectionChanged, this, &CompareView::updateState);
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(add_);
    buttons->addWidget(remove_);
    buttons->addStretch(1);
    buttons->addWidget(options_summary_);
    auto* layout = new QVBoxLayout;
    layout->setContentsMargins(8, 8, 8, 8);
    layout->addWidget(table_);
    layout->addLayout(buttons);
    return card(layout);
}

QWidget* CompareView::makePrompt() {
    prompt_ = named(new QLineEdit, "comparePrompt", QStringLiteral("Prompt"),
                    QStringLiteral("Every ticked model continues this text; Return starts."));
    prompt_->setText(QStringLiteral("The capital of France is"));
    prompt_->setMinimumWidth(80);
    connect(prompt_, &QLineEdit::returnPressed, this, [this] {
        if (write_->isEnabled()) Q_EMIT textRequested();
    });
    mode_ = named(new QComboBox, "compareMode", QStringLiteral("Chat or raw"),
                  QStringLiteral("Chat wraps the prompt in the model's own template; raw continues it as it stands."));
    mode_->addItems({QStringLiteral("raw"), QStringLiteral("chat")});
    length_ =
        named(new QSpinBox, "compareLength", QStringLiteral("Length"), QStringLiteral("At most so many new tokens."));
    length_->setRange(1, 4096);
    length_->setValue(48);
    length_->setSuffix(QStringLiteral(" tokens"));
    temperature_ =
        named(new QDoubleSpinBox, "compareTemperature", QStringLiteral("Temperature"),
              QStringLiteral("0 takes the most likely token each time (greedy); more samples, with the seed."));
    temperature_->setRange(0, 2);
    temperature_->setSingleStep(0.1);
    temperature_->setLocale(QLocale::c());
    temperature_->setSpecialValueText(QStringLiteral("greedy"));
    seed_ = named(new QSpinBox, "compareSeed", QStringLiteral("Seed"),
                  QStringLiteral("The same seed samples the same text again."));
    seed_->setRange(0, 1'000'000'000);
    seed_->setPrefix(QStringLiteral("seed "));
    seed_->setEnabled(false);
    connect(temperature_, &QDoubleSpinBox::valueChanged, this, [this](double value) { seed_->setEnabled(value > 0); });
    write_ = new QPushButton(QStringLiteral("Write"));
    named(write_, "compareWrite", QStringLiteral("Write"),
          QStringLiteral("Lets the ticked models continue the prompt, side by side."));
    connect(write_, &QPushButton::clicked, this, &CompareView::textRequested);
    auto* row = new QHBoxLayout;
    row->addWidget(prompt_, 1);
    for (QWidget* widget : std::initializer_list<QWidget*>{mode_, length_, temperature_, seed_, write_})
        row->addWidget(widget);

    columns_box_ = new QWidget;
    columns_ = new QHBoxLayout(columns_box_);
    columns_->setContentsMargins(0, 0, 0, 0);
    columns_->setSpacing(12);
    text_empty_ =
        quiet(QStringLiteral("The ticked models' continuations stand here side by side, each token coloured by how far "
                             "its prediction diverges from the original's."));
    text_empty_->setWordWrap(true);
    auto* box = new QWidget;
    auto* layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(12);
    layout->addLayout(row);
    layout->addWidget(text_empty_);
    layout->addWidget(columns_box_, 1);
    layout->addStretch(0);
    return box;
}

void CompareView::clear() {
    CompareModel::Row original, present;
    original.name = QStringLiteral("original");
    original.fixed = present.fixed = true;
    present.name = QStringLiteral("present recipe");
    present.recipe = json::object();
    model_->setRows({original, present});
    beginText({});
    fitTable();
}

void CompareView::setAvailable(bool available, const QString& reason) {
    body_->setEnabled(available);
    unavailable_->setVisible(!available && !reason.isEmpty());
    unavailable_->setText(QStringLiteral("This model cannot be evaluated: ") + reason);
}

void CompareView::setHasChatTemplate(bool has) {
    mode_->setCurrentIndex(0);
    mode_->setEnabled(has);
}

void CompareView::setPresets(const Presets& presets) {
    QMenu* menu = add_->menu();
    menu->clear();
    connect(menu->addAction(QStringLiteral("The present recipe, as it is now")), &QAction::triggered, this, [this] {
        const auto present = model_->rows()[1]; // rows 0 and 1 are the original and the present recipe
        addCandidate(present.name, present.recipe);
    });
    menu->addSeparator();
    for (const auto& [name, recipe] : presets)
        connect(menu->addAction(QString::fromStdString(name)), &QAction::triggered, this,
                [this, name = QString::fromStdString(name), recipe = recipe] { addCandidate(name, recipe); });
}

void CompareView::addCandidate(const QString& name, const json& recipe) {
    CompareModel::Row row;
    row.name = name;
    row.recipe = recipe;
    model_->add(row);
    fitTable();
}

void CompareView::setCurrentRecipe(const QString& name, const json& recipe) {
    model_->setRecipe(1, name, recipe);
    updateState();
}

void CompareView::setResult(const studio::CompareRow& row) {
    const auto& rows = model_->rows();
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (rows[i].recipe == row.recipe) model_->setResult(int(i), row);
}

void CompareView::setBusy(bool evaluating, bool writing) {
    evaluating_ = evaluating;
    writing_ = writing;
    updateState();
}

void CompareView::updateState() {
    const auto& rows = model_->rows();
    const bool any = std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.checked; });
    evaluate_->setEnabled(any && !evaluating_);
    write_->setEnabled(any && !writing_);
    const int at = table_->currentIndex().row();
    remove_->setEnabled(at >= 0 && at < int(rows.size()) && !rows[std::size_t(at)].fixed);
    std::vector<QualityPlot::Point> points;
    QString summary;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!rows[i].known || rows[i].stale || !(rows[i].result.perplexity > 0)) continue;
        points.push_back(
            {rows[i].name, double(rows[i].result.bytes), rows[i].result.perplexity, int(i), rows[i].recipe.is_null()});
        summary = QStringLiteral("%1 tokens · %2%3")
                      .arg(rows[i].result.tokens)
                      .arg(QString::fromStdString(rows[i].result.convention),
                           rows[i].result.bos ? QStringLiteral(" · BOS") : QStringLiteral(" · no BOS"));
    }
    plot_->setPoints(std::move(points));
    options_summary_->setText(summary);
}

void CompareView::fitTable() {
    const int height = table_->horizontalHeader()->sizeHint().height() +
                       model_->rowCount() * table_->verticalHeader()->defaultSectionSize() + 4;
    table_->setFixedHeight(std::min(height, 320));
    table_->setVerticalScrollBarPolicy(height > 320 ? Qt::ScrollBarAsNeeded : Qt::ScrollBarAlwaysOff);
}

CompareSettings CompareView::settings() const {
    return {text_->currentData().toString(), context_->value(), tokens_->value(), convention_->currentIndex() == 1};
}

TextSettings CompareView::textSettings() const {
    return {prompt_->text(), mode_->currentIndex() == 1, length_->value(), temperature_->value(),
            quint64(seed_->value())};
}

std::vector<json> CompareView::checkedRecipes() const {
    std::vector<json> recipes;
    for (const auto& row : model_->rows())
        if (row.checked && std::find(recipes.begin(), recipes.end(), row.recipe) == recipes.end())
            recipes.push_back(row.recipe);
    return recipes;
}

std::vector<studio::CompareRow> CompareView::results() const {
    std::vector<studio::CompareRow> results;
    for (const auto& row : model_->rows())
        if (row.known && !row.stale) results.push_back(row.result);
    return results;
}

QWidget* CompareView::makeColumn(const QString& name, int place, TokenText*& text) {
    auto* title = quiet(name);
    title->setObjectName(QStringLiteral("textTitle%1").arg(place));
    title->setWordWrap(true);
    text = new TokenText;
    text->setObjectName(QStringLiteral("tokenText%1").arg(place));
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(text);
    scroll->setMinimumHeight(120);
    text->setBackgroundRole(QPalette::Base);
    text->setAutoFillBackground(true);
    auto* layout = new QVBoxLayout;
    layout->setContentsMargins(12, 8, 8, 8);
    layout->addWidget(title);
    layout->addWidget(scroll, 1);
    return card(layout);
}

void CompareView::beginText(const QStringList& names) {
    while (QLayoutItem* item = columns_->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    texts_.clear();
    streams_.assign(std::size_t(names.size()), {});
    text_empty_->setVisible(names.isEmpty());
    columns_box_->setVisible(!names.isEmpty());
    for (int i = 0; i < names.size(); ++i) {
        TokenText* text = nullptr;
        columns_->addWidget(makeColumn(names[i], i, text), 1);
        text->setStreaming(textSettings().prompt);
        texts_.push_back(text);
    }
}

void CompareView::addPiece(int column, const QString& piece) {
    if (column < 0 || column >= int(texts_.size())) return;
    streams_[std::size_t(column)] += piece;
    texts_[std::size_t(column)]->setStreaming(textSettings().prompt + streams_[std::size_t(column)]);
}

void CompareView::setTextColumns(const std::vector<studio::TextColumn>& columns) {
    QStringList names;
    for (const auto& column : columns) {
        double sum = 0;
        for (const auto& token : column.tokens)
            sum += double(token.kl);
        QString name = QString::fromStdString(column.name);
        if (sum > 0)
            name += QStringLiteral(" · tokens coloured by KL, mean %1 nats")
                        .arg(number_text(sum / double(column.tokens.size())));
        if (!column.remark.empty()) name += QStringLiteral("\n") + QString::fromStdString(column.remark);
        const QString generated = QString::fromStdString(column.generated).simplified();
        if (!generated.isEmpty()) name += QStringLiteral("\nwrites: “%1”").arg(generated);
        names << name;
    }
    beginText(names);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        texts_[i]->setColumn(columns[i]);
        texts_[i]->setCandidates([this, i](std::size_t position) {
            return candidates_ ? candidates_(i, position) : std::vector<studio::TokenCandidate>{};
        });
        connect(texts_[i], &TokenText::tokenSelected, this, [this](int token) { // the same place in every column
            for (TokenText* other : texts_)
                other->select(token);
        });
    }
}

} // namespace quantscope::widgets
