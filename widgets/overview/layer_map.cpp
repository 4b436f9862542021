// The whole model as a table of coloured cells.
#include "widgets/overview/layer_map.h"

#include <algorithm>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

/// Ticks of the colour scale in the measure's own words; of a logarithmic one the axis holds logarithms.
class MeasureTicker : public QCPAxisTicker {
public:
    explicit MeasureTicker(const Measure* measure)
        : measure_(measure) {
        setTickCount(4);
    }

protected:
    QString getTickLabel(double tick, const QLocale&, QChar, int) override {
        return measure_->text(measure_->logarithmic ? std::pow(10.0, tick) : tick);
    }

private:
    const Measure* measure_;
};

} // namespace

LayerMap::LayerMap(QWidget* parent)
    : Plot(parent)
    , measure_(measures().data()) {
    setObjectName(QStringLiteral("layer_map"));
    setAccessibleName(tr("Layers by block and role"));
    setToolTip(tr("One cell a layer, coloured by the chosen measure. Click a cell, or move with the arrows and press "
                  "Enter, to open the layer."));
    setMinimumSize(200, 200);
    setMouseTracking(true);
    yAxis->setRangeReversed(true);
    scale_ = new QCPColorScale(this);
    plotLayout()->addElement(0, 1, scale_);
    scale_->setRangeDrag(false);
    scale_->setRangeZoom(false);
    scale_->setMinimumMargins(QMargins(0, 28, 8, 0));
    auto* group = new QCPMarginGroup(this);
    axisRect()->setMarginGroup(QCP::msBottom, group);
    scale_->setMarginGroup(QCP::msBottom, group);
    new Artist(this, QStringLiteral("main"), [this](QCPPainter* painter) { draw_cells(painter); });
    new Artist(this, QString::fromLatin1(moving_layer), [this](QCPPainter* painter) { draw_selection(painter); });
    LayerMap::restyle();
    set_layers({});
}

void LayerMap::restyle() {
    Plot::restyle();
    yAxis->grid()->setVisible(false);
    style_colour_scale(scale_);
    update_scale();
}

void LayerMap::set_layers(const std::vector<studio::LayerRow>& layers) {
    layers_ = layers;
    measures_.clear();
    cells_.clear();
    cell_of_.clear();
    selected_row_ = selected_column_ = -1;
    QStringList& roles = roles_;
    roles.clear();
    std::vector<int> blocks; // −1, outside of blocks, stands above the first
    for (const auto& layer : layers_) {
        const QString role = QString::fromStdString(layer.role);
        if (!roles.contains(role)) roles.append(role);
        blocks.push_back(layer.block);
    }
    std::sort(blocks.begin(), blocks.end());
    blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
    // Roles that only occur outside of blocks stand last: their columns hold a single cell.
    std::stable_partition(roles.begin(), roles.end(), [this](const QString& role) {
        return std::any_of(layers_.begin(), layers_.end(),
                           [&](const auto& l) { return l.block >= 0 && QString::fromStdString(l.role) == role; });
    });
    rows_ = int(blocks.size());
    columns_ = int(roles.size());
    for (std::size_t i = 0; i < layers_.size(); ++i) {
        const auto row = std::lower_bound(blocks.begin(), blocks.end(), layers_[i].block) - blocks.begin();
        const int column = int(roles.indexOf(QString::fromStdString(layers_[i].role)));
        auto same = std::find_if(cells_.begin(), cells_.end(),
                                 [&](const Cell& c) { return c.row == row && c.column == column; });
        if (same == cells_.end()) same = cells_.insert(cells_.end(), Cell{int(row), column, {}});
        same->layers.push_back(i);
        cell_of_.insert(QString::fromStdString(layers_[i].name), std::size_t(same - cells_.begin()));
    }
    auto across = QSharedPointer<QCPAxisTickerText>::create(), down = QSharedPointer<QCPAxisTickerText>::create();
    for (int i = 0; i < columns_; ++i)
        across->addTick(i, roles[i]);
    const int step = std::max(1, (rows_ + 35) / 36); // of very deep models every second or third block is named
    for (int i = 0; i < rows_; ++i) {
        const int block = blocks[std::size_t(i)];
        if (block < 0)
            down->addTick(i, tr("outside"));
        else if (block % step == 0)
            down->addTick(i, QString::number(block));
    }
    xAxis->setTicker(across);
    yAxis->setTicker(down);
    const bool empty = layers_.empty();
    set_empty_text(empty ? tr("Open a model to see all of its layers at once.") : QString());
    xAxis->setVisible(!empty);
    yAxis->setVisible(!empty);
    scale_->setVisible(!empty);
    set_axis_names(tr("role"), tr("block"));
    set_full_ranges(QCPRange(-0.5, std::max(columns_, 1) - 0.5), QCPRange(-0.5, std::max(rows_, 1) - 0.5));
    fit_role_names();
    update_scale();
    refresh();
}

