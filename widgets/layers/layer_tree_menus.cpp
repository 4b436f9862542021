// The Layers panel's menus: roles to filter by, measures to colour by, columns, and what a layer offers.
#include <QActionGroup>
#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QMenu>

#include "widgets/layers/layer_tree.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

using studio::LayerRow;

void LayerTree::fillRoleMenu() {
    QMenu* menu = roles_->menu();
    menu->clear();
    const QStringList chosen = LayerFilter::parse(filter_->text()).roles();
    const auto set_roles = [this](const QStringList& roles) {
        QStringList words = filter_->text().split(u' ', Qt::SkipEmptyParts);
        words.removeIf([](const QString& word) { return word.startsWith(QLatin1String("role:")); });
        if (!roles.isEmpty()) words.prepend(QStringLiteral("role:") + roles.join(u','));
        filter_->setText(words.join(u' '));
    };
    connect(menu->addAction(QStringLiteral("All roles")), &QAction::triggered, this, [=] { set_roles({}); });
    menu->addSeparator();
    for (const QString& role : model_->roles()) {
        QAction* action = menu->addAction(role);
        action->setCheckable(true);
        action->setChecked(chosen.contains(role));
        QPixmap hue(12, 12);
        hue.fill(Theme::current().role_colour(role));
        action->setIcon(hue);
        connect(action, &QAction::triggered, this, [=](bool on) {
            QStringList roles = chosen;
            if (on)
                roles << role;
            else
                roles.removeAll(role);
            set_roles(roles);
        });
    }
}

void LayerTree::fillColourMenu() {
    QMenu* menu = colours_->menu();
    menu->clear();
    auto* group = new QActionGroup(menu);
    for (const LayerMeasure& measure : layer_measures()) {
        QAction* action = menu->addAction(measure.label);
        action->setCheckable(true);
        action->setChecked(measure.key == model_->colourMeasure());
        action->setToolTip(measure.help);
        group->addAction(action);
        connect(action, &QAction::triggered, this, [this, key = measure.key] { setColourMeasure(key); });
    }
}

void LayerTree::headerMenu(const QPoint& place) {
    QMenu menu(this);
    for (int column = 1; column < LayerModel::column_count; ++column) {
        QString title = model_->headerData(column, Qt::Horizontal).toString();
        if (column == LayerModel::colour_column) title = layer_measure(model_->colourMeasure()).label;
        QAction* action = menu.addAction(title);
        action->setCheckable(true);
        action->setChecked(!view_->isColumnHidden(column));
        connect(action, &QAction::toggled, this, [this, column](bool on) { view_->setColumnHidden(column, !on); });
    }
    menu.exec(view_->header()->mapToGlobal(place));
}

void LayerTree::contextMenu(const QPoint& place) {
    const QModelIndex index = view_->indexAt(place);
    if (!index.isValid()) return;
    const QStringList names = model_->layersBelow(proxy_->mapToSource(index.siblingAtColumn(0)));
    const LayerRow* row = names.isEmpty() ? nullptr : model_->layer(names.first());
    if (!row) return;
    QMenu menu(this);
    const QString role = QString::fromStdString(row->role);
    connect(menu.addAction(QStringLiteral("Select every “%1” layer").arg(role)), &QAction::triggered, this,
            [this, role] { selectRole(role); });
    connect(menu.addAction(QStringLiteral("Select block %1").arg(row->block)), &QAction::triggered, this,
            [this, block = row->block] {
                QStringList layers;
                for (const QString& name : model_->layerNames())
                    if (model_->layer(name)->block == block) layers << name;
                select(layers);
            });
    connect(menu.addAction(themed_icon(QStringLiteral("edit-copy")), QStringLiteral("Copy the name")),
            &QAction::triggered, this, [names] { QApplication::clipboard()->setText(names.join(u'\n')); });
    menu.exec(view_->viewport()->mapToGlobal(place));
}

} // namespace quantscope::widgets
