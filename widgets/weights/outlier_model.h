// A layer's outliers as a sortable table: row, column, value, distance from the mean.
#pragma once

#include <QAbstractTableModel>
#include <memory>
#include <vector>

#include "core/studio/views.h"

namespace quantscope::widgets {

class OutlierModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { row_column, column_column, value_column, sigmas_column, column_count };

    using QAbstractTableModel::QAbstractTableModel;
    void set_view(std::shared_ptr<const studio::WeightView> view);
    /// The outlier that a table row shows. \param row  0 … rowCount() − 1
    const studio::Outlier& outlier(int row) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    void sort(int column, Qt::SortOrder order = Qt::AscendingOrder) override;

private:
    std::shared_ptr<const studio::WeightView> view_;
    std::vector<int> order_; ///< table row → place in the view's list
};

} // namespace quantscope::widgets
