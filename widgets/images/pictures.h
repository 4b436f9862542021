// Pictures of a comparison on a screen: as images, their difference, the words for one pixel, and the steps of zoom.
#pragma once

#include <QImage>
#include <QPainter>
#include <memory>
#include <vector>

#include "core/studio/image_views.h"

namespace quantscope::widgets {

/// A finished snapshot, shared by the parts of the view that show it.
using ComparisonSnapshot = std::shared_ptr<const studio::ImageComparison>;

/// Null where the snapshot holds no such cell yet: columns and rows arrive one by one.
const studio::Picture* picture_at(const studio::ImageComparison& comparison, int row, int column);
const studio::ImageMetrics* metrics_at(const studio::ImageComparison& comparison, int row, int column);
/// \returns true when there is something to see, of the size it claims to have
bool is_sampled(const studio::Picture* picture);
/// The picture without a copy: it must outlive the image. A null image when it is not sampled.
QImage as_image(const studio::Picture* picture);
/// The largest size among the sampled pictures; empty when there is none.
QSize picture_size(const studio::ImageComparison& comparison);

/// other − original, the mean over the channels of each pixel, in levels of 255.
struct DifferenceMap {
    int width = 0, height = 0;
    std::vector<float> values; ///< height · width, row by row; empty when there are not two pictures of one size
    float largest = 0;         ///< magnitude

    float at(int x, int y) const { return values[std::size_t(y) * std::size_t(width) + std::size_t(x)]; }
};
DifferenceMap difference(const studio::Picture* original, const studio::Picture* other);
/// On the theme's diverging map: 0 is its middle, ± limit its ends.
QImage as_image(const DifferenceMap& map, double limit);

/// "34", or "34 30 29" where the channels differ.
QString pixel_text(const studio::Picture& picture, int x, int y);
/// "22.0 dB", "∞ dB" for equal images, "–" when it is not known.
QString psnr_text(double psnr_db);
/// "Trouser", or "class 1" for a class without a name.
QString class_text(const QString& name, int label);

/// A model's name in at most so many letters: it loses its middle, as ends tell models apart.
QString short_name(const std::string& name, int longest = 28);

/// Zoom goes through 1/8, 1/4, 1/2, 1, 2, 3, …, 32 screen pixels for one of the picture: enlarged by whole steps, so
/// that each of its pixels is as wide as the next.
double next_zoom(double zoom, int steps);
/// The largest zoom at which a picture fits into the room: a whole number, or below 1 what fills it; at least 1/8.
double fitting_zoom(const QSize& picture, const QSizeF& room);
/// "× 4", "× 0.50".
QString zoom_text(double zoom);
/// Squares for pixels when enlarged, averaged when made smaller.
void draw_picture(QPainter& painter, const QRectF& place, const QImage& image);
/// The picture averaged down to a place on a screen; as it is when the place is larger. A copy in either case.
QImage shrunk(const QImage& image, const QSizeF& place, double device_pixel_ratio);

} // namespace quantscope::widgets
