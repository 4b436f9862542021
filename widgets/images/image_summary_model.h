// The table under the grid: what each model costs and how far its images are from the original's.
#pragma once

#include <QAbstractTableModel>

#include "widgets/images/pictures.h"

namespace quantscope::widgets {

/// Its delegate is the Compare table's: the roles for bars and colours are the same.
class ImageSummaryModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column {
        name_column,
        size_column,
        bits_column,
        psnr_column,
        ssim_column,
        frechet_column,
        recognised_column,
        seconds_column,
        column_count
    };

    using QAbstractTableModel::QAbstractTableModel;
    void setComparison(ComparisonSnapshot comparison);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : column_count; }
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    double value(int row, int column) const;
    QString text(int row, int column) const;
    double bar(int row, int column) const; ///< its length, 0 to 1; NaN for none
    QString frechetHelp() const;

    ComparisonSnapshot comparison_;
};

} // namespace quantscope::widgets
