// The grid's cells: what was asked for down, the models across. Pictures and metrics come from the snapshot it holds.
#pragma once

#include <QAbstractTableModel>
#include <QStringList>

#include "widgets/images/pictures.h"

namespace quantscope::widgets {

class ImageGridModel : public QAbstractTableModel {
    Q_OBJECT
public:
    using QAbstractTableModel::QAbstractTableModel;

    /// A snapshot with the same rows and columns changes the cells in place: selection and scrolling stay.
    void setComparison(ComparisonSnapshot comparison);
    const ComparisonSnapshot& comparison() const { return comparison_; }
    void setClassNames(const QStringList& names); ///< of all classes, for those that a classifier recognises

    QString rowTitle(int row) const;                ///< "Trouser"
    QString rowDetail(int row) const;               ///< "seed 1"
    QString columnTitle(int column) const;          ///< "uniform W4 g64"
    QString columnDetail(int column) const;         ///< "3.1 MB · 4.25 bits"
    QString metricsText(int row, int column) const; ///< "22.0 dB · 0.740"; empty under the original
    /// The class a classifier sees; empty where there is none or it has not looked yet.
    QString recognisedText(int row, int column) const;
    bool isMistaken(int row, int column) const; ///< recognised as another class than the one asked for
    bool hasClassifier() const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QString describe(int row, int column, const QString& separator) const;

    ComparisonSnapshot comparison_;
    QStringList class_names_;
};

} // namespace quantscope::widgets
