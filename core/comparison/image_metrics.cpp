#include "core/comparison/image_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/base/errors.h"

namespace quantscope {

namespace {

std::vector<double> gaussian_window(std::int64_t size, double sigma) {
    std::vector<double> window;
    double sum = 0;
    for (std::int64_t i = 0; i < size; ++i) {
        const double x = static_cast<double>(i - size / 2) / sigma;
        sum += window.emplace_back(std::exp(-x * x / 2));
    }
    for (double& weight : window)
        weight /= sum;
    return window;
}

/// Local means of a plane wherever the window fits, first along rows, then along columns.
class LocalMean {
public:
    LocalMean(std::int64_t height, std::int64_t width, std::vector<double> window)
        : height_(height)
        , width_(width)
        , window_(std::move(window)) {}

    std::vector<double> operator()(const std::vector<double>& plane) const {
        const auto size = static_cast<std::int64_t>(window_.size()), rows = height_ - size + 1,
                   columns = width_ - size + 1;
        std::vector<double> along(static_cast<std::size_t>(height_ * columns)),
            result(static_cast<std::size_t>(rows * columns));
        for (std::int64_t y = 0; y < height_; ++y)
            for (std::int64_t x = 0; x < columns; ++x)
                for (std::int64_t i = 0; i < size; ++i)
                    along[at(y, x, columns)] += window_[static_cast<std::size_t>(i)] * plane[at(y, x + i, width_)];
        for (std::int64_t y = 0; y < rows; ++y)
            for (std::int64_t x = 0; x < columns; ++x)
                for (std::int64_t i = 0; i < size; ++i)
                    result[at(y, x, columns)] += window_[static_cast<std::size_t>(i)] * along[at(y + i, x, columns)];
        return result;
    }

private:
    static std::size_t at(std::int64_t y, std::int64_t x, std::int64_t width) {
        return static_cast<std::size_t>(y * width + x);
    }
    std::int64_t height_, width_;
    std::vector<double> window_;
};

double plane_ssim(std::span<const float> image, std::span<const float> reference, const LocalMean& mean, double range) {
    const std::size_t count = image.size();
    std::vector<double> a(image.begin(), image.end()), b(reference.begin(), reference.end()), aa(count), bb(count),
        ab(count);
    for (std::size_t i = 0; i < count; ++i)
        aa[i] = a[i] * a[i], bb[i] = b[i] * b[i], ab[i] = a[i] * b[i];
    const auto mean_a = mean(a), mean_b = mean(b), mean_aa = mean(aa), mean_bb = mean(bb), mean_ab = mean(ab);
    const double c1 = std::pow(0.01 * range, 2), c2 = std::pow(0.03 * range, 2);
    double sum = 0;
    for (std::size_t i = 0; i < mean_a.size(); ++i) {
        const double product = mean_a[i] * mean_b[i], squares = mean_a[i] * mean_a[i] + mean_b[i] * mean_b[i];
        const double covariance = mean_ab[i] - product, variances = mean_aa[i] + mean_bb[i] - squares;
        sum += (2 * product + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2));
    }
    return sum / static_cast<double>(mean_a.size());
}

} // namespace

double psnr_db(std::span<const float> image, std::span<const float> reference, double range) {
    if (image.size() != reference.size() || image.empty())
        throw ShapeError("", "image", "and its reference differ in size; compare images of one model");
    double sum = 0;
    for (std::size_t i = 0; i < image.size(); ++i) {
        const double apart = static_cast<double>(image[i]) - static_cast<double>(reference[i]);
        sum += apart * apart;
    }
    if (sum == 0) return std::numeric_limits<double>::infinity();
    return 10 * std::log10(range * range * static_cast<double>(image.size()) / sum);
}

double ssim(std::span<const float> image, std::span<const float> reference, const ImageShape& shape, double range) {
    const auto values = static_cast<std::size_t>(shape.values());
    if (image.size() != values || reference.size() != values || values == 0)
        throw ShapeError("", "image", "and its reference differ in size; compare images of one model");
    std::int64_t size = std::min({std::int64_t(11), shape.height, shape.width});
    if (size % 2 == 0) --size;
    const LocalMean mean(shape.height, shape.width, gaussian_window(size, 1.5));
    const auto plane = static_cast<std::size_t>(shape.height * shape.width);
    double sum = 0;
    for (std::size_t channel = 0; channel < static_cast<std::size_t>(shape.channels); ++channel)
        sum +=
            plane_ssim(image.subspan(channel * plane, plane), reference.subspan(channel * plane, plane), mean, range);
    return sum / static_cast<double>(shape.channels);
}

} // namespace quantscope
