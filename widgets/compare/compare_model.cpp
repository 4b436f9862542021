// The Compare table.
#include "widgets/compare/compare_model.h"

#include <QApplication>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

namespace {
/// As many decimals as an uncertainty leaves sense in: two of its own digits, and no more than five.
int decimals_for(double error) {
    if (!(error > 0) || !std::isfinite(error)) return 3;
    return std::clamp(1 - int(std::floor(std::log10(error))), 1, 5);
}
} // namespace

QString convention_text(const std::string& convention) {
    return convention == "huggingface" ? QStringLiteral("Hugging Face") : QString::fromStdString(convention);
}

void CompareModel::setRows(std::vector<Row> rows) {
    beginResetModel();
    rows_ = std::move(rows);
    endResetModel();
}

int CompareModel::add(Row row) {
    const int place = int(rows_.size());
    beginInsertRows({}, place, place);
    rows_.push_back(std::move(row));
    endInsertRows();
    return place;
}

void CompareModel::removeAt(int row) {
    if (row < 0 || row >= rowCount() || rows_[std::size_t(row)].fixed) return;
    beginRemoveRows({}, row, row);
    rows_.erase(rows_.begin() + row);
    endRemoveRows();
}

void CompareModel::setResult(int row, const studio::CompareRow& result) {
    if (row < 0 || row >= rowCount()) return;
    Row& changed = rows_[std::size_t(row)];
    changed.result = result;
    changed.known = true;
    changed.stale = false;
    Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, column_count - 1)); // bars are relative to each other
}

void CompareModel::setRecipe(int row, const QString& name, const nlohmann::json& recipe) {
    if (row < 0 || row >= rowCount()) return;
    Row& changed = rows_[std::size_t(row)];
    changed.stale = changed.known && recipe != changed.result.recipe;
    changed.recipe = recipe;
    changed.name = name;
    Q_EMIT dataChanged(index(row, 0), index(row, column_count - 1));
}

void CompareModel::markStale(int row) {
    if (row < 0 || row >= rowCount()) return;
    Row& changed = rows_[std::size_t(row)];
    if (!changed.known || changed.stale) return;
    changed.stale = true;
    Q_EMIT dataChanged(index(row, 0), index(row, column_count - 1));
}

int CompareModel::find(const nlohmann::json& recipe) const {
    for (std::size_t i = 0; i < rows_.size(); ++i)
        if (rows_[i].recipe == recipe) return int(i);
    return -1;
}

const CompareModel::Row* CompareModel::original() const {
    for (const Row& row : rows_)
        if (row.recipe.is_null() && row.known && !row.stale) return &row;
    return nullptr;
}

double CompareModel::value(const Row& row, int column) const {
    if (!row.known) return NAN;
    const auto& result = row.result;
    switch (column) {
    case size_column:
        return double(result.bytes);
    case bits_column:
        return result.bits_per_weight;
    case perplexity_column:
        return result.perplexity;
    case difference_column:
        if (row.recipe.is_null()) return 0;
        return original() ? result.nll - original()->result.nll : NAN;
    case kl_column:
        return row.recipe.is_null() ? 0 : result.kl_mean;
    case kl99_column:
        return row.recipe.is_null() ? 0 : result.kl_p99;
    case top1_column:
        return row.recipe.is_null() ? 1 : result.top1_agreement;
    case seconds_column:
        return result.seconds;
    default:
        return NAN;
    }
}

QString CompareModel::text(const Row& row, int column) const {
    const double number = value(row, column);
    switch (column) {
    case name_column:
        return row.name;
    case size_column:
        return size_text(number);
    case bits_column:
        return fixed_text(number, 2);
    case perplexity_column:
        return number_text(number, 4);
    case difference_column: {
        const double error = row.result.nll_standard_error;
        if (row.recipe.is_null() || !std::isfinite(number)) return row.known ? number_text(number) : not_known;
        QString text = (number > 0 ? QStringLiteral("+") : QString()) + fixed_text(number, decimals_for(error));
        if (std::isfinite(error)) text += QStringLiteral(" ± ") + fixed_text(error, decimals_for(error));
        return text;
    }
    case kl_column:
    case kl99_column:
        return number_text(number);
    case top1_column:
        return percent_text(number);
    case seconds_column:
        return std::isfinite(number) ? fixed_text(number, 1) + QStringLiteral(" s") : not_known;
    default:
        return {};
    }
}

double CompareModel::bar(const Row& row, int column) const {
    if (column != size_column && column != perplexity_column && column != kl_column) return NAN;
    double most = 0, least = INFINITY;
    for (const Row& other : rows_) {
        const double number = value(other, column);
        if (!std::isfinite(number)) continue;
        most = std::max(most, number), least = std::min(least, number);
    }
    const double number = value(row, column);
    if (!std::isfinite(number) || most <= 0) return NAN;
    if (column != perplexity_column) return number / most;
    return std::log(number / (0.8 * least)) / std::log(most / (0.8 * least)); // perplexities differ by factors
}

