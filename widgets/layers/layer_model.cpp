// The layers as Qt's item views see them.
#include "widgets/layers/layer_model.h"

#include <QColor>
#include <QFont>
#include <algorithm>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

using studio::LayerMeasures;
using studio::LayerRow;

namespace {
constexpr quintptr top_level = ~quintptr(0); ///< internal id of the top level; below it, the node's number
constexpr int frame_milliseconds = 33;

void take(double& known, double news) {
    if (!std::isnan(news)) known = news;
}
} // namespace

QString short_layer_name(const LayerRow& row, bool with_block) {
    const QString name = QString::fromStdString(row.name);
    const QStringList parts = name.split(u'.');
    qsizetype first = parts.size() - 1;
    const auto is_number = [&](qsizetype part) { return parts[part].size() > 0 && parts[part].front().isDigit(); };
    while (first > 0 && is_number(first))
        --first; // "adaLN_modulation.1", as a number alone says nothing
    // Outside of blocks no heading says what a "proj" belongs to.
    if (row.block < 0) first = parts.front() == u"model" && parts.size() > 1 ? 1 : 0;
    QString last = parts.mid(first).join(u'.');
    if (with_block && row.block >= 0) last.prepend(QStringLiteral("%1 · ").arg(row.block));
    return last;
}

LayerModel::LayerModel(QObject* parent)
    : QAbstractItemModel(parent) {
    tell_timer_.setSingleShot(true);
    tell_timer_.setInterval(frame_milliseconds);
    connect(&tell_timer_, &QTimer::timeout, this, &LayerModel::tellChanges);
}

void LayerModel::setLayers(const std::vector<LayerRow>& layers) {
    beginResetModel();
    rows_ = layers;
    measures_.assign(rows_.size(), {});
    by_name_.clear();
    for (std::size_t i = 0; i < rows_.size(); ++i)
        by_name_.insert(QString::fromStdString(rows_[i].name), int(i));
    regroup();
    changed_first_ = changed_last_ = -1;
    endResetModel();
}

void LayerModel::setGrouped(bool grouped) {
    if (grouped == grouped_) return;
    beginResetModel();
    grouped_ = grouped;
    regroup();
    endResetModel();
}

void LayerModel::regroup() {
    nodes_.clear();
    node_of_.assign(rows_.size(), 0);
    place_in_node_.assign(rows_.size(), 0);
    QHash<int, int> node_of_block;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        const int block = rows_[i].block;
        const bool in_group = grouped_ && block >= 0;
        int node = in_group ? node_of_block.value(block, -1) : -1;
        if (node < 0) {
            node = int(nodes_.size());
            nodes_.push_back({block, {}, in_group});
            if (in_group) node_of_block.insert(block, node);
        }
        node_of_[i] = node;
        place_in_node_[i] = int(nodes_[std::size_t(node)].layers.size());
        nodes_[std::size_t(node)].layers.push_back(int(i));
    }
}

void LayerModel::setMeasures(const QString& layer, const LayerMeasures& news) {
    const auto found = by_name_.constFind(layer);
    if (found == by_name_.constEnd()) return;
    LayerMeasures& known = measures_[std::size_t(*found)];
    take(known.outlier_score, news.outlier_score);
    take(known.kurtosis, news.kurtosis);
    take(known.absmax, news.absmax);
    take(known.standard_deviation, news.standard_deviation);
    if (!news.scheme.empty()) { // the news are about a scheme: all of its numbers belong together
        known.scheme = news.scheme;
        known.bits = news.bits, known.size = news.size, known.differs = news.differs;
        known.error = news.error, known.error_is_estimate = news.error_is_estimate, known.sqnr_db = news.sqnr_db;
    } else {
        take(known.bits, news.bits);
        take(known.size, news.size);
        if (!std::isnan(news.error)) known.error = news.error, known.error_is_estimate = news.error_is_estimate;
        take(known.sqnr_db, news.sqnr_db);
    }
    const int node = node_of_[std::size_t(*found)];
    changed_first_ = changed_first_ < 0 ? node : std::min(changed_first_, node);
    changed_last_ = std::max(changed_last_, node);
    if (!tell_timer_.isActive()) tell_timer_.start();
}

