// A histogram over the window where nearly all values lie.
#include "core/statistics/window_histogram.h"

#include <algorithm>
#include <cmath>

#include "core/statistics/keys.h"

namespace quantscope {

namespace {

constexpr std::size_t bins = kernels::window_bins;

} // namespace

HistogramWindow window_of(std::span<const float> sorted, double deviation) {
    if (sorted.empty()) return {};
    const double low = sorted.front(), high = sorted.back();
    // No wider than a histogram of the tensor's range in 512 bins asks for, whatever outliers lie beyond the sample's.
    double range = std::min(high - low, 10 * deviation);
    if (!(range > 0)) range = high - low;
    const double middle = range < high - low ? static_cast<double>(sorted[sorted.size() / 2]) : (low + high) / 2;
    const double least = std::max(std::abs(middle), 0x1p-40) * 0x1p-20; // then bins' numbers are exact in float32
    const double width = std::exp2(std::ceil(std::log2(std::max(range / 512, least))));
    if (width < 0x1p-60 || width > 0x1p60) return {};
    HistogramWindow window;
    window.width = width;
    window.first = std::llround(middle / width) - static_cast<std::int64_t>(bins / 2);
    return window;
}

WindowCounts::WindowCounts(HistogramWindow of)
    : window(of)
    , counts(bins)
    , complete(of.width > 0) {}

void WindowCounts::add(const WindowCounts& other, std::size_t most_outside) {
    for (std::size_t b = 0; b < bins; ++b)
        counts[b] += other.counts[b];
    outside.insert(outside.end(), other.outside.begin(), other.outside.end());
    complete = complete && other.complete && outside.size() <= most_outside;
    if (!complete) outside.clear();
}

WindowHistogram::WindowHistogram(kernels::Kind kind, HistogramWindow window, std::size_t most_outside)
    : kind_(kind)
    , most_outside_(most_outside)
    , inverse_(static_cast<float>(1 / window.width))
    , first_(static_cast<float>(window.first))
    , low_(static_cast<float>(window.edge(0)))
    , high_(static_cast<float>(window.edge(bins)))
    , counts_(window) {
    if (counts_.complete) cells_.assign(kernels::window_copies * bins, 0);
}

void WindowHistogram::add_single(float value) {
    if (value < low_ || value >= high_)
        counts_.outside.push_back(value);
    else
        ++counts_.counts[static_cast<std::size_t>(std::floor(value * inverse_) - first_)];
}

void WindowHistogram::add(const std::byte* row, std::int64_t count, float low, float high, bool has_non_finite) {
    if (!counts_.complete) return;
    if (has_non_finite) {
        for (std::int64_t i = 0; i < count; ++i)
            if (const float value = value_at(kind_, row, i); std::isfinite(value)) add_single(value);
    } else {
        const auto& kernel = kernels::table();
        const bool inside = low >= low_ && high < high_;
        kernel.count_window(kind_, row, count, inverse_, first_, !inside, cells_.data());
        counted_ += static_cast<std::uint64_t>(count);
        if (!inside) { // the kernel put these into the outermost bins
            found_.resize(static_cast<std::size_t>(count));
            const std::int64_t found = kernel.outside(kind_, row, count, low_, high_, found_.data());
            for (std::int64_t i = 0; i < found; ++i) {
                const float value = value_at(kind_, row, found_[static_cast<std::size_t>(i)]);
                --counts_.counts[value < low_ ? 0 : bins - 1];
                counts_.outside.push_back(value);
            }
        }
        if (counted_ > std::uint64_t{1} << 31) flush(); // before a cell overflows
    }
    if (counts_.outside.size() > most_outside_) counts_.complete = false;
}

void WindowHistogram::flush() {
    for (std::size_t i = 0; i < cells_.size(); ++i)
        counts_.counts[i % bins] += cells_[i];
    std::fill(cells_.begin(), cells_.end(), 0);
    counted_ = 0;
}

void WindowHistogram::move_into(WindowCounts& total) {
    if (counts_.complete) flush();
    total.add(counts_, most_outside_);
    counts_ = WindowCounts(counts_.window);
}

} // namespace quantscope
