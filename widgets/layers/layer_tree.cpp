// The Layers panel.
#include "widgets/layers/layer_tree.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMenu>
#include <QVBoxLayout>
#include <utility>

#include "widgets/layers/layer_delegate.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

using studio::LayerRow;

namespace {
constexpr int opened_for_selection = 16; ///< layers; the blocks of more are not opened one and all
}

LayerTree::LayerTree(QWidget* parent)
    : QWidget(parent)
    , model_(new LayerModel(this))
    , proxy_(new LayerFilterProxy(this))
    , filter_(new QLineEdit)
    , remark_(new QLabel)
    , roles_(new QToolButton)
    , colours_(new QToolButton)
    , grouping_(new QToolButton)
    , view_(new QTreeView) {
    setObjectName(QStringLiteral("layerTree"));
    setAccessibleName(QStringLiteral("Layers"));
    proxy_->setSourceModel(model_);
    makeFilter();
    makeButtons();
    makeView();
    followSelection();
    layOut();
}

void LayerTree::makeFilter() {
    filter_->setObjectName(QStringLiteral("layerFilter"));
    filter_->setAccessibleName(QStringLiteral("Filter the layers"));
    filter_->setPlaceholderText(QStringLiteral("Filter: role:down bits<4 …"));
    filter_->setToolTip(
        QStringLiteral("<b>Filter the layers</b> (Ctrl+F)<br>A part of the name, <code>role:q,k</code>, "
                       "<code>block:3-7</code>, <code>scheme:piecewise</code>, <code>changed</code>, or a "
                       "measure: <code>bits&lt;4</code>, <code>error&gt;10</code>, "
                       "<code>outliers&gt;20</code>, <code>kurtosis&gt;5</code>, <code>size&gt;500</code>. "
                       "All words must hold."));
    filter_->setClearButtonEnabled(true);
    filter_->installEventFilter(this);
    connect(filter_, &QLineEdit::textChanged, this, &LayerTree::applyFilter);
    remark_->setObjectName(QStringLiteral("layerFilterRemark"));
    remark_->setProperty("tone", QStringLiteral("secondary"));
    remark_->setWordWrap(true);
    remark_->hide();
}

void LayerTree::makeButtons() {
    const auto button = [](QToolButton* b, const char* name, const char* icon, const char* label, const char* help) {
        b->setObjectName(QLatin1String(name));
        b->setIcon(themed_icon(QLatin1String(icon)));
        b->setAccessibleName(QLatin1String(label));
        b->setToolTip(QString::fromUtf8(help));
        b->setAutoRaise(true);
        b->setPopupMode(QToolButton::InstantPopup);
        b->setFocusPolicy(Qt::TabFocus);
        b->setStyleSheet(QStringLiteral("QToolButton::menu-indicator { image: none; }"));
    };
    button(roles_, "layerRoles", "view-filter", "Filter by role",
           "<b>Filter by role</b><br>Show the layers that do the "
           "same in every block, such as all down projections.");
    button(colours_, "layerColours", "color-management", "Colour by a measure",
           "<b>Colour by</b><br>The measure that the last column's colour stands for: dark blue low, yellow high.");
    button(grouping_, "layerGrouping", "view-list-tree", "Group by block",
           "<b>Group by block</b><br>Off, all layers stand in one list, so that sorting ranks the whole model.");
    grouping_->setCheckable(true);
    grouping_->setChecked(true);
    connect(grouping_, &QToolButton::toggled, this, [this](bool grouped) {
        const QStringList kept = selected();
        model_->setGrouped(grouped);
        view_->setRootIsDecorated(grouped);
        if (grouped) openFirstBlocks();
        select(kept);
    });
    roles_->setMenu(new QMenu(roles_));
    colours_->setMenu(new QMenu(colours_));
    connect(roles_->menu(), &QMenu::aboutToShow, this, &LayerTree::fillRoleMenu);
    connect(colours_->menu(), &QMenu::aboutToShow, this, &LayerTree::fillColourMenu);
}

void LayerTree::makeView() {
    view_->setObjectName(QStringLiteral("layerView"));
    view_->setAccessibleName(QStringLiteral("Layers of the model"));
    // Before the view's own: rows that go take their selection with them, which is nobody's choice.
    connect(proxy_, &QAbstractItemModel::rowsAboutToBeRemoved, this, [this] { rows_going_ = true; });
    view_->setModel(proxy_);
    connect(proxy_, &QAbstractItemModel::rowsRemoved, this, [this] { rows_going_ = false; });
    view_->setItemDelegate(new LayerDelegate(view_));
    view_->setSelectionMode(QAbstractItemView::ExtendedSelection);
    view_->setUniformRowHeights(true);
    view_->setIndentation(12);
    view_->setSortingEnabled(true);
    view_->sortByColumn(LayerModel::name_column, Qt::AscendingOrder);
    view_->setHorizontalScrollBarPolicy(Qt::ScrollBarAsNeeded);
    view_->setContextMenuPolicy(Qt::CustomContextMenu);
    view_->installEventFilter(this);
    connect(view_, &QTreeView::customContextMenuRequested, this, &LayerTree::contextMenu);
    QHeaderView* header = view_->header();
    header->setStretchLastSection(false);
    header->setMinimumSectionSize(36);
    header->setSectionResizeMode(LayerModel::name_column, QHeaderView::Stretch);
    header->resizeSection(LayerModel::bits_column, 44);
    header->resizeSection(LayerModel::error_column, 58);
    header->resizeSection(LayerModel::colour_column, 44);
    header->resizeSection(LayerModel::parameters_column, 80);
    header->resizeSection(LayerModel::size_column, 72);
    header->resizeSection(LayerModel::role_column, 56);
    for (int column : {LayerModel::parameters_column, LayerModel::size_column, LayerModel::role_column})
        view_->hideColumn(column);
    header->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(header, &QHeaderView::customContextMenuRequested, this, &LayerTree::headerMenu);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, view_->viewport(), qOverload<>(&QWidget::update));
}

