// The Compare view.
#include "widgets/compare/compare_view.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QMenu>
#include <QScrollArea>
#include <QScrollBar>
#include <QVBoxLayout>
#include <algorithm>

#include "widgets/number_text.h"
#include "widgets/parts.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

using nlohmann::json;

namespace {
constexpr std::size_t kept_runs = 200;
constexpr int tallest_table = 320; ///< pixels
const QString choose_file = QStringLiteral("?");
} // namespace

CompareView::CompareView(QWidget* parent)
    : QWidget(parent)
    , model_(new CompareModel(this))
    , table_(new QTableView)
    , plot_(new QualityPlot)
    , text_panel_(new TextPanel)
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
    layout->addWidget(text_panel_, 3);
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setWidget(body_);
    scroll->setFocusPolicy(Qt::NoFocus);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(unavailable_);
    outer->addWidget(scroll, 1);
    connect(plot_, &QualityPlot::pointClicked, this, &CompareView::takeBack);
    connect(text_panel_, &TextPanel::writeRequested, this, &CompareView::textRequested);
    connect(text_panel_, &TextPanel::stopRequested, this, &CompareView::stopTextRequested);
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
    text_->addItem(QStringLiteral("choose a file…"), choose_file);
    connect(text_, &QComboBox::activated, this, &CompareView::chooseText);
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
        connect(box, &QSpinBox::valueChanged, this, &CompareView::refreshResults);
    }
    connect(convention_, &QComboBox::activated, this, &CompareView::refreshResults);
    evaluate_ = named(new QPushButton(QStringLiteral("Compare")), "compareEvaluate", QStringLiteral("Compare"),
                      QStringLiteral("Evaluates the ticked models; those not quantized yet are quantized first "
                                     "(Ctrl+Return). While they are at work, stops them."));
    evaluate_->setProperty("primary", true);
    connect(evaluate_, &QPushButton::clicked, this, [this] {
        if (evaluating_)
            Q_EMIT stopEvaluateRequested();
        else
            Q_EMIT evaluateRequested();
    });
    context_->setPrefix(QStringLiteral("context "));
    tokens_->setSuffix(QStringLiteral(" tokens"));
    for (QComboBox* box : {text_, convention_}) {
        box->setMinimumContentsLength(9);
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    }
    return options_row({text_, context_, tokens_, convention_}, evaluate_);
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
    table_->setTextElideMode(Qt::ElideMiddle); // ends tell recipes apart
    connect(table_->horizontalScrollBar(), &QScrollBar::rangeChanged, this, &CompareView::fitTable);
    connect(table_->selectionModel(), &QItemSelectionModel::selectionChanged, this, &CompareView::updateState);
    auto* layout = new QVBoxLayout;
    layout->setContentsMargins(8, 8, 8, 8);
    layout->addWidget(table_);
    layout->addWidget(makeButtons());
    return card(layout);
}

QWidget* CompareView::makeButtons() {
    add_ = named(new QPushButton, "compareAdd", QStringLiteral("Add a preset"),
                 QStringLiteral("Adds a shipped recipe, or the present one as it is now, to compare with."));
    add_->setText(QStringLiteral("Add"));
    add_->setIcon(themed_icon(QStringLiteral("list-add")));
    add_->setMenu(new QMenu(add_));
    remove_ = named(new QPushButton, "compareRemove", QStringLiteral("Remove"),
                    QStringLiteral("Takes the selected model out of the table."));
    remove_->setText(QStringLiteral("Remove"));
    remove_->setIcon(themed_icon(QStringLiteral("list-remove")));
    connect(remove_, &QPushButton::clicked, this, [this] { model_->removeAt(table_->currentIndex().row()); });
    auto* row = new QWidget;
    auto* buttons = new QHBoxLayout(row);
    buttons->setContentsMargins(0, 0, 0, 0);
    buttons->addWidget(add_);
    buttons->addWidget(remove_);
    options_summary_->setWordWrap(true);
    options_summary_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    buttons->addWidget(options_summary_, 1);
    return row;
}

void CompareView::chooseText(int index) {
    if (text_->itemData(index).toString() == choose_file) {
        const QString path = QFileDialog::getOpenFileName(this, QStringLiteral("Choose a text"), {},
                                                          QStringLiteral("Text (*.txt);;All files (*)"));
        showText(path);
    }
    refreshResults();
}

/// \param path  empty: the shipped text
void CompareView::showText(const QString& path) {
    int index = text_->findData(path);
    if (index < 0) {
        index = 1;
        text_->insertItem(index, QFileInfo(path).fileName(), path);
    }
    text_->setCurrentIndex(index);
    text_->setToolTip(path);
}

void CompareView::clear() {
    CompareModel::Row original, present;
    original.name = QStringLiteral("original");
    original.fixed = present.fixed = true;
    present.name = QStringLiteral("present recipe");
    present.recipe = json::object();
    runs_.clear();
    model_->setRows({original, present});
    text_panel_->begin({});
    fitTable();
}

void CompareView::setAvailable(bool available, const QString& reason) {
    body_->setEnabled(available);
    unavailable_->setVisible(!available && !reason.isEmpty());
    unavailable_->setText(QStringLiteral("This model cannot be evaluated: ") + reason);
}