/// Names of roles that are wider than their columns stand at a slant.
void LayerMap::fit_role_names() {
    const QFontMetrics metrics(xAxis->tickLabelFont());
    int widest = 0;
    for (const QString& role : roles_)
        widest = std::max(widest, metrics.horizontalAdvance(role));
    const double column = double(width() - 160) / std::max(1, columns_); // beside the block names and the scale
    xAxis->setTickLabelRotation(widest + 6 > column ? -40 : 0);
}

void LayerMap::resizeEvent(QResizeEvent* event) {
    fit_role_names();
    Plot::resizeEvent(event);
}

void LayerMap::set_measures(const QHash<QString, studio::LayerMeasures>& measures) {
    measures_ = measures;
    update_scale();
    refresh();
}

void LayerMap::set_measure(const QString& layer, const studio::LayerMeasures& measures) {
    measures_.insert(layer, measures);
    update_scale();
    refresh();
}

void LayerMap::show_measure(const Measure& measure) {
    measure_ = &measure;
    update_scale();
    refresh();
}

double LayerMap::value_of(std::size_t layer) const {
    const auto found = measures_.constFind(QString::fromStdString(layers_[layer].name));
    if (found == measures_.constEnd()) return NAN;
    const double value = measure_->value(*found);
    return measure_->logarithmic ? (value > 0 ? std::log10(value) : NAN) : value;
}

void LayerMap::update_scale() {
    double low = INFINITY, high = -INFINITY;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
        const double value = value_of(i);
        if (!std::isfinite(value)) continue;
        low = std::min(low, value);
        high = std::max(high, value);
    }
    if (low > high) low = 0, high = 1;
    if (high - low < 1e-12) low -= 0.5, high += 0.5;
    range_ = QCPRange(low, high);
    scale_->setDataRange(range_);
    scale_->axis()->setTicker(QSharedPointer<MeasureTicker>::create(measure_));
    scale_->axis()->setLabel(tr(measure_->label) + (measure_->logarithmic ? tr(" (log colours)") : QString()));
}

std::size_t LayerMap::leading(const Cell& cell) const {
    return *std::max_element(cell.layers.begin(), cell.layers.end(), [this](std::size_t a, std::size_t b) {
        const double one = value_of(a), other = value_of(b);
        return std::isnan(one) ? !std::isnan(other) : one < other;
    });
}

const LayerMap::Cell* LayerMap::cell_at(int row, int column) const {
    const auto found =
        std::find_if(cells_.begin(), cells_.end(), [&](const Cell& c) { return c.row == row && c.column == column; });
    return found == cells_.end() ? nullptr : &*found;
}

QRectF LayerMap::rectangle(const Cell& cell) const {
    const QPointF corner(xAxis->coordToPixel(cell.column - 0.5), yAxis->coordToPixel(cell.row - 0.5));
    const QPointF opposite(xAxis->coordToPixel(cell.column + 0.5), yAxis->coordToPixel(cell.row + 0.5));
    return QRectF(corner, opposite);
}

QRectF LayerMap::cell_rectangle(const QString& layer) const {
    const auto found = cell_of_.constFind(layer);
    return found == cell_of_.constEnd() ? QRectF() : rectangle(cells_[*found]);
}

QColor LayerMap::colour_of(double value) const {
    return std::isnan(value) ? Theme::current().grid : viridis((value - range_.lower) / range_.size());
}

void LayerMap::draw_cells(QCPPainter* painter) const {
    const Theme& theme = Theme::current();
    painter->setFont(theme.number_font(-1));
    const double text_height = painter->fontMetrics().height();
    for (const auto& cell : cells_) {
        const QRectF whole = rectangle(cell);
        const double gap = whole.height() > 8 ? 1 : 0.5;
        const QRectF place = whole.adjusted(gap, gap, -gap, -gap);
        const double value = value_of(leading(cell));
        const QColor colour = colour_of(value);
        painter->fillRect(place, colour);
        if (place.height() < text_height) continue;
        const QString text = measure_->text(measure_->logarithmic ? std::pow(10.0, value) : value);
        if (painter->fontMetrics().horizontalAdvance(text) > place.width() - 4) continue;
        const bool unknown = std::isnan(value);
        painter->setPen(unknown                     ? theme.secondary
                        : qGray(colour.rgb()) > 120 ? QColor(0x10, 0x12, 0x14)
                                                    : QColor(0xFF, 0xFF, 0xFF));
        painter->drawText(place, Qt::AlignCenter, text);
    }
}

