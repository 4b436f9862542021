// A layer's outliers as a sortable table.
#include "widgets/weights/outlier_model.h"

#include <algorithm>
#include <numeric>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

double key(const studio::Outlier& outlier, int column) {
    switch (column) {
    case OutlierModel::row_column:
        return double(outlier.row);
    case OutlierModel::column_column:
        return double(outlier.column);
    case OutlierModel::value_column:
        return outlier.value;
    default:
        return outlier.sigmas;
    }
}

} // namespace

void OutlierModel::set_view(std::shared_ptr<const studio::WeightView> view) {
    beginResetModel();
    view_ = std::move(view);
    order_.resize(view_ ? view_->outliers.size() : 0);
    std::iota(order_.begin(), order_.end(), 0);
    endResetModel();
}

const studio::Outlier& OutlierModel::outlier(int row) const {
    return view_->outliers[std::size_t(order_[std::size_t(row)])];
}

int OutlierModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(order_.size()); }

int OutlierModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(column_count); }

QVariant OutlierModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) return {};
    if (role == Qt::TextAlignmentRole) return int(Qt::AlignRight | Qt::AlignVCenter);
    if (role == Qt::FontRole) return Theme::current().number_font();
    if (role != Qt::DisplayRole) return {};
    const auto& shown = outlier(index.row());
    switch (index.column()) {
    case row_column:
        return QString::number(shown.row);
    case column_column:
        return QString::number(shown.column);
    case value_column:
        return number_text(shown.value, 4);
    case sigmas_column:
        return fixed_text(shown.sigmas, 1);
    default:
        return {};
    }
}

QVariant OutlierModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole) return int(Qt::AlignRight | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole)
        return section == sigmas_column   ? tr("distance from the mean, in standard deviations of the whole tensor")
               : section == row_column    ? tr("output channel")
               : section == column_column ? tr("input channel")
                                          : tr("the weight itself");
    if (role != Qt::DisplayRole) return {};
    switch (section) {
    case row_column:
        return tr("row");
    case column_column:
        return tr("column");
    case value_column:
        return tr("weight");
    case sigmas_column:
        return tr("σ away");
    default:
        return {};
    }
}

void OutlierModel::sort(int column, Qt::SortOrder order) {
    if (!view_ || column < 0 || column >= column_count) return;
    Q_EMIT layoutAboutToBeChanged({}, QAbstractItemModel::VerticalSortHint);
    const auto old_indexes = persistentIndexList();
    std::vector<int> held;
    for (const auto& index : old_indexes)
        held.push_back(order_[std::size_t(index.row())]);
    std::stable_sort(order_.begin(), order_.end(), [&](int a, int b) {
        const double one = key(view_->outliers[std::size_t(a)], column);
        const double other = key(view_->outliers[std::size_t(b)], column);
        return order == Qt::AscendingOrder ? one < other : one > other;
    });
    QModelIndexList new_indexes;
    for (qsizetype i = 0; i < old_indexes.size(); ++i) {
        const auto place = std::find(order_.begin(), order_.end(), held[std::size_t(i)]) - order_.begin();
        new_indexes.append(index(int(place), old_indexes[i].column()));
    }
    changePersistentIndexList(old_indexes, new_indexes);
    Q_EMIT layoutChanged({}, QAbstractItemModel::VerticalSortHint);
}

} // namespace quantscope::widgets