void CompareView::setHasChatTemplate(bool has) { text_panel_->setHasChatTemplate(has); }

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
    for (int i = 2; i < model_->rowCount(); ++i) // beside the present recipe, which may go on changing
        if (model_->rows()[std::size_t(i)].recipe == recipe) return table_->selectRow(i);
    CompareModel::Row row;
    row.name = name;
    row.recipe = recipe;
    model_->add(row);
    fitTable();
    refreshResults();
}

void CompareView::takeBack(int point) {
    const int table_points = int(plot_->points().size() - earlier_.size());
    if (point < table_points) return;
    const studio::CompareRow row = earlier_[std::size_t(point - table_points)]->row; // the list changes below
    addCandidate(QString::fromStdString(row.name), row.recipe);
}

void CompareView::setCurrentRecipe(const QString& name, const json& recipe) {
    model_->setRecipe(1, name, recipe);
    refreshResults();
}

const CompareRun* CompareView::findRun(const json& recipe) const {
    const CompareSettings now = settings();
    const auto run = std::find_if(runs_.rbegin(), runs_.rend(),
                                  [&](const auto& r) { return r.row.recipe == recipe && r.settings == now; });
    return run == runs_.rend() ? nullptr : &*run;
}

void CompareView::refreshResults() {
    for (int i = 0; i < model_->rowCount(); ++i) {
        const CompareRun* run = findRun(model_->rows()[std::size_t(i)].recipe);
        if (run)
            model_->setResult(i, run->row);
        else
            model_->markStale(i);
    }
    updateState();
}

void CompareView::setResult(const studio::CompareRow& row) {
    CompareRun run{settings(), row};
    for (const auto& known : model_->rows())
        if (known.recipe == row.recipe) run.row.name = known.name.toStdString();
    std::erase_if(runs_, [&](const auto& r) { return r.row.recipe == row.recipe && r.settings == run.settings; });
    if (runs_.size() >= kept_runs) runs_.erase(runs_.begin());
    runs_.push_back(std::move(run));
    refreshResults();
}

void CompareView::setBusy(bool evaluating, bool writing) {
    evaluating_ = evaluating;
    writing_ = writing;
    updateState();
}

void CompareView::updateState() {
    const auto& rows = model_->rows();
    const bool any = std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.checked; });
    evaluate_->setEnabled(any || evaluating_);
    evaluate_->setText(evaluating_ ? QStringLiteral("Stop") : QStringLiteral("Compare"));
    evaluate_->setAccessibleName(evaluate_->text());
    for (QWidget* option : std::initializer_list<QWidget*>{text_, context_, tokens_, convention_})
        option->setEnabled(!evaluating_); // results belong to the options they were asked for under
    text_panel_->setState(writing_, any);
    const int at = table_->currentIndex().row();
    remove_->setEnabled(at >= 0 && at < int(rows.size()) && !rows[std::size_t(at)].fixed);
    updatePlot();
}

void CompareView::updatePlot() {
    const auto& rows = model_->rows();
    std::vector<QualityPlot::Point> points;
    const auto add = [&points](const QString& name, const studio::CompareRow& row, int place, bool earlier) {
        points.push_back({name, double(row.bytes), row.perplexity, place, row.recipe.is_null(), earlier});
    };
    QString summary;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!rows[i].known || rows[i].stale || !(rows[i].result.perplexity > 0)) continue;
        const auto& row = rows[i].result;
        add(rows[i].name, row, int(i), false);
        summary = QStringLiteral("%1 tokens · context %2 · %3 convention · %4")
                      .arg(row.tokens)
                      .arg(row.context)
                      .arg(convention_text(row.convention), row.bos ? QStringLiteral("BOS") : QStringLiteral("no BOS"));
    }
    earlier_.clear();
    for (const CompareRun& run : runs_)
        if (run.settings == settings() && model_->find(run.row.recipe) < 0 && run.row.perplexity > 0) {
            add(QString::fromStdString(run.row.name), run.row, 0, true);
            earlier_.push_back(&run);
        }
    plot_->setPoints(std::move(points));
    options_summary_->setText(summary);
}

void CompareView::fitTable() {
    int height = table_->horizontalHeader()->sizeHint().height() +
                 model_->rowCount() * table_->verticalHeader()->defaultSectionSize() + 4;
    const QScrollBar* sideways = table_->horizontalScrollBar();
    if (sideways->maximum() > sideways->minimum()) height += sideways->sizeHint().height(); // not over the last row
    table_->setFixedHeight(std::min(height, tallest_table));
    table_->setVerticalScrollBarPolicy(height > tallest_table ? Qt::ScrollBarAsNeeded : Qt::ScrollBarAlwaysOff);
}

CompareSettings CompareView::settings() const {
    return {text_->currentData().toString(), context_->value(), tokens_->value(), convention_->currentIndex() == 1};
}

TextSettings CompareView::textSettings() const { return text_panel_->settings(); }

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

void CompareView::beginText() {
    std::vector<TextPanel::Heading> models;
    for (const json& recipe : checkedRecipes()) {
        const int place = model_->find(recipe);
        models.push_back({model_->rows()[std::size_t(place)].name, place});
    }
    text_panel_->begin(models);
}

void CompareView::addPiece(int column, const QString& piece) { text_panel_->addPiece(column, piece); }

void CompareView::setTextColumns(const std::vector<studio::TextColumn>& columns) { text_panel_->setColumns(columns); }

} // namespace quantscope::widgets