void LayerModel::setColourMeasure(const QString& key) {
    measure_key_ = layer_measure(key).key;
    if (nodes_.empty()) return;
    changed_first_ = 0, changed_last_ = int(nodes_.size()) - 1;
    tellChanges();
    Q_EMIT headerDataChanged(Qt::Horizontal, colour_column, colour_column);
}

void LayerModel::tellChanges() {
    const LayerMeasure& measure = layer_measure(measure_key_);
    const double old_low = colour_low_, old_high = colour_high_;
    colour_low_ = INFINITY, colour_high_ = -INFINITY;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        double value = measure.value(rows_[i], measures_[i]);
        if (measure.logarithmic) value = std::log(value);
        if (std::isfinite(value))
            colour_low_ = std::min(colour_low_, value), colour_high_ = std::max(colour_high_, value);
    }
    if (colour_low_ != old_low || colour_high_ != old_high) changed_first_ = 0, changed_last_ = int(nodes_.size()) - 1;
    if (changed_first_ < 0 || nodes_.empty()) return;
    const int first = changed_first_, last = std::min(changed_last_, int(nodes_.size()) - 1);
    changed_first_ = changed_last_ = -1;
    for (int node = first; node <= last; ++node) {
        if (!nodes_[std::size_t(node)].is_group) continue;
        const QModelIndex group = index(node, 0);
        Q_EMIT dataChanged(index(0, 0, group), index(rowCount(group) - 1, column_count - 1, group));
    }
    Q_EMIT dataChanged(index(first, 0), index(last, column_count - 1));
}

QStringList LayerModel::layerNames() const {
    QStringList names;
    for (const auto& row : rows_)
        names << QString::fromStdString(row.name);
    return names;
}

QStringList LayerModel::roles() const {
    QStringList found;
    for (const auto& row : rows_) {
        const QString role = QString::fromStdString(row.role);
        if (!found.contains(role)) found << role;
    }
    return found;
}

const LayerRow* LayerModel::layer(const QString& name) const {
    const auto found = by_name_.constFind(name);
    return found == by_name_.constEnd() ? nullptr : &rows_[std::size_t(*found)];
}

LayerMeasures LayerModel::measures(const QString& name) const {
    const auto found = by_name_.constFind(name);
    return found == by_name_.constEnd() ? LayerMeasures{} : measures_[std::size_t(*found)];
}

QModelIndex LayerModel::indexOf(const QString& layer) const {
    const auto found = by_name_.constFind(layer);
    if (found == by_name_.constEnd()) return {};
    const int node = node_of_[std::size_t(*found)];
    const QModelIndex top = index(node, 0);
    return nodes_[std::size_t(node)].is_group ? index(place_in_node_[std::size_t(*found)], 0, top) : top;
}

const LayerRow* LayerModel::rowAt(const QModelIndex& index) const {
    if (!index.isValid()) return nullptr;
    if (index.internalId() != top_level)
        return &rows_[std::size_t(nodes_[index.internalId()].layers[std::size_t(index.row())])];
    const Node& node = nodes_[std::size_t(index.row())];
    return node.is_group ? nullptr : &rows_[std::size_t(node.layers.front())];
}

const LayerMeasures* LayerModel::measuresAt(const QModelIndex& index) const {
    const LayerRow* row = rowAt(index);
    return row ? &measures_[std::size_t(row - rows_.data())] : nullptr;
}

QStringList LayerModel::layersBelow(const QModelIndex& index) const {
    if (const LayerRow* row = rowAt(index)) return {QString::fromStdString(row->name)};
    QStringList names;
    if (index.isValid())
        for (int i : nodes_[std::size_t(index.row())].layers)
            names << QString::fromStdString(rows_[std::size_t(i)].name);
    return names;
}

QModelIndex LayerModel::index(int row, int column, const QModelIndex& parent) const {
    if (!hasIndex(row, column, parent)) return {};
    return createIndex(row, column, parent.isValid() ? quintptr(parent.row()) : top_level);
}

QModelIndex LayerModel::parent(const QModelIndex& index) const {
    if (!index.isValid() || index.internalId() == top_level) return {};
    return createIndex(int(index.internalId()), 0, top_level);
}

int LayerModel::rowCount(const QModelIndex& parent) const {
    if (!parent.isValid()) return int(nodes_.size());
    if (parent.column() != 0 || parent.internalId() != top_level) return 0;
    const Node& node = nodes_[std::size_t(parent.row())];
    return node.is_group ? int(node.layers.size()) : 0;
}

