// The tensor's histogram, counted while a row is in cache: bins of one width over the window where nearly all values
// lie, and single values beyond.
#pragma once

#include <span>
#include <vector>

#include "core/statistics/kernels.h"

namespace quantscope {

/// Bins [k · width, (k + 1) · width) for k = first … first + 4095; the width is a power of two.
struct HistogramWindow {
    double width = 0; ///< 0: no histogram
    std::int64_t first = 0;

    double edge(std::int64_t bin) const { return static_cast<double>(first + bin) * width; }
};

/// A window for values of which a sample is known; width 0 where float32 cannot tell the bins apart.
/// \param sorted  the sample \param deviation  of its middle part
HistogramWindow window_of(std::span<const float> sorted, double deviation);

/// Exact counts of all finite values, those outside of the window one by one.
struct WindowCounts {
    HistogramWindow window;
    std::vector<std::uint64_t> counts; ///< [window_bins]
    std::vector<float> outside;
    bool complete = true; ///< false: there were too many outside to keep them

    explicit WindowCounts(HistogramWindow of = {});
    void add(const WindowCounts& other, std::size_t most_outside);
};

class WindowHistogram {
public:
    /// \param most_outside  of the window, that are kept
    WindowHistogram(kernels::Kind kind, HistogramWindow window, std::size_t most_outside);

    /// A row whose finite values lie within low … high.
    void add(const std::byte* row, std::int64_t count, float low, float high, bool has_non_finite);
    /// Adds what was counted and starts again from 0.
    void move_into(WindowCounts& total);

private:
    void add_single(float value);
    void flush();

    kernels::Kind kind_;
    std::size_t most_outside_;
    float inverse_, first_, low_, high_; // of the window
    std::vector<std::uint32_t> cells_;   // [copies][window_bins]
    std::uint64_t counted_ = 0;          // since the cells were empty
    WindowCounts counts_;
    std::vector<std::int64_t> found_;
};

} // namespace quantscope
