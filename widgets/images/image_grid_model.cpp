// The grid's cells.
#include "widgets/images/image_grid_model.h"

#include <algorithm>
#include <cmath>

#include "widgets/number_text.h"

namespace quantscope::widgets {

void ImageGridModel::setComparison(ComparisonSnapshot comparison) {
    const auto rows = [](const ComparisonSnapshot& of) { return of ? int(of->rows.size()) : 0; };
    const auto columns = [](const ComparisonSnapshot& of) { return of ? int(of->columns.size()) : 0; };
    const bool same = rows(comparison) == rowCount() && columns(comparison) == columnCount();
    if (!same) beginResetModel();
    comparison_ = std::move(comparison);
    if (!same) return endResetModel();
    if (rowCount() == 0 || columnCount() == 0) return;
    Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
    Q_EMIT headerDataChanged(Qt::Horizontal, 0, columnCount() - 1);
    Q_EMIT headerDataChanged(Qt::Vertical, 0, rowCount() - 1);
}

void ImageGridModel::setClassNames(const QStringList& names) {
    class_names_ = names;
    if (rowCount() > 0 && columnCount() > 0) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
}

int ImageGridModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() || !comparison_ ? 0 : int(comparison_->rows.size());
}

int ImageGridModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() || !comparison_ ? 0 : int(comparison_->columns.size());
}

QString ImageGridModel::rowTitle(int row) const {
    const studio::ImageRow& asked = comparison_->rows[std::size_t(row)];
    const QString name = QString::fromStdString(asked.class_name);
    return class_text(name.isEmpty() ? class_names_.value(asked.label) : name, asked.label);
}

QString ImageGridModel::rowDetail(int row) const {
    return QStringLiteral("seed %1").arg(comparison_->rows[std::size_t(row)].seed);
}

QString ImageGridModel::columnTitle(int column) const {
    return QString::fromStdString(comparison_->columns[std::size_t(column)].name);
}

QString ImageGridModel::columnDetail(int column) const {
    const studio::ImageColumn& model = comparison_->columns[std::size_t(column)];
    QStringList parts;
    if (std::isfinite(model.bytes)) parts << size_text(model.bytes);
    if (std::isfinite(model.bits_per_weight))
        parts << QStringLiteral("%1 bits").arg(fixed_text(model.bits_per_weight, 2));
    return parts.join(QStringLiteral(" · "));
}

QString ImageGridModel::metricsText(int row, int column) const {
    const studio::ImageMetrics* metrics = metrics_at(*comparison_, row, column);
    if (!metrics || (std::isnan(metrics->psnr_db) && std::isnan(metrics->ssim))) return {};
    return QStringLiteral("%1 · %2").arg(psnr_text(metrics->psnr_db), fixed_text(metrics->ssim, 3));
}

QString ImageGridModel::recognisedText(int row, int column) const {
    const studio::ImageMetrics* metrics = metrics_at(*comparison_, row, column);
    if (!metrics || metrics->recognised < 0) return {};
    QString name = class_names_.value(metrics->recognised);
    for (const auto& asked : comparison_->rows) // a snapshot from a file brings names of its own
        if (name.isEmpty() && asked.label == metrics->recognised) name = QString::fromStdString(asked.class_name);
    return class_text(name, metrics->recognised);
}

bool ImageGridModel::isMistaken(int row, int column) const {
    const studio::ImageMetrics* metrics = metrics_at(*comparison_, row, column);
    return metrics && metrics->recognised >= 0 && metrics->recognised != comparison_->rows[std::size_t(row)].label;
}

bool ImageGridModel::hasClassifier() const {
    if (!comparison_) return false;
    const auto& columns = comparison_->columns;
    return std::any_of(columns.begin(), columns.end(), [](const auto& column) {
        return std::any_of(column.metrics.begin(), column.metrics.end(),
                           [](const auto& metrics) { return metrics.recognised >= 0; });
    });
}

QString ImageGridModel::describe(int row, int column, const QString& separator) const {
    QStringList words{rowTitle(row) + QStringLiteral(", ") + rowDetail(row) + QStringLiteral(", ") +
                      columnTitle(column)};
    if (!is_sampled(picture_at(*comparison_, row, column)))
        words << QStringLiteral("not sampled yet");
    else if (const auto* metrics = metrics_at(*comparison_, row, column); metrics && !std::isnan(metrics->psnr_db))
        words << QStringLiteral("PSNR %1").arg(psnr_text(metrics->psnr_db))
              << QStringLiteral("SSIM %1").arg(fixed_text(metrics->ssim, 3));
    if (const QString seen = recognisedText(row, column); !seen.isEmpty())
        words << QStringLiteral("recognised as %1%2")
                     .arg(seen, isMistaken(row, column) ? QStringLiteral(", not as the class asked for") : QString());
    return words.join(separator);
}

QVariant ImageGridModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || !comparison_) return {};
    switch (role) {
    case Qt::AccessibleTextRole:
        return describe(index.row(), index.column(), QStringLiteral("; "));
    case Qt::ToolTipRole:
        return describe(index.row(), index.column(), QStringLiteral("\n"));
    default:
        return {};
    }
}

QVariant ImageGridModel::headerData(int section, Qt::Orientation orientation, int role) const {
    const bool across = orientation == Qt::Horizontal;
    if (section < 0 || section >= (across ? columnCount() : rowCount())) return {};
    switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole:
        return across ? columnTitle(section) : rowTitle(section) + QStringLiteral(", ") + rowDetail(section);
    case Qt::ToolTipRole:
        return across ? QStringLiteral("%1\n%2").arg(columnTitle(section), columnDetail(section)).trimmed()
                      : QStringLiteral("%1 (class %2), %3")
                            .arg(rowTitle(section))
                            .arg(comparison_->rows[std::size_t(section)].label)
                            .arg(rowDetail(section));
    default:
        return {};
    }
}

} // namespace quantscope::widgets
