// The Images view.
#include "widgets/images/images_view.h"

#include <QHeaderView>
#include <QKeyEvent>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>

#include "widgets/compare/compare_model.h"
#include "widgets/number_text.h"
#include "widgets/parts.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

enum Panel { grid_panel, pair_panel, plot_panel, table_panel };

QString sampler_name(const std::string& sampler) {
    return sampler == "dpm++" ? QStringLiteral("DPM-Solver++ (2M)") : QString::fromStdString(sampler).toUpper();
}

QFrame* boxed(QWidget* widget) {
    auto* layout = new QVBoxLayout;
    layout->setContentsMargins(8, 8, 8, 8);
    layout->addWidget(widget);
    return card(layout);
}

} // namespace

ImagesView::ImagesView(QWidget* parent)
    : QWidget(parent)
    , controls_(new ImageControls)
    , grid_(new ImageGrid)
    , pair_(new PairPanel)
    , plot_(new NoiseErrorPlot)
    , summary_(new ImageSummaryModel(this))
    , table_(new QTableView)
    , body_(new QStackedWidget)
    , unavailable_(quiet({}))
    , remark_(quiet({}))
    , caption_(quiet({})) {
    setObjectName(QStringLiteral("imagesView"));
    unavailable_->setObjectName(QStringLiteral("imagesUnavailable"));
    unavailable_->setWordWrap(true);
    unavailable_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    unavailable_->hide();
    panes_ = new AdaptivePanes({{{makeGrid(), tr("Grid")},
                                 {pair_, tr("Pair")},
                                 {boxed(plot_), tr("Noise error")},
                                 {boxed(makeTable()), tr("Summary")}}});
    body_->addWidget(makeEmpty());
    body_->addWidget(panes_);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 12, 12, 12);
    layout->setSpacing(8);
    layout->addWidget(unavailable_);
    layout->addWidget(controls_);
    layout->addWidget(body_, 1);
    connect(controls_, &ImageControls::requested, this, &ImagesView::requested);
    connect(controls_, &ImageControls::stopRequested, this, &ImagesView::stopRequested);
    connect(controls_, &ImageControls::changed, this, &ImagesView::updateEmpty);
    connect(grid_, &ImageGrid::cellChanged, this, &ImagesView::showPair);
    connect(grid_, &ImageGrid::cellOpened, this, &ImagesView::openPair);
    connect(pair_, &PairPanel::stepRequested, this, &ImagesView::stepPair);
    connect(pair_, &PairPanel::left, this, [this] {
        panes_->bringUp(grid_panel);
        grid_->setFocus(Qt::ShortcutFocusReason);
    });
    setComparison(nullptr);
}

QWidget* ImagesView::makeEmpty() {
    auto* page = new QWidget;
    page->setObjectName(QStringLiteral("imagesEmpty"));
    empty_text_ = quiet({});
    empty_text_->setObjectName(QStringLiteral("imagesEmptyText"));
    empty_text_->setWordWrap(true);
    empty_text_->setAlignment(Qt::AlignCenter);
    empty_text_->setMaximumWidth(460);
    empty_generate_ = named(new QPushButton(tr("Generate images")), "imagesEmptyGenerate", tr("Generate images"),
                            tr("Samples what is chosen above."));
    connect(empty_generate_, &QPushButton::clicked, controls_, &ImageControls::submit);
    auto* middle = new QHBoxLayout; // stretches rather than an alignment, which forgets a text's height for its width
    middle->addStretch(1);
    middle->addWidget(empty_text_, 8);
    middle->addStretch(1);
    auto* layout = new QVBoxLayout(page);
    layout->setSpacing(12);
    layout->addStretch();
    layout->addLayout(middle);
    layout->addWidget(empty_generate_, 0, Qt::AlignHCenter);
    layout->addStretch();
    return page;
}

QWidget* ImagesView::makeGrid() {
    caption_->setObjectName(QStringLiteral("imagesCaption"));
    caption_->setWordWrap(true);
    remark_->setObjectName(QStringLiteral("imagesRemark"));
    remark_->setWordWrap(true);
    auto* save = named(new QToolButton, "imagesSave", tr("Save grid"),
                       tr("The whole grid with its headers as a PNG, at the zoom it has now."));
    save->setIcon(themed_icon(QStringLiteral("document-save-as")));
    save->setAutoRaise(true);
    connect(save, &QToolButton::clicked, grid_, &ImageGrid::saveDialog);
    auto* line = new QHBoxLayout;
    line->addWidget(caption_, 1);
    line->addWidget(save, 0, Qt::AlignTop);
    auto* layout = new QVBoxLayout;
    layout->setContentsMargins(8, 4, 4, 4);
    layout->setSpacing(4);
    layout->addLayout(line);
    layout->addWidget(remark_);
    layout->addWidget(grid_, 1);
    return card(layout);
}

