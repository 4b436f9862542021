// |W| as a picture: asks for what is visible at the screen's resolution, shows what it has until that arrives.
#include "widgets/weights/heat_map.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

constexpr double sigmas_of_maxima = 6, sigmas_of_means = 2;

bool covers(const studio::WeightTile& tile, const studio::WeightView& view) {
    return tile.first_row == 0 && tile.first_column == 0 && tile.rows == view.layer.out &&
           tile.columns == view.layer.in;
}

bool is_exact(const studio::WeightTile& tile) { return tile.height == tile.rows && tile.width == tile.columns; }

const std::array<QRgb, 256>& viridis_table() {
    static const auto table = [] {
        std::array<QRgb, 256> colours{};
        for (std::size_t i = 0; i < colours.size(); ++i)
            colours[i] = viridis(double(i) / 255).rgb();
        return colours;
    }();
    return table;
}

} // namespace

HeatMap::HeatMap(QWidget* parent)
    : Plot(parent) {
    setObjectName(QStringLiteral("heat_map"));
    setAccessibleName(tr("Heat map of weights"));
    setToolTip(tr("The size of each weight; rows are output channels, columns input channels. The wheel zooms down to "
                  "single weights, dragging moves, a double click shows all again. Bright columns are input channels "
                  "that every output listens to."));
    set_zoomable(Qt::Horizontal | Qt::Vertical, true);
    setMinimumHeight(240);
    setMouseTracking(true);
    set_axis_names(tr("input channel (column)"), tr("output channel (row)"));
    yAxis->setRangeReversed(true);
    yAxis->grid()->setVisible(false);
    scale_ = new QCPColorScale(this);
    plotLayout()->addElement(0, 1, scale_);
    scale_->setMinimumMargins(QMargins(0, 28, 8, 0));
    scale_->setRangeDrag(false);
    scale_->setRangeZoom(false);
    auto* group = new QCPMarginGroup(this);
    axisRect()->setMarginGroup(QCP::msBottom, group);
    scale_->setMarginGroup(QCP::msBottom, group);
    ask_soon_.setSingleShot(true);
    ask_soon_.setInterval(0);
    connect(&ask_soon_, &QTimer::timeout, this, &HeatMap::request_tile);
    connect(this, &Plot::view_changed, this, &HeatMap::ask);
    connect(&tiles_, &LatestTask::failed, this, &HeatMap::failed);
    connect(&weights_, &LatestTask::failed, this, &HeatMap::failed);
    new Artist(this, QStringLiteral("main"), [this](QCPPainter* painter) { draw(painter); });
    new Artist(this, QString::fromLatin1(moving_layer), [this](QCPPainter* painter) { draw_mark(painter); });
    HeatMap::restyle();
    set_layer(nullptr, nullptr);
}

void HeatMap::restyle() {
    Plot::restyle();
    style_colour_scale(scale_);
    yAxis->grid()->setVisible(false);
}

void HeatMap::set_layer(std::shared_ptr<const WeightProvider> provider,
                        std::shared_ptr<const studio::WeightView> view) {
    provider_ = std::move(provider);
    view_ = std::move(view);
    tiles_.cancel();
    weights_.cancel();
    whole_.reset();
    part_.reset();
    marked_.reset();
    hovered_.reset();
    set_readout({});
    set_empty_text(view_ ? QString() : tr("A picture of the weights appears here. Choose a layer in the tree."));
    xAxis->setVisible(bool(view_));
    yAxis->setVisible(bool(view_));
    scale_->setVisible(bool(view_));
    if (!view_) return;
    update_scale();
    const double rows = double(view_->layer.out), columns = double(view_->layer.in);
    set_full_ranges(QCPRange(-0.5, columns - 0.5), QCPRange(-0.5, rows - 0.5));
    set_smallest_ranges(std::min(columns, 8.0), std::min(rows, 4.0));
    ask();
}

double HeatMap::scale_end() const {
    if (!view_) return 1;
    const double largest = view_->summary.absmax;
    const double sigmas = (maximum_ ? sigmas_of_maxima : sigmas_of_means) * view_->summary.standard_deviation;
    return std::max(full_scale_ || !(sigmas > 0) ? largest : std::min(largest, sigmas), 1e-30);
}