void LayerMap::draw_selection(QCPPainter* painter) const {
    const auto* cell = cell_at(selected_row_, selected_column_);
    if (!cell) return;
    const Theme& theme = Theme::current();
    painter->setBrush(Qt::NoBrush);
    painter->setPen(QPen(theme.plot, 4));
    painter->drawRect(rectangle(*cell).adjusted(1, 1, -1, -1));
    painter->setPen(QPen(theme.accent, 2));
    painter->drawRect(rectangle(*cell).adjusted(1, 1, -1, -1));
}

QString LayerMap::describe(const Cell& cell) const {
    const std::size_t layer = leading(cell);
    const double value = value_of(layer);
    QString text = tr("%1: %2 %3")
                       .arg(QString::fromStdString(layers_[layer].name), tr(measure_->label),
                            measure_->text(measure_->logarithmic ? std::pow(10.0, value) : value));
    const auto found = measures_.constFind(QString::fromStdString(layers_[layer].name));
    if (found != measures_.constEnd() && found->error_is_estimate && std::isfinite(found->error) &&
        QLatin1String(measure_->key) == QLatin1String("error"))
        text += tr(" (estimate)");
    if (cell.layers.size() > 1) text += tr(" · greatest of %1").arg(cell.layers.size());
    return text;
}

void LayerMap::select_layer(const QString& layer) {
    const auto found = cell_of_.constFind(layer);
    selected_row_ = found == cell_of_.constEnd() ? -1 : cells_[*found].row;
    selected_column_ = found == cell_of_.constEnd() ? -1 : cells_[*found].column;
    redraw_moving();
}

QString LayerMap::selected_layer() const {
    const auto* cell = cell_at(selected_row_, selected_column_);
    return cell ? QString::fromStdString(layers_[leading(*cell)].name) : QString();
}

QString LayerMap::layer_at(const QPointF& position) const {
    if (!axisRect()->rect().contains(position.toPoint())) return {};
    const auto* cell = cell_at(int(std::floor(yAxis->pixelToCoord(position.y()) + 0.5)),
                               int(std::floor(xAxis->pixelToCoord(position.x()) + 0.5)));
    return cell ? QString::fromStdString(layers_[leading(*cell)].name) : QString();
}

void LayerMap::mousePressEvent(QMouseEvent* event) {
    Plot::mousePressEvent(event);
    const QString layer = event->button() == Qt::LeftButton ? layer_at(event->position()) : QString();
    if (layer.isEmpty()) return;
    select_layer(layer);
    Q_EMIT layer_activated(layer);
}

void LayerMap::mouseMoveEvent(QMouseEvent* event) {
    Plot::mouseMoveEvent(event);
    const QString layer = layer_at(event->position());
    setCursor(layer.isEmpty() ? Qt::ArrowCursor : Qt::PointingHandCursor);
    set_readout(layer.isEmpty() ? QString() : describe(cells_[cell_of_[layer]]));
    Q_EMIT layer_hovered(layer);
}

void LayerMap::keyPressEvent(QKeyEvent* event) {
    if (cells_.empty()) return Plot::keyPressEvent(event);
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        if (const QString layer = selected_layer(); !layer.isEmpty()) Q_EMIT layer_activated(layer);
        return;
    }
    const int down = event->key() == Qt::Key_Down ? 1 : event->key() == Qt::Key_Up ? -1 : 0;
    const int across = event->key() == Qt::Key_Right ? 1 : event->key() == Qt::Key_Left ? -1 : 0;
    if (!down && !across) return Plot::keyPressEvent(event);
    int row = selected_row_, column = selected_column_;
    if (row < 0) row = cells_.front().row - down, column = cells_.front().column - across;
    do { // over places where no layer is
        row += down;
        column += across;
    } while (row >= 0 && column >= 0 && row < rows_ && column < columns_ && !cell_at(row, column));
    if (const auto* cell = cell_at(row, column)) {
        selected_row_ = row;
        selected_column_ = column;
        set_readout(describe(*cell));
        redraw_moving();
    }
}

} // namespace quantscope::widgets
