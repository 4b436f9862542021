// The Compare table: the original and every candidate, what it costs and what it loses. Also says how bars are drawn.
#pragma once

#include <QAbstractTableModel>
#include <QStyledItemDelegate>
#include <vector>

#include "core/studio/views.h"

namespace quantscope::widgets {

/// How a person reads the convention of a perplexity: results, recipes and the command line spell it "huggingface".
QString convention_text(const std::string& convention);

class CompareModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column {
        name_column,
        size_column,
        bits_column,
        perplexity_column,
        difference_column, ///< of the mean negative log-likelihood to the original's, with its standard error
        kl_column,
        kl99_column,
        top1_column,
        seconds_column,
        column_count
    };
    enum Role { bar_role = Qt::UserRole, colour_role, sort_role };

    /// A row that waits to be evaluated has a name, a recipe (null: the original) and nothing else.
    struct Row {
        QString name;
        nlohmann::json recipe;
        bool checked = true;
        bool fixed = false; ///< original and present recipe cannot be taken away
        studio::CompareRow result;
        bool known = false; ///< result is there
        bool stale = false; ///< result is of other options or of the recipe before its last change
    };

    using QAbstractTableModel::QAbstractTableModel;
    void setRows(std::vector<Row> rows);
    const std::vector<Row>& rows() const { return rows_; }
    int add(Row row);
    void removeAt(int row);
    void setResult(int row, const studio::CompareRow& result);
    void setRecipe(int row, const QString& name, const nlohmann::json& recipe); ///< marks its result stale
    void markStale(int row);
    int find(const nlohmann::json& recipe) const; ///< −1: there is none

    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(rows_.size()); }
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : column_count; }
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

private:
    double value(const Row& row, int column) const;
    const Row* original() const; ///< the original's row when it is measured and its result is not stale
    QString text(const Row& row, int column) const;
    double bar(const Row& row, int column) const;

    std::vector<Row> rows_;
};

/// Draws the bar behind a cell's number and the model's colour before its name.
class CompareDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

} // namespace quantscope::widgets