int LayerModel::columnCount(const QModelIndex&) const { return column_count; }

LayerMeasures LayerModel::summary(const Node& node) const {
    LayerMeasures sum;
    double parameters = 0, bits = 0, error = 0, errors = 0;
    const auto larger = [](double& best, double value) {
        if (std::isnan(best) || value > best) best = value;
    };
    for (int i : node.layers) {
        const LayerMeasures& m = measures_[std::size_t(i)];
        const double weight = double(rows_[std::size_t(i)].parameters);
        parameters += weight, bits += m.bits * weight;
        if (!std::isnan(m.error)) error += m.error * weight, errors += weight;
        larger(sum.outlier_score, m.outlier_score);
        larger(sum.kurtosis, m.kurtosis);
        larger(sum.absmax, m.absmax);
        larger(sum.standard_deviation, m.standard_deviation);
        if (std::isnan(sum.sqnr_db) || m.sqnr_db < sum.sqnr_db) sum.sqnr_db = m.sqnr_db;
        sum.size = std::isnan(sum.size) ? m.size : sum.size + m.size;
        sum.differs |= m.differs;
        sum.error_is_estimate |= m.error_is_estimate;
    }
    sum.bits = parameters > 0 ? bits / parameters : NAN;
    sum.error = errors > 0 ? error / errors : NAN;
    return sum;
}

double LayerModel::colourFraction(double value) const {
    if (layer_measure(measure_key_).logarithmic) value = std::log(value);
    if (!std::isfinite(value)) return NAN;
    return colour_high_ > colour_low_ ? std::clamp((value - colour_low_) / (colour_high_ - colour_low_), 0.0, 1.0)
                                      : 0.5;
}

QVariant LayerModel::layerText(const LayerRow& row, const LayerMeasures& measures, int column) const {
    switch (column) {
    case bits_column:
        return fixed_text(measures.bits, measures.bits == std::floor(measures.bits) ? 0 : 2);
    case error_column:
        return percent_text(measures.error);
    case colour_column:
        return number_text(layer_measure(measure_key_).value(row, measures));
    case parameters_column:
        return count_text(double(row.parameters));
    case size_column:
        return size_text(measures.size);
    case role_column:
        return QString::fromStdString(row.role);
    default:
        return {};
    }
}

QString LayerModel::toolTip(const LayerRow& row, const LayerMeasures& m) const {
    QString text = QStringLiteral("<b>%1</b><br>%2 × %3, stored as %4")
                       .arg(QString::fromStdString(row.name).toHtmlEscaped())
                       .arg(row.out)
                       .arg(row.in)
                       .arg(QString::fromStdString(row.dtype).toHtmlEscaped());
    if (!m.scheme.empty()) text += QStringLiteral("<br>%1").arg(QString::fromStdString(m.scheme).toHtmlEscaped());
    if (!std::isnan(m.error))
        text += QStringLiteral(", error %1 (%2)")
                    .arg(percent_text(m.error, 2),
                         m.error_is_estimate ? QStringLiteral("estimated") : QStringLiteral("exact"));
    if (!std::isnan(m.outlier_score))
        text += QStringLiteral("<br>outlier score %1 · kurtosis %2 · max |w| %3 · σ %4")
                    .arg(number_text(m.outlier_score), number_text(m.kurtosis), number_text(m.absmax),
                         number_text(m.standard_deviation));
    if (m.differs) text += QStringLiteral("<br>differs from the recipe's default");
    return text;
}