void HeatMap::update_scale() {
    scale_->setDataRange(QCPRange(0, scale_end()));
    const bool all = full_scale_ || scale_end() >= view_->summary.absmax;
    scale_->axis()->setLabel(all        ? tr("|weight|")
                             : maximum_ ? tr("|weight|, brightest from 6 σ on")
                                        : tr("|weight|, brightest from 2 σ on"));
}

void HeatMap::set_maximum(bool maximum) {
    if (maximum == maximum_) return;
    maximum_ = maximum;
    whole_.reset();
    part_.reset();
    if (!view_) return;
    update_scale();
    ask();
    refresh();
}

void HeatMap::set_full_scale(bool full) {
    full_scale_ = full;
    if (!view_) return;
    update_scale();
    recolour();
    refresh();
}

void HeatMap::recolour() {
    if (whole_) paint_image(*whole_);
    if (part_) paint_image(*part_);
}

void HeatMap::ask() {
    if (view_ && provider_ && provider_->tile && isVisible()) ask_soon_.start();
}

void HeatMap::request_tile() {
    if (!view_ || !provider_ || !isVisible()) return;
    const auto part = [](const QCPRange& range, std::int64_t size) {
        const auto first = std::clamp<std::int64_t>(std::int64_t(std::floor(range.lower + 0.5)), 0, size - 1);
        const auto last = std::clamp<std::int64_t>(std::int64_t(std::ceil(range.upper + 0.5)), first + 1, size);
        return std::pair(first, last - first);
    };
    const auto [row, rows] = part(yAxis->range(), view_->layer.out);
    const auto [column, columns] = part(xAxis->range(), view_->layer.in);
    const int height = int(std::min<std::int64_t>(rows, std::max(1, axisRect()->height())));
    const int width = int(std::min<std::int64_t>(columns, std::max(1, axisRect()->width())));
    tiles_.start<studio::WeightTile>(
        [provider = provider_, layer = view_->layer.name, row = row, rows = rows, column = column, columns = columns,
         height, width, maximum = maximum_](Progress& progress) {
            return provider->tile(layer, row, column, rows, columns, height, width, maximum, progress);
        },
        [this](studio::WeightTile tile) {
            set_tile(tile);
            refresh();
        });
}

void HeatMap::set_tile(const studio::WeightTile& tile) {
    if (!view_ || tile.height <= 0 || tile.width <= 0 ||
        tile.values.size() != std::size_t(tile.height) * std::size_t(tile.width))
        return;
    auto& picture = covers(tile, *view_) ? whole_ : part_;
    picture.emplace(Picture{tile, {}});
    paint_image(*picture);
    if (covers(tile, *view_)) part_.reset();
}

void HeatMap::paint_image(Picture& picture) const {
    const auto& tile = picture.tile;
    const auto& table = viridis_table();
    const QRgb nothing = Theme::current().line.rgb();
    const double factor = 255.0 / scale_end();
    picture.image = QImage(tile.width, tile.height, QImage::Format_RGB32);
    for (int y = 0; y < tile.height; ++y) {
        auto* line = reinterpret_cast<QRgb*>(picture.image.scanLine(y));
        const float* values = tile.values.data() + std::size_t(y) * std::size_t(tile.width);
        for (int x = 0; x < tile.width; ++x) {
            const double size = std::abs(double(values[x]));
            line[x] = std::isnan(size) ? nothing : table[std::size_t(std::min(255.0, size * factor))];
        }
    }
}

void HeatMap::draw_picture(QCPPainter* painter, const Picture& picture) const {
    const auto& tile = picture.tile;
    const QPointF corner(xAxis->coordToPixel(double(tile.first_column) - 0.5),
                         yAxis->coordToPixel(double(tile.first_row) - 0.5));
    const QPointF opposite(xAxis->coordToPixel(double(tile.first_column + tile.columns) - 0.5),
                           yAxis->coordToPixel(double(tile.first_row + tile.rows) - 0.5));
    painter->drawImage(QRectF(corner, opposite), picture.image);
}