void LayerTree::followSelection() {
    connect(view_->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        rememberSelection();
        readSelection();
    });
    connect(view_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &LayerTree::readSelection);
    restore_timer_.setSingleShot(true);
    restore_timer_.setInterval(0);
    connect(&restore_timer_, &QTimer::timeout, this, [this] {
        restoreSelection();
        describeFilter();
    });
    connect(proxy_, &QAbstractItemModel::rowsRemoved, &restore_timer_, qOverload<>(&QTimer::start));
    connect(proxy_, &QAbstractItemModel::rowsInserted, &restore_timer_, qOverload<>(&QTimer::start));
}

void LayerTree::layOut() {
    auto* top = new QHBoxLayout;
    top->setSpacing(0);
    top->addWidget(filter_, 1);
    top->addSpacing(Theme::unit);
    for (auto* b : {roles_, colours_, grouping_})
        top->addWidget(b);
    auto* filters = new QVBoxLayout;
    filters->setContentsMargins(12, 4, 8, 4);
    filters->setSpacing(Theme::unit);
    filters->addLayout(top);
    filters->addWidget(remark_);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(filters);
    layout->addWidget(view_, 1);
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);
    setTabOrder(filter_, roles_);
    setTabOrder(roles_, colours_);
    setTabOrder(colours_, grouping_);
    setTabOrder(grouping_, view_);
}

void LayerTree::setLayers(const std::vector<LayerRow>& layers) {
    quiet_ = true;
    model_->setLayers(layers);
    filter_->clear();
    openFirstBlocks();
    current_.clear();
    chosen_.clear();
    told_ = false;
    quiet_ = false;
}

void LayerTree::openFirstBlocks() {
    for (int row = 0, opened = 0; row < proxy_->rowCount() && opened < 2; ++row) {
        const QModelIndex index = proxy_->index(row, 0);
        if (!proxy_->hasChildren(index)) continue;
        view_->expand(index);
        ++opened;
    }
}

void LayerTree::applyFilter() {
    const LayerFilter filter = LayerFilter::parse(filter_->text());
    const bool was_empty = proxy_->filter().is_empty();
    if (was_empty && !filter.is_empty()) rememberOpenBlocks();
    const bool quiet = std::exchange(quiet_, true); // rows that go take their selection with them: that is not a choice
    proxy_->setFilter(filter);
    if (!filter.is_empty())
        view_->expandAll();
    else if (!was_empty)
        restoreOpenBlocks();
    quiet_ = quiet;
    restoreSelection();
    describeFilter();
}

void LayerTree::describeFilter() {
    const LayerFilter& filter = proxy_->filter();
    int found = 0;
    for (int row = 0; row < proxy_->rowCount(); ++row)
        found += std::max(1, proxy_->rowCount(proxy_->index(row, 0)));
    QString remark = filter.problem();
    if (remark.isEmpty() && !filter.is_empty())
        remark = found == 0 ? QStringLiteral("no layer fits")
                            : QStringLiteral("%1 of %2 layers").arg(found).arg(model_->layerCount());
    if (!filter.is_empty() && !chosen_.isEmpty() && visibleSelection().isEmpty())
        remark += QStringLiteral("; the selected one is not among them");
    remark_->setText(remark);
    remark_->setVisible(!remark.isEmpty());
}

void LayerTree::rememberSelection() {
    if (quiet_ || rows_going_) return;
    chosen_.clear();
    for (const QModelIndex& index : view_->selectionModel()->selectedRows())
        chosen_ << proxy_->mapToSource(index);
}

