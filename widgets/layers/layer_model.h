// The layers as Qt's item views see them: blocks with their layers below, measures that arrive one by one from workers.
#pragma once

#include <QAbstractItemModel>
#include <QHash>
#include <QSortFilterProxyModel>
#include <QTimer>
#include <vector>

#include "core/studio/views.h"
#include "widgets/layers/layer_filter.h"

namespace quantscope::widgets {

/// Top level: blocks, and the layers outside of blocks. Second level: a block's layers. Made flat, all are at the top.
class LayerModel : public QAbstractItemModel {
    Q_OBJECT
public:
    enum Column {
        name_column,
        bits_column,
        error_column,
        colour_column,
        parameters_column,
        size_column,
        role_column,
        column_count
    };
    enum Role {
        layer_role = Qt::UserRole, ///< QString: the layer's full name; empty for a block
        sort_role,                 ///< double or QString, for sorting
        fraction_role,             ///< double in [0, 1] for the colour swatch, or invalid
        differs_role,              ///< bool: the layer, or one below the block, differs from the default
        estimate_role,             ///< bool: the shown error is an estimate
        group_role                 ///< bool: a block
    };

    explicit LayerModel(QObject* parent = nullptr);

    void setLayers(const std::vector<studio::LayerRow>& layers);
    /// Cheap: what changed is told to the views once per frame. A NaN leaves what is known as it is.
    void setMeasures(const QString& layer, const studio::LayerMeasures& measures);
    void setColourMeasure(const QString& key);
    QString colourMeasure() const { return measure_key_; }
    void setGrouped(bool grouped);
    bool isGrouped() const { return grouped_; }

    qsizetype layerCount() const { return qsizetype(rows_.size()); }
    QStringList layerNames() const;
    QStringList roles() const; ///< that occur, in the model's order
    const studio::LayerRow* layer(const QString& name) const;
    studio::LayerMeasures measures(const QString& name) const;
    QModelIndex indexOf(const QString& layer) const;
    QStringList layersBelow(const QModelIndex& index) const; ///< the layer itself, or all of a block

    /// Row and measures at an index, null for a block.
    const studio::LayerRow* rowAt(const QModelIndex& index) const;
    const studio::LayerMeasures* measuresAt(const QModelIndex& index) const;

    QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
    QModelIndex parent(const QModelIndex& index) const override;
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    struct Node { ///< an entry of the top level
        int block = -1;
        std::vector<int> layers; ///< of a block; a single one outside of blocks
        bool is_group = false;
    };
    void regroup();
    void tellChanges();
    studio::LayerMeasures summary(const Node& node) const;
    double colourFraction(double value) const;
    QVariant layerText(const studio::LayerRow& row, const studio::LayerMeasures& measures, int column) const;
    QString toolTip(const studio::LayerRow& row, const studio::LayerMeasures& measures) const;

    std::vector<studio::LayerRow> rows_;
    std::vector<studio::LayerMeasures> measures_;
    std::vector<Node> nodes_;
    std::vector<int> node_of_, place_in_node_; ///< per layer
    QHash<QString, int> by_name_;
    QString measure_key_ = QStringLiteral("outliers");
    bool grouped_ = true;
    double colour_low_ = 0, colour_high_ = 1;
    int changed_first_ = -1, changed_last_ = -1; ///< nodes not yet told
    QTimer tell_timer_;
};

/// Filters and sorts the layers; a block stays while one of its layers does.
class LayerFilterProxy : public QSortFilterProxyModel {
    Q_OBJECT
public:
    explicit LayerFilterProxy(QObject* parent = nullptr);
    void setFilter(const LayerFilter& filter);
    const LayerFilter& filter() const { return filter_; }

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

private:
    LayerFilter filter_;
};

/// "q_proj" of "model.layers.3.self_attn.q_proj"; with the block in front where the tree is flat.
QString short_layer_name(const studio::LayerRow& row, bool with_block);

} // namespace quantscope::widgets