QWidget* ImagesView::makeTable() {
    table_->setObjectName(QStringLiteral("imageSummary"));
    table_->setAccessibleName(tr("Models: size and distance from the original's images"));
    table_->setModel(summary_);
    table_->setItemDelegate(new CompareDelegate(table_));
    table_->setSelectionBehavior(QAbstractItemView::SelectRows);
    table_->setSelectionMode(QAbstractItemView::SingleSelection);
    table_->setShowGrid(false);
    table_->setTabKeyNavigation(false);
    table_->verticalHeader()->hide();
    table_->verticalHeader()->setDefaultSectionSize(Theme::row_height + 2);
    table_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    table_->horizontalHeader()->setSectionResizeMode(ImageSummaryModel::name_column, QHeaderView::Stretch);
    table_->horizontalHeader()->setMinimumSectionSize(64);
    table_->horizontalHeader()->setHighlightSections(false);
    table_->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    table_->setWordWrap(false);
    table_->setTextElideMode(Qt::ElideMiddle); // ends tell recipes apart
    table_->setFrameShape(QFrame::NoFrame);
    connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& now) {
        const QModelIndex cell = grid_->currentIndex();
        if (now.isValid() && cell.isValid() && cell.column() != now.row()) choose(cell.row(), now.row());
    });
    return table_;
}

void ImagesView::setAvailable(bool available, const QString& reason) {
    available_ = available;
    controls_->setEnabled(available);
    unavailable_->setVisible(!available && !reason.isEmpty());
    unavailable_->setText(tr("This model cannot be sampled: ") + reason);
    updateEmpty();
}

void ImagesView::setClasses(const QStringList& names) {
    controls_->setClasses(names);
    grid_->setClassNames(names);
}

void ImagesView::setModels(std::vector<studio::ImageCandidate> candidates) {
    controls_->setModels(std::move(candidates));
}

void ImagesView::setBusy(bool busy) {
    busy_ = busy;
    controls_->setBusy(busy);
    updateCaption();
    updateEmpty();
}

void ImagesView::setComparison(ComparisonSnapshot comparison) {
    comparison_ = std::move(comparison);
    grid_->setComparison(comparison_);
    plot_->setComparison(comparison_);
    summary_->setComparison(comparison_);
    const bool any = comparison_ && !comparison_->rows.empty() && !comparison_->columns.empty();
    body_->setCurrentIndex(any ? 1 : 0);
    if (any && !grid_->currentIndex().isValid()) {
        grid_->setAutoScroll(false); // not laid out yet: the first column would be scrolled away
        grid_->setCurrentIndex(grid_->model()->index(0, std::min(1, int(comparison_->columns.size()) - 1)));
        grid_->setAutoScroll(true);
    }
    showPair(grid_->currentIndex().row(), grid_->currentIndex().column());
    updateCaption();
    updateEmpty();
}

void ImagesView::updateCaption() {
    if (!comparison_) return;
    std::size_t sampled = 0;
    bool false_colour = false;
    for (const auto& column : comparison_->columns)
        for (const auto& picture : column.pictures) {
            sampled += is_sampled(&picture);
            false_colour |= is_sampled(&picture) && picture.false_colour;
        }
    const std::size_t all = comparison_->columns.size() * comparison_->rows.size();
    QString text = tr("%1 · %2 steps · guidance %3")
                       .arg(sampler_name(comparison_->sampler))
                       .arg(comparison_->steps)
                       .arg(number_text(comparison_->guidance, 2));
    if (sampled < all) text += tr(" · %1 of %2 images sampled").arg(sampled).arg(all);
    caption_->setText(text);
    QString remark = QString::fromStdString(comparison_->remark);
    if (remark.isEmpty() && false_colour) remark = tr("latents without a decoder are shown in false colour");
    remark_->setText(remark);
    remark_->setVisible(!remark.isEmpty());
}

void ImagesView::updateEmpty() {
    const QString problem = controls_->problem();
    empty_text_->setText(
        busy_ ? tr("Sampling… the images appear here one by one.")
              : tr("The same classes and seeds, sampled from the same noise by the original and by each quantized "
                   "model, appear here side by side, with what differs."));
    empty_generate_->setVisible(!busy_);
    empty_generate_->setEnabled(available_ && problem.isEmpty());
}

void ImagesView::choose(int row, int column) { grid_->setCurrentIndex(grid_->model()->index(row, column)); }

void ImagesView::showPair(int row, int column) {
    const int columns = comparison_ ? int(comparison_->columns.size()) : 0;
    if (row < 0 || columns == 0) return pair_->setPair(nullptr, 0, 0, {});
    if (column > 0) pair_column_ = column;
    const int shown = column > 0 ? column : columns > 1 ? std::min(pair_column_, columns - 1) : 0;
    const auto& cells = grid_->cells();
    pair_->setPair(comparison_, row, shown, cells.rowTitle(row) + QStringLiteral(", ") + cells.rowDetail(row));
    plot_->setChosen(shown);
    table_->selectRow(column);
}

void ImagesView::openPair(int row, int column, bool by_keyboard) {
    showPair(row, column);
    panes_->bringUp(pair_panel);
    if (by_keyboard || panes_->arrangement() == AdaptivePanes::Arrangement::tabs)
        pair_->canvas().setFocus(by_keyboard ? Qt::ShortcutFocusReason : Qt::MouseFocusReason);
}

void ImagesView::keyPressEvent(QKeyEvent* event) {
    const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (enter && event->modifiers() == Qt::ControlModifier && controls_->isEnabled()) return generate();
    QWidget::keyPressEvent(event);
}

void ImagesView::stepPair(int rows, int columns) {
    const QModelIndex at = grid_->currentIndex();
    if (!at.isValid()) return;
    choose(std::clamp(at.row() + rows, 0, grid_->model()->rowCount() - 1),
           std::clamp(at.column() + columns, 0, grid_->model()->columnCount() - 1));
}

} // namespace quantscope::widgets
