// The Layers panel: the tree with its filter line, its role and colour menus, and the multi-selection that the rest of
// the window follows.
#pragma once

#include <QLabel>
#include <QLineEdit>
#include <QPersistentModelIndex>
#include <QTimer>
#include <QToolButton>
#include <QTreeView>
#include <QWidget>

#include "widgets/layers/layer_model.h"

namespace quantscope::widgets {

class LayerTree : public QWidget {
    Q_OBJECT
public:
    explicit LayerTree(QWidget* parent = nullptr);

    void setLayers(const std::vector<studio::LayerRow>& layers);
    void setMeasures(const QString& layer, const studio::LayerMeasures& measures) {
        model_->setMeasures(layer, measures);
    }
    const LayerModel& model() const { return *model_; }

    /// The selected layers in the model's order; a selected block stands for all its layers that the filter leaves.
    /// Layers that the filter has hidden stay selected while no other is.
    QStringList selected() const;
    /// The layer that the views show: the one last reached by mouse or keyboard; empty when there is none.
    QString current() const { return current_; }
    /// Selects layers, opens their blocks and scrolls to the first.
    void select(const QStringList& layers);
    void selectRole(const QString& role); ///< all layers of a role

    void setFilterText(const QString& text) { filter_->setText(text); }
    QString filterText() const { return filter_->text(); }
    void setColourMeasure(const QString& key);
    void focusFilter();
    QByteArray columnState() const;
    void restoreColumnState(const QByteArray& state);

Q_SIGNALS:
    void selectionChanged(const QStringList& layers, const QString& current);
    void compareRequested(); ///< Space: show the chosen layer before and after

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void makeFilter();
    void makeButtons();
    void makeView();
    void followSelection();
    void layOut();
    void applyFilter();
    void describeFilter();
    void rememberSelection(); ///< what a person has chosen, to be brought back when the filter lets it
    void restoreSelection();
    void rememberOpenBlocks();
    void restoreOpenBlocks();
    QStringList visibleSelection() const;
    void readSelection();
    void openFirstBlocks();
    // In layer_tree_menus.cpp:
    void fillRoleMenu();
    void fillColourMenu();
    void headerMenu(const QPoint& place);
    void contextMenu(const QPoint& place);

    LayerModel* model_;
    LayerFilterProxy* proxy_;
    QLineEdit* filter_;
    QLabel* remark_;
    QToolButton *roles_, *colours_, *grouping_;
    QTreeView* view_;
    QString current_;
    bool told_ = false;
    QStringList told_layers_; ///< what selectionChanged has said last
    QString told_current_;
    bool rows_going_ = false;                           ///< the filter is taking rows away
    bool quiet_ = false;                                ///< a selection is being made by select(), told once at its end
    QList<QPersistentModelIndex> chosen_, open_blocks_; ///< of the model below the filter
    QTimer restore_timer_; ///< rows have come or gone because a measure that the filter asks for has changed
};

} // namespace quantscope::widgets