void HeatMap::draw(QCPPainter* painter) const {
    painter->setRenderHint(QPainter::SmoothPixmapTransform, false);
    if (whole_) draw_picture(painter, *whole_);
    if (part_) draw_picture(painter, *part_);
    if (view_ && !whole_ && !part_) { // a quiet surface rather than an old picture
        painter->fillRect(axisRect()->rect(), Theme::current().grid);
        painter->setPen(Theme::current().secondary);
        painter->setFont(Theme::current().text_font());
        painter->drawText(axisRect()->rect(), Qt::AlignCenter, tr("Reading the weights…"));
    }
}

void HeatMap::draw_mark(QCPPainter* painter) const {
    if (!marked_) return;
    const auto [row, column] = *marked_;
    QRectF cell(QPointF(xAxis->coordToPixel(double(column) - 0.5), yAxis->coordToPixel(double(row) - 0.5)),
                QPointF(xAxis->coordToPixel(double(column) + 0.5), yAxis->coordToPixel(double(row) + 0.5)));
    if (cell.width() < 10) cell = QRectF(cell.center() - QPointF(5, 5), QSizeF(10, 10));
    painter->setBrush(Qt::NoBrush);
    painter->setPen(QPen(Qt::white, 3));
    painter->drawRect(cell);
    painter->setPen(QPen(Theme::current().scheme_a, 2));
    painter->drawRect(cell);
}

void HeatMap::show_weight(qint64 row, qint64 column) {
    if (!view_) return;
    marked_ = {row, column};
    const double columns = std::min(double(view_->layer.in), 48.0), rows = std::min(double(view_->layer.out), 24.0);
    xAxis->setRange(double(column) - columns / 2, double(column) + columns / 2);
    yAxis->setRange(double(row) - rows / 2, double(row) + rows / 2);
    request_weight(row, column);
    refresh();
}

void HeatMap::tell_weight(qint64 row, qint64 column, std::optional<float> weight) {
    QString text = tr("row %1, column %2").arg(row).arg(column);
    if (weight) {
        text += tr(": %1").arg(number_text(double(*weight), 5));
        if (view_->summary.standard_deviation > 0)
            text += tr(" (%1 σ)").arg(
                fixed_text((double(*weight) - view_->summary.mean) / view_->summary.standard_deviation, 1));
    }
    set_readout(text);
}

void HeatMap::request_weight(qint64 row, qint64 column) {
    hovered_ = {row, column};
    for (const auto* picture : {part_ ? &*part_ : nullptr, whole_ ? &*whole_ : nullptr}) {
        if (!picture || !is_exact(picture->tile)) continue;
        const auto& tile = picture->tile;
        const auto y = row - tile.first_row, x = column - tile.first_column;
        if (y < 0 || x < 0 || y >= tile.rows || x >= tile.columns) continue;
        return tell_weight(row, column, tile.values[std::size_t(y * tile.columns + x)]);
    }
    if (!provider_ || !provider_->at) return tell_weight(row, column, std::nullopt);
    weights_.start<float>([provider = provider_, layer = view_->layer.name, row,
                           column](Progress&) { return provider->at(layer, row, column); },
                          [this, row, column](float weight) {
                              if (hovered_ == std::pair(row, column)) tell_weight(row, column, weight);
                          });
}

void HeatMap::mouseMoveEvent(QMouseEvent* event) {
    QCustomPlot::mouseMoveEvent(event);
    if (!view_ || !axisRect()->rect().contains(event->pos())) return set_readout({});
    const auto row = qint64(std::floor(yAxis->pixelToCoord(event->position().y()) + 0.5));
    const auto column = qint64(std::floor(xAxis->pixelToCoord(event->position().x()) + 0.5));
    if (row < 0 || column < 0 || row >= view_->layer.out || column >= view_->layer.in) return set_readout({});
    if (hovered_ != std::pair(row, column) || readout().isEmpty()) request_weight(row, column);
}

void HeatMap::leaveEvent(QEvent* event) {
    hovered_.reset();
    weights_.cancel();
    Plot::leaveEvent(event);
}

void HeatMap::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape && marked_) {
        marked_.reset();
        return redraw_moving();
    }
    Plot::keyPressEvent(event);
}

void HeatMap::resizeEvent(QResizeEvent* event) {
    Plot::resizeEvent(event);
    ask();
}

void HeatMap::showEvent(QShowEvent* event) {
    Plot::showEvent(event);
    ask();
}

} // namespace quantscope::widgets
