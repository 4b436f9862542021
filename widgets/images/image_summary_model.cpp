// The table under the grid.
#include "widgets/images/image_summary_model.h"

#include <algorithm>
#include <cmath>

#include "widgets/compare/compare_model.h"
#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

void ImageSummaryModel::setComparison(ComparisonSnapshot comparison) {
    const int rows = comparison ? int(comparison->columns.size()) : 0;
    const bool same = rows == rowCount();
    if (!same) beginResetModel();
    comparison_ = std::move(comparison);
    if (!same)
        endResetModel();
    else if (rows > 0)
        Q_EMIT dataChanged(index(0, 0), index(rows - 1, column_count - 1));
    Q_EMIT headerDataChanged(Qt::Horizontal, 0, column_count - 1);
}

int ImageSummaryModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() || !comparison_ ? 0 : int(comparison_->columns.size());
}

double ImageSummaryModel::value(int row, int column) const {
    const studio::ImageColumn& model = comparison_->columns[std::size_t(row)];
    switch (column) {
    case size_column:
        return model.bytes;
    case bits_column:
        return model.bits_per_weight;
    case psnr_column:
        return model.mean_psnr_db;
    case ssim_column:
        return model.mean_ssim;
    case frechet_column:
        return model.frechet_distance;
    case recognised_column:
        return model.recognised_share;
    case seconds_column:
        return model.seconds;
    default:
        return NAN;
    }
}

QString ImageSummaryModel::text(int row, int column) const {
    const double number = value(row, column);
    switch (column) {
    case name_column:
        return QString::fromStdString(comparison_->columns[std::size_t(row)].name);
    case size_column:
        return size_text(number);
    case bits_column:
        return fixed_text(number, 2);
    case psnr_column:
        return psnr_text(number);
    case ssim_column:
        return fixed_text(number, 3);
    case frechet_column:
        return number_text(number);
    case recognised_column:
        return percent_text(number);
    default:
        return std::isfinite(number) ? fixed_text(number, 1) + QStringLiteral(" s") : not_known;
    }
}

double ImageSummaryModel::bar(int row, int column) const {
    if (column != size_column && column != frechet_column) return NAN;
    double most = 0;
    for (int other = 0; other < rowCount(); ++other)
        if (const double number = value(other, column); std::isfinite(number)) most = std::max(most, number);
    const double number = value(row, column);
    return most > 0 && std::isfinite(number) ? number / most : NAN;
}

QVariant ImageSummaryModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || !comparison_) return {};
    const int row = index.row(), column = index.column();
    switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole:
        return text(row, column);
    case Qt::ToolTipRole:
        return column == name_column ? QVariant(text(row, column)) : QVariant();
    case Qt::TextAlignmentRole:
        return int((column == name_column ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    case Qt::FontRole:
        return column == name_column ? Theme::current().text_font() : Theme::current().number_font();
    case CompareModel::bar_role: {
        const double length = bar(row, column);
        return std::isfinite(length) ? QVariant(length) : QVariant();
    }
    case CompareModel::colour_role:
        return column == name_column ? QVariant(Theme::current().model_colour(row)) : QVariant();
    default:
        return {};
    }
}

QString ImageSummaryModel::frechetHelp() const {
    QString help = tr("Fréchet distance between the features of sampled images and those they are held against; lower "
                      "is better, and it shrinks with more samples: compare equal numbers only.");
    if (comparison_ && !comparison_->frechet_reference.empty())
        help += tr(" Here: %1 samples against %2.")
                    .arg(comparison_->frechet_samples)
                    .arg(QString::fromStdString(comparison_->frechet_reference));
    return help;
}

QVariant ImageSummaryModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= column_count) return {};
    static const char* const titles[] = {"model",     "size",    "bits/weight", "mean PSNR",
                                         "mean SSIM", "Fréchet", "recognised",  "time"};
    static const char* const helps[] = {
        "",
        "Bytes of the model as it would be exported",
        "Every stored byte of the quantized layers, per weight",
        "Peak signal-to-noise ratio to the original's images, mean over the rows; higher is closer",
        "Structural similarity to the original's images (Wang et al. 2004), mean over the rows; 1 is equal",
        "",
        "Share of the sampled images that a classifier takes for the class asked for",
        "Time to sample this column"};
    switch (role) {
    case Qt::DisplayRole:
        return QString::fromUtf8(titles[section]);
    case Qt::ToolTipRole:
        return section == frechet_column ? frechetHelp() : QString::fromUtf8(helps[section]);
    case Qt::TextAlignmentRole:
        return int((section == name_column ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    default:
        return {};
    }
}

} // namespace quantscope::widgets