void LayerTree::restoreSelection() {
    QItemSelection selection;
    QModelIndex current;
    for (const QPersistentModelIndex& chosen : std::as_const(chosen_)) {
        const QModelIndex index = proxy_->mapFromSource(chosen);
        if (!index.isValid()) continue;
        selection.select(index, index);
        if (!current.isValid() || index.data(LayerModel::layer_role).toString() == current_) current = index;
    }
    const bool quiet = std::exchange(quiet_, true);
    view_->selectionModel()->select(selection, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    if (current.isValid()) {
        view_->selectionModel()->setCurrentIndex(current, QItemSelectionModel::NoUpdate);
        view_->scrollTo(current);
    }
    quiet_ = quiet;
    readSelection();
}

void LayerTree::rememberOpenBlocks() {
    open_blocks_.clear();
    for (int row = 0; row < proxy_->rowCount(); ++row)
        if (const QModelIndex index = proxy_->index(row, 0); view_->isExpanded(index))
            open_blocks_ << proxy_->mapToSource(index);
}

void LayerTree::restoreOpenBlocks() {
    view_->collapseAll();
    for (const QPersistentModelIndex& block : std::as_const(open_blocks_))
        view_->expand(proxy_->mapFromSource(block));
    for (const QPersistentModelIndex& chosen : std::as_const(chosen_)) // what is selected stays in sight
        if (chosen_.size() <= opened_for_selection && chosen.parent().isValid())
            view_->expand(proxy_->mapFromSource(chosen.parent()));
}

QStringList LayerTree::selected() const {
    const QStringList visible = visibleSelection();
    if (!visible.isEmpty()) return visible;
    QStringList hidden; // only hidden ones are chosen: nothing but a person's choice may put others in their place
    for (const QPersistentModelIndex& chosen : chosen_)
        if (chosen.isValid()) hidden << model_->layersBelow(chosen);
    return hidden;
}

QStringList LayerTree::visibleSelection() const {
    QList<int> places;
    QHash<QString, int> order;
    const QStringList all = model_->layerNames();
    for (int i = 0; i < all.size(); ++i)
        order.insert(all[i], i);
    for (const QModelIndex& index : view_->selectionModel()->selectedRows()) {
        if (!index.data(LayerModel::group_role).toBool()) {
            places << order.value(index.data(LayerModel::layer_role).toString());
            continue;
        }
        for (int row = 0; row < proxy_->rowCount(index); ++row) // the filter decides which layers a block stands for
            places << order.value(proxy_->index(row, 0, index).data(LayerModel::layer_role).toString());
    }
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    QStringList names;
    for (int place : places)
        names << all[place];
    return names;
}

void LayerTree::readSelection() {
    if (quiet_ || rows_going_) return;
    const QStringList layers = selected();
    const QModelIndex index = view_->currentIndex();
    const QString at = index.siblingAtColumn(0).data(LayerModel::layer_role).toString();
    if (layers.contains(at))
        current_ = at;
    else if (!layers.contains(current_))
        current_ = layers.value(0);
    if (told_ && layers == told_layers_ && current_ == told_current_)
        return; // a click changes selection and current index
    told_ = true;
    told_layers_ = layers;
    told_current_ = current_;
    Q_EMIT selectionChanged(layers, current_);
}

void LayerTree::select(const QStringList& layers) {
    quiet_ = true;
    QItemSelection selection;
    QModelIndex first;
    for (const QString& layer : layers) {
        QModelIndex index = proxy_->mapFromSource(model_->indexOf(layer));
        if (!index.isValid() && model_->layer(layer)) { // hidden by the filter: what is asked for must be seen
            filter_->clear();
            index = proxy_->mapFromSource(model_->indexOf(layer));
        }
        if (!index.isValid()) continue;
        if (!first.isValid()) first = index;
        if (index.parent().isValid() && layers.size() <= opened_for_selection) view_->expand(index.parent());
        selection.select(index, index);
    }
    view_->selectionModel()->select(selection, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    if (first.isValid()) {
        view_->selectionModel()->setCurrentIndex(first, QItemSelectionModel::NoUpdate);
        view_->scrollTo(first);
    }
    quiet_ = false;
    rememberSelection();
    describeFilter();
    readSelection();
}

void LayerTree::selectRole(const QString& role) {
    QStringList layers;
    for (const QString& name : model_->layerNames())
        if (QString::fromStdString(model_->layer(name)->role) == role) layers << name;
    select(layers);
}

void LayerTree::setColourMeasure(const QString& key) { model_->setColourMeasure(key); }

void LayerTree::focusFilter() {
    filter_->setFocus(Qt::ShortcutFocusReason);
    filter_->selectAll();
}

bool LayerTree::eventFilter(QObject* watched, QEvent* event) {
    if (watched == filter_ && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Escape && !filter_->text().isEmpty()) {
            filter_->clear();
            return true;
        }
        if (key == Qt::Key_Down || key == Qt::Key_Return || key == Qt::Key_Enter) { // on to what was found
            view_->setFocus(Qt::TabFocusReason);
            if (!view_->selectionModel()->hasSelection() && proxy_->rowCount() > 0) {
                QModelIndex first = proxy_->index(0, 0);
                if (proxy_->hasChildren(first)) first = proxy_->index(0, 0, first);
                view_->setCurrentIndex(first);
            }
            return true;
        }
    }
    if (watched == view_ && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        if (key->key() == Qt::Key_Space && key->modifiers() == Qt::NoModifier) {
            Q_EMIT compareRequested();
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

QByteArray LayerTree::columnState() const { return view_->header()->saveState(); }

void LayerTree::restoreColumnState(const QByteArray& state) {
    if (!state.isEmpty()) view_->header()->restoreState(state);
}

} // namespace quantscope::widgets
