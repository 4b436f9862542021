// A comparison that no model sampled: clothes drawn by hand, with noise where a quantized model would add it.
#pragma once

#include <QImage>
#include <QPainter>
#include <QPolygonF>
#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

#include "core/studio/image_views.h"

namespace quantscope::made_up {

inline const std::vector<const char*> class_names{"T-shirt", "Trouser", "Pullover", "Dress", "Coat",
                                                  "Sandal",  "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

inline QPolygonF outline(int label) {
    switch (label % 5) {
    case 0:
        return {{{8, 3},
                 {12, 5},
                 {16, 5},
                 {20, 3},
                 {26, 9},
                 {22, 12},
                 {20, 10},
                 {20, 25},
                 {8, 25},
                 {8, 10},
                 {6, 12},
                 {2, 9}}};
    case 1:
        return {{{9, 2}, {19, 2}, {20, 26}, {15, 26}, {14, 8}, {13, 26}, {8, 26}}};
    case 2:
        return {{{8, 4}, {20, 4}, {26, 22}, {22, 24}, {20, 13}, {20, 25}, {8, 25}, {8, 13}, {6, 24}, {2, 22}}};
    case 3:
        return {{{11, 2}, {17, 2}, {16, 10}, {21, 26}, {7, 26}, {12, 10}}};
    default:
        return {{{9, 3}, {19, 3}, {25, 24}, {21, 25}, {20, 26}, {8, 26}, {7, 25}, {3, 24}}};
    }
}

/// \param noise  standard deviation, in levels of 255
inline studio::Picture picture(int label, std::uint64_t seed, double noise, int side = 28, bool colour = false) {
    QImage drawn(side, side, QImage::Format_RGB888);
    drawn.fill(Qt::black);
    QPainter painter(&drawn);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.scale(side / 28.0, side / 28.0);
    const int level = 120 + int(seed * 37 % 100);
    painter.setPen(QPen(QColor(level - 60, level - 50, level - 40), 1));
    painter.setBrush(colour ? QColor::fromHsv(int(seed * 71 + std::uint64_t(label) * 40) % 360, 120, level)
                            : QColor(level, level, level));
    painter.drawPolygon(outline(label));
    painter.end();
    std::mt19937 random(unsigned(label * 1000 + int(seed) * 10 + int(noise)));
    std::normal_distribution<double> normal(0, noise > 0 ? noise : 1);
    studio::Picture made{side, side, {}, false};
    for (int y = 0; y < side; ++y)
        for (int x = 0; x < side; ++x) {
            const QRgb pixel = drawn.pixel(x, y);
            const double added = noise > 0 && qGray(pixel) > 4 ? normal(random) : 0;
            for (const int value :
                 {qRed(pixel), colour ? qGreen(pixel) : qRed(pixel), colour ? qBlue(pixel) : qRed(pixel)})
                made.rgb.push_back(std::uint8_t(std::clamp(value + int(std::lround(added)), 0, 255)));
        }
    return made;
}

inline studio::ImageColumn column(const std::string& name, const std::vector<studio::ImageRow>& rows, double noise,
                                  double bytes, double bits, int side = 28, bool colour = false) {
    studio::ImageColumn made;
    made.name = name;
    made.bytes = bytes;
    made.bits_per_weight = bits;
    made.seconds = 12.3 + noise / 10;
    made.recognised_share = 0.95 - noise / 200;
    made.frechet_distance = 3.1 + noise / 5;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        made.pictures.push_back(picture(rows[i].label, rows[i].seed, noise, side, colour));
        studio::ImageMetrics metrics;
        if (noise > 0) {
            metrics.psnr_db = 20 * std::log10(255 / noise) + double(i) * 0.3 + 3;
            metrics.ssim = std::exp(-noise / 60) - double(i) * 0.01;
        }
        metrics.recognised = noise > 20 && i == 0 ? 6 : rows[i].label; // the noisiest T-shirt is taken for a shirt
        made.metrics.push_back(metrics);
    }
    if (noise <= 0) return made;
    made.mean_psnr_db = 20 * std::log10(255 / noise) + 3.6;
    made.mean_ssim = std::exp(-noise / 60) - 0.02;
    for (int step = 0; step < 50; ++step) {
        const double part = step / 49.0;
        made.noise_errors.push_back({980 - 20 * step, noise / 300 * (0.3 + 1.5 * part * part * part)});
    }
    return made;
}

/// Original, uniform and a mix of pieces.
inline std::shared_ptr<studio::ImageComparison> comparison(int row_count = 5, int side = 28, bool colour = false) {
    auto made = std::make_shared<studio::ImageComparison>();
    for (int i = 0; i < row_count; ++i)
        made->rows.push_back({i % 5, class_names[std::size_t(i % 5)], std::uint64_t(i)});
    made->columns.push_back(column("original", made->rows, 0, 24.1e6, 32, side, colour));
    made->columns.push_back(column("uniform W4 g64", made->rows, 34, 3.18e6, 4.25, side, colour));
    made->columns.push_back(
        column("study: attention uniform, rest piecewise", made->rows, 12, 3.12e6, 4.13, side, colour));
    made->columns[0].noise_errors.clear();
    made->frechet_reference = "test images";
    made->frechet_samples = 5000;
    return made;
}

} // namespace quantscope::made_up