QVariant LayerModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const LayerRow* row = rowAt(index);
    const Node* node = row ? nullptr : &nodes_[std::size_t(index.row())];
    LayerRow block; // a block counts as one large layer
    if (node) {
        for (int i : node->layers)
            block.parameters += rows_[std::size_t(i)].parameters;
        block.block = node->block;
    }
    const auto measures = [&] { return row ? measures_[std::size_t(row - rows_.data())] : summary(*node); };
    const LayerRow& shown = row ? *row : block;
    const int column = index.column();
    switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole:
        if (column == name_column)
            return row ? short_layer_name(*row, !grouped_) : QStringLiteral("block %1").arg(block.block);
        return layerText(shown, measures(), column);
    case Qt::ToolTipRole:
        return row ? toolTip(*row, measures())
                   : QStringLiteral("block %1: %2 layers").arg(block.block).arg(node->layers.size());
    case Qt::TextAlignmentRole:
        return int((column == name_column || column == role_column ? Qt::AlignLeft : Qt::AlignRight) |
                   Qt::AlignVCenter);
    case Qt::FontRole:
        if (column == name_column || column == role_column) {
            QFont font = Theme::current().text_font();
            if (node) font.setWeight(QFont::DemiBold);
            return font;
        }
        return Theme::current().number_font();
    case Qt::ForegroundRole:
        if (node && column != name_column) return Theme::current().secondary;
        return row && !row->in_default && !measures().differs ? Theme::current().secondary : Theme::current().text;
    case layer_role:
        return row ? QString::fromStdString(row->name) : QString();
    case differs_role:
        return measures().differs;
    case estimate_role:
        return measures().error_is_estimate;
    case group_role:
        return node != nullptr;
    case fraction_role: {
        const double fraction = colourFraction(layer_measure(measure_key_).value(shown, measures()));
        return std::isnan(fraction) ? QVariant() : QVariant(fraction);
    }
    case sort_role:
        switch (column) {
        case bits_column:
            return measures().bits;
        case error_column:
            return measures().error;
        case colour_column:
            return layer_measure(measure_key_).value(shown, measures());
        case parameters_column:
            return double(shown.parameters);
        case size_column:
            return measures().size;
        case role_column:
            return QString::fromStdString(shown.role);
        default:
            return row ? double(row - rows_.data()) : double(node->layers.front()); // the file's order
        }
    default:
        return {};
    }
}

QVariant LayerModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    static const char* const titles[] = {"name", "bits", "error", "", "parameters", "size", "role"};
    static const char* const helps[] = {
        "Layer; a dot marks those that differ from the recipe's default",
        "Bits per weight with scales and zero points",
        "Relative error ‖W − Ŵ‖ / ‖W‖; estimates are in italics until the layer is quantized",
        "",
        "Number of weights",
        "Size under the present scheme",
        "What the layer does"};
    if (section < 0 || section >= column_count) return {};
    const LayerMeasure& measure = layer_measure(measure_key_);
    if (role == Qt::DisplayRole) {
        if (section != colour_column) return QString::fromUtf8(titles[section]);
        return measure.key.size() > 6 ? measure.key.left(4) + u'.' : measure.key;
    }
    if (role == Qt::ToolTipRole)
        return section == colour_column ? QStringLiteral("Colour: %1, %2").arg(measure.label, measure.help)
                                        : QString::fromUtf8(helps[section]);
    if (role == Qt::TextAlignmentRole)
        return int((section == name_column || section == role_column ? Qt::AlignLeft : Qt::AlignRight) |
                   Qt::AlignVCenter);
    return {};
}

LayerFilterProxy::LayerFilterProxy(QObject* parent)
    : QSortFilterProxyModel(parent) {
    setSortRole(LayerModel::sort_role);
    setRecursiveFilteringEnabled(true);
}

void LayerFilterProxy::setFilter(const LayerFilter& filter) {
    filter_ = filter;
    invalidateFilter();
}

bool LayerFilterProxy::filterAcceptsRow(int row, const QModelIndex& parent) const {
    if (filter_.is_empty()) return true;
    const auto* model = static_cast<const LayerModel*>(sourceModel());
    const QModelIndex index = model->index(row, 0, parent);
    const LayerRow* layer = model->rowAt(index);
    return layer && filter_.matches(*layer, *model->measuresAt(index)); // a block is kept for its layers' sake
}

bool LayerFilterProxy::lessThan(const QModelIndex& left, const QModelIndex& right) const {
    const QVariant a = left.data(LayerModel::sort_role), b = right.data(LayerModel::sort_role);
    if (a.typeId() == QMetaType::QString) return QString::compare(a.toString(), b.toString()) < 0;
    const double x = a.toDouble(), y = b.toDouble();
    if (std::isnan(x) || std::isnan(y)) // what is not known stays at the end, whatever the direction
        return (sortOrder() == Qt::AscendingOrder) ? !std::isnan(x) && std::isnan(y) : std::isnan(x) && !std::isnan(y);
    return x < y;
}

} // namespace quantscope::widgets
