// Pictures of a comparison on a screen.
#include "widgets/images/pictures.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

constexpr int largest_zoom = 32;

const std::vector<double>& zooms() {
    static const std::vector<double> steps = [] {
        std::vector<double> made{0.125, 0.25, 0.5};
        for (int zoom = 1; zoom <= largest_zoom; ++zoom)
            made.push_back(zoom);
        return made;
    }();
    return steps;
}

} // namespace

const studio::Picture* picture_at(const studio::ImageComparison& comparison, int row, int column) {
    if (row < 0 || column < 0 || column >= int(comparison.columns.size())) return nullptr;
    const auto& pictures = comparison.columns[std::size_t(column)].pictures;
    return row < int(pictures.size()) ? &pictures[std::size_t(row)] : nullptr;
}

const studio::ImageMetrics* metrics_at(const studio::ImageComparison& comparison, int row, int column) {
    if (row < 0 || column < 0 || column >= int(comparison.columns.size())) return nullptr;
    const auto& metrics = comparison.columns[std::size_t(column)].metrics;
    return row < int(metrics.size()) ? &metrics[std::size_t(row)] : nullptr;
}

bool is_sampled(const studio::Picture* picture) {
    return picture && picture->width > 0 && picture->height > 0 &&
           picture->rgb.size() == std::size_t(picture->width) * std::size_t(picture->height) * 3;
}

QImage as_image(const studio::Picture* picture) {
    if (!is_sampled(picture)) return {};
    return QImage(picture->rgb.data(), picture->width, picture->height, qsizetype(picture->width) * 3,
                  QImage::Format_RGB888);
}

QSize picture_size(const studio::ImageComparison& comparison) {
    QSize size(0, 0);
    for (const auto& column : comparison.columns)
        for (const auto& picture : column.pictures)
            if (is_sampled(&picture)) size = size.expandedTo(QSize(picture.width, picture.height));
    return size;
}

DifferenceMap difference(const studio::Picture* original, const studio::Picture* other) {
    if (!is_sampled(original) || !is_sampled(other) || original->width != other->width ||
        original->height != other->height)
        return {};
    DifferenceMap map{original->width, original->height, {}, 0};
    map.values.resize(original->rgb.size() / 3);
    for (std::size_t i = 0; i < map.values.size(); ++i) {
        int sum = 0;
        for (std::size_t channel = 0; channel < 3; ++channel)
            sum += int(other->rgb[3 * i + channel]) - int(original->rgb[3 * i + channel]);
        map.values[i] = float(sum) / 3;
        map.largest = std::max(map.largest, std::abs(map.values[i]));
    }
    return map;
}

QImage as_image(const DifferenceMap& map, double limit) {
    if (map.values.empty()) return {};
    std::array<QRgb, 513> colours{};
    for (std::size_t i = 0; i < colours.size(); ++i)
        colours[i] = diverging(double(i) / 512).rgb();
    QImage image(map.width, map.height, QImage::Format_RGB32);
    for (int y = 0; y < map.height; ++y) {
        auto* line = reinterpret_cast<QRgb*>(image.scanLine(y));
        for (int x = 0; x < map.width; ++x) {
            const double place = std::clamp(0.5 + double(map.at(x, y)) / (2 * limit), 0.0, 1.0);
            line[x] = colours[std::size_t(std::lround(512 * place))];
        }
    }
    return image;
}

QString pixel_text(const studio::Picture& picture, int x, int y) {
    const std::uint8_t* rgb = picture.rgb.data() + (std::size_t(y) * std::size_t(picture.width) + std::size_t(x)) * 3;
    if (rgb[0] == rgb[1] && rgb[1] == rgb[2]) return QString::number(rgb[0]);
    return QStringLiteral("%1 %2 %3").arg(rgb[0]).arg(rgb[1]).arg(rgb[2]);
}

QString psnr_text(double psnr_db) {
    return std::isnan(psnr_db) ? not_known : fixed_text(psnr_db, 1) + QStringLiteral(" dB");
}

QString class_text(const QString& name, int label) {
    return name.isEmpty() ? QStringLiteral("class %1").arg(label) : name;
}

QString short_name(const std::string& name, int longest) {
    const QString whole = QString::fromStdString(name);
    if (whole.size() <= longest) return whole;
    return whole.left(longest / 2) + QStringLiteral("…") + whole.right((longest - 1) / 2);
}

double next_zoom(double zoom, int steps) {
    const auto& all = zooms();
    const auto at = std::lower_bound(all.begin(), all.end(), zoom - 1e-9) - all.begin();
    if (steps > 0 && at < std::ptrdiff_t(all.size()) && all[std::size_t(at)] > zoom + 1e-9)
        --steps; // between two steps
    return all[std::size_t(std::clamp<std::ptrdiff_t>(at + steps, 0, std::ptrdiff_t(all.size()) - 1))];
}

double fitting_zoom(const QSize& picture, const QSizeF& room) {
    if (picture.isEmpty()) return 1;
    const double ratio = std::min(room.width() / picture.width(), room.height() / picture.height());
    if (ratio < 1) return std::max(ratio, zooms().front());
    double fits = 1;
    for (const double zoom : zooms())
        if (picture.width() * zoom <= room.width() && picture.height() * zoom <= room.height()) fits = zoom;
    return fits;
}

QString zoom_text(double zoom) {
    return QStringLiteral("× ") + (zoom < 1 ? number_text(zoom, 2) : QString::number(int(zoom)));
}

void draw_picture(QPainter& painter, const QRectF& place, const QImage& image) {
    painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
    if (place.width() >= image.width())
        painter.drawImage(place, image);
    else
        painter.drawImage(place, shrunk(image, place.size(), painter.device()->devicePixelRatioF()));
}

QImage shrunk(const QImage& image, const QSizeF& place, double device_pixel_ratio) {
    const QSize size = (place * device_pixel_ratio).toSize();
    if (size.isEmpty() || size.width() >= image.width()) return image.copy();
    return image.scaled(size, Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
}

} // namespace quantscope::widgets