QVariant CompareModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const Row& row = rows_[std::size_t(index.row())];
    const int column = index.column();
    switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole:
        return text(row, column);
    case Qt::CheckStateRole:
        return column == name_column ? QVariant(row.checked ? Qt::Checked : Qt::Unchecked) : QVariant();
    case Qt::TextAlignmentRole:
        return int((column == name_column ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    case Qt::FontRole:
        return column == name_column ? Theme::current().text_font() : Theme::current().number_font();
    case Qt::ForegroundRole:
        return row.stale || !row.known ? Theme::current().secondary : Theme::current().text;
    case Qt::ToolTipRole: {
        if (!row.known) return row.name + QStringLiteral("\nnot evaluated yet");
        QString tip =
            QStringLiteral("%1\nNLL %2 nats a token · %3 tokens of %4 in windows of %5 · convention of %6, %7")
                .arg(row.name, number_text(row.result.nll, 4))
                .arg(row.result.tokens)
                .arg(QString::fromStdString(row.result.text))
                .arg(row.result.context)
                .arg(convention_text(row.result.convention),
                     row.result.bos ? QStringLiteral("BOS before each window") : QStringLiteral("no BOS"));
        tip += QStringLiteral("\ntext SHA-256 ") + QString::fromStdString(row.result.text_sha256).left(16);
        if (row.stale) tip += QStringLiteral("\nof the recipe or the options before their last change; compare again");
        return tip;
    }
    case bar_role: {
        const double length = bar(row, column);
        return std::isfinite(length) ? QVariant(length) : QVariant();
    }
    case colour_role:
        return column == name_column ? QVariant(Theme::current().model_colour(index.row())) : QVariant();
    case sort_role:
        return column == name_column ? QVariant(row.name) : QVariant(value(row, column));
    default:
        return {};
    }
}

bool CompareModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    if (role != Qt::CheckStateRole || index.column() != name_column) return false;
    rows_[std::size_t(index.row())].checked = value.toInt() == Qt::Checked;
    Q_EMIT dataChanged(index, index, {Qt::CheckStateRole});
    return true;
}

QVariant CompareModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= column_count) return {};
    static const char* const titles[] = {"model",    "size",    "bits/weight", "perplexity", "ΔNLL, nats",
                                         "KL, nats", "KL 99 %", "top-1",       "time"};
    static const char* const helps[] = {
        "Ticked models are evaluated",
        "Bytes of the exported model",
        "Every stored byte of the quantized layers, per weight",
        "exp of the mean negative log-likelihood per token; lower is better",
        "Mean negative log-likelihood per token less the original's, with the standard error of that paired "
        "difference: within two of them, the models cannot be told apart on this text",
        "Mean Kullback–Leibler divergence from the original's next-token distribution; 0 is equal",
        "99 % of the tokens diverge less than this",
        "Share of the tokens with the same most likely next token",
        "Time of the evaluation"};
    if (role == Qt::DisplayRole) return QString::fromUtf8(titles[section]);
    if (role == Qt::ToolTipRole) return QString::fromUtf8(helps[section]);
    if (role == Qt::TextAlignmentRole)
        return int((section == name_column ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    return {};
}

Qt::ItemFlags CompareModel::flags(const QModelIndex& index) const {
    Qt::ItemFlags flags = QAbstractTableModel::flags(index);
    if (index.column() == name_column) flags |= Qt::ItemIsUserCheckable;
    return flags;
}

void CompareDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const Theme& theme = Theme::current();
    const QVariant bar = index.data(CompareModel::bar_role);
    if (bar.isValid()) {
        QRectF cell = QRectF(option.rect).adjusted(4, 3, -2, -3);
        cell.setLeft(cell.right() - std::max(2.0, cell.width() * bar.toDouble()));
        painter->fillRect(cell, theme.selection);
    }
    QStyleOptionViewItem item = option;
    initStyleOption(&item, index);
    item.state &= ~QStyle::State_HasFocus;
    const QVariant colour = index.data(CompareModel::colour_role);
    if (colour.isValid()) item.text.prepend(QStringLiteral("     "));
    const QStyle* style = item.widget ? item.widget->style() : QApplication::style();
    style->drawControl(QStyle::CE_ItemViewItem, &item, painter, item.widget);
    if (!colour.isValid()) return;
    const QRect words = style->subElementRect(QStyle::SE_ItemViewItemText, &item, item.widget);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(Qt::NoPen);
    painter->setBrush(colour.value<QColor>());
    painter->drawEllipse(QPointF(words.left() + 8, item.rect.center().y() + 0.5), 4.5, 4.5);
    painter->restore();
}

} // namespace quantscope::widgets
