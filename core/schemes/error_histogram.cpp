// The one pass that the live preview needs: every unit's range and shape, then its values into the bins of its class.
#include <algorithm>
#include <cmath>
#include <mutex>

#include "core/base/errors.h"
#include "core/base/parallel.h"
#include "core/schemes/estimate.h"
#include "core/schemes/registry.h"
#include "core/schemes/site_arrays.h"

namespace quantscope {

namespace {

constexpr int bins = 2048; ///< over (−1, 1), or over (low, high)
constexpr int classes = 8; ///< by crest factor, a Gaussian channel's is near 4
constexpr int sample_points = 2001;

/// Largest magnitude over root mean square, in half octaves from 2 on.
int class_of(double crest) {
    return std::clamp(static_cast<int>(std::floor(2 * std::log2(std::max(crest, 1.0)) - 2)), 0, classes - 1);
}

struct Pool {
    std::vector<double> weights = std::vector<double>(bins), counts = std::vector<double>(bins);
    double low = 0, high = 0, largest = 0, square_sum = 0;
    std::uint64_t units = 0;

    void add(const Pool& other) {
        for (int b = 0; b < bins; ++b)
            weights[b] += other.weights[b], counts[b] += other.counts[b];
        low += other.low;
        high += other.high;
        largest = std::max(largest, other.largest);
        square_sum += other.square_sum;
        units += other.units;
    }
};
using Pools = std::vector<Pool>;

/// Adds one unit. \returns its largest magnitude
double add_unit(std::span<const float> values, bool symmetric, Pools& pools) {
    float low = 0, high = 0;
    double squares = 0;
    for (const float w : values) {
        low = std::min(low, w);
        high = std::max(high, w);
        squares += static_cast<double>(w) * w;
    }
    const double largest = std::max(-low, high);
    if (largest == 0) return 0;
    Pool& pool =
        pools[static_cast<std::size_t>(class_of(largest / std::sqrt(squares / static_cast<double>(values.size()))))];
    const float from = symmetric ? static_cast<float>(-largest) : low;
    const double width = symmetric ? 2 * largest : static_cast<double>(high) - low;
    const auto scale = static_cast<float>(bins / width);
    const double weight = symmetric ? largest * largest : width * width;
    for (const float w : values) {
        const int bin = std::min(bins - 1, static_cast<int>((w - from) * scale));
        pool.weights[static_cast<std::size_t>(bin)] += weight;
        pool.counts[static_cast<std::size_t>(bin)] += 1;
    }
    pool.low += low / largest;
    pool.high += high / largest;
    pool.largest = std::max(pool.largest, largest);
    pool.square_sum += squares;
    ++pool.units;
    return largest;
}

/// What a typical unit of the class looks like in order: as many values as a unit has (at most sample_points), each at
/// the middle of its share of the ranks, the outermost ones at the units' mean extremes.
std::vector<float> typical_unit(const Pool& pool, const UnitClass& units, bool symmetric, std::int64_t width) {
    const auto count = static_cast<std::size_t>(std::clamp<std::int64_t>(width, 2, sample_points));
    double all = 0, seen = 0;
    for (const double values : units.counts)
        all += values;
    std::vector<float> sample;
    for (std::size_t b = 0; b < units.centers.size(); ++b) {
        seen += units.counts[b];
        while (sample.size() < count &&
               (static_cast<double>(sample.size()) + 0.5) / static_cast<double>(count) * all <= seen)
            sample.push_back(units.centers[b]);
    }
    sample.resize(count, units.centers.back());
    const double low = pool.low / static_cast<double>(pool.units), high = pool.high / static_cast<double>(pool.units);
    // A symmetric range ends at the larger of both sides; the other side's extreme lies nearer.
    sample.front() = static_cast<float>(symmetric ? -(high - low - 1) : low);
    sample.back() = static_cast<float>(symmetric ? 1 : high);
    return sample;
}

UnitClass finished(const Pool& pool, bool symmetric, std::int64_t unit_width) {
    UnitClass out;
    out.units = pool.units;
    out.largest = pool.largest;
    const double low = symmetric ? -1 : pool.low / static_cast<double>(pool.units);
    const double high = symmetric ? 1 : pool.high / static_cast<double>(pool.units);
    const double width = high - low;
    out.range = {static_cast<float>(low), static_cast<float>(high)};
    for (int b = 0; b < bins; ++b) {
        const auto bin = static_cast<std::size_t>(b);
        if (pool.counts[bin] == 0) continue;
        out.centers.push_back(static_cast<float>(low + (b + 0.5) * width / bins));
        // Weights are of errors in the class's own unit: scaled by largest magnitude, or by high − low.
        out.weights.push_back(static_cast<float>(pool.weights[bin] / (symmetric ? 1 : width * width)));
        out.counts.push_back(pool.counts[bin]);
    }
    out.sample = typical_unit(pool, out, symmetric, unit_width);
    return out;
}

class Collector {
public:
    Collector(const WeightRows& source, Units units, bool symmetric, Progress& progress)
        : source_(source)
        , units_(units)
        , symmetric_(symmetric)
        , progress_(progress) {
        largest_.resize(static_cast<std::size_t>(units.count()));
    }

    std::shared_ptr<const ErrorHistogram> run() {
        const Pools pools = units_.whole() ? whole() : by_rows();
        auto out = std::make_shared<ErrorHistogram>();
        out->rows = source_.rows;
        out->columns = source_.columns;
        out->units = units_.count();
        out->symmetric = symmetric_;
        const auto middle = largest_.begin() + static_cast<std::ptrdiff_t>(largest_.size() / 2);
        if (!largest_.empty()) {
            std::nth_element(largest_.begin(), middle, largest_.end());
            out->typical = *middle;
        }
        std::uint64_t most = 0;
        for (const Pool& pool : pools) {
            out->square_sum += pool.square_sum;
            if (pool.units == 0) continue;
            out->classes.push_back(
                finished(pool, symmetric_, units_.whole() ? source_.rows * source_.columns : units_.width));
            if (pool.units > most) most = pool.units, out->typical_class = out->classes.size() - 1;
        }
        return out;
    }

private:
    void read(std::int64_t first, std::int64_t count, std::span<float> out) const {
        source_.read(first, count, out);
        for (std::size_t i = 0; i < out.size(); ++i)
            if (!std::isfinite(out[i]))
                throw DataError(source_.file, source_.name,
                                "holds a non-finite value at row " +
                                    std::to_string(first + static_cast<std::int64_t>(i) / source_.columns) +
                                    ", column " + std::to_string(static_cast<std::int64_t>(i) % source_.columns) +
                                    "; repair the checkpoint or leave this layer in float");
    }

    Pools whole() {
        std::vector<float> all(static_cast<std::size_t>(source_.rows * source_.columns));
        parallel_for(source_.rows, grain(), [&](std::int64_t first, std::int64_t last) {
            progress_.check();
            read(first, last - first,
                 std::span(all).subspan(static_cast<std::size_t>(first * source_.columns),
                                        static_cast<std::size_t>((last - first) * source_.columns)));
        });
        Pools pools(classes);
        if (!largest_.empty()) largest_[0] = add_unit(all, symmetric_, pools);
        return pools;
    }

    /// Bands of rows whatever the number of threads, added up in order: the result does not depend on it.
    Pools by_rows() {
        constexpr std::int64_t most_bands = 16;
        const std::int64_t band_rows = std::max<std::int64_t>(1, (source_.rows + most_bands - 1) / most_bands);
        const std::int64_t bands = (source_.rows + band_rows - 1) / band_rows;
        std::vector<Pools> parts(static_cast<std::size_t>(bands), Pools(classes));
        parallel_for(bands, 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t band = begin; band < end; ++band)
                add_band(band * band_rows, std::min(source_.rows, (band + 1) * band_rows),
                         parts[static_cast<std::size_t>(band)]);
        });
        Pools pools(classes);
        for (const Pools& part : parts)
            for (std::size_t c = 0; c < pools.size(); ++c)
                pools[c].add(part[c]);
        return pools;
    }

    void add_band(std::int64_t first, std::int64_t last, Pools& pools) {
        std::vector<float> rows;
        for (std::int64_t row = first; row < last; row += grain()) {
            progress_.check();
            const std::int64_t count = std::min(grain(), last - row);
            rows.resize(static_cast<std::size_t>(count * source_.columns));
            read(row, count, rows);
            for (std::int64_t r = 0; r < count; ++r)
                for (std::int64_t segment = 0; segment < units_.segments(); ++segment) {
                    const std::int64_t begin = segment * units_.width;
                    const std::int64_t width = std::min(units_.width, source_.columns - begin);
                    largest_[static_cast<std::size_t>(units_.in_row(row + r) + segment)] =
                        add_unit(std::span(rows).subspan(static_cast<std::size_t>(r * source_.columns + begin),
                                                         static_cast<std::size_t>(width)),
                                 symmetric_, pools);
                }
        }
    }

    std::int64_t grain() const { return std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, source_.columns)); }

    const WeightRows& source_;
    Units units_;
    bool symmetric_;
    Progress& progress_;
    std::vector<double> largest_; ///< of each unit
};

} // namespace

std::string unit_key(const nlohmann::json& grid) {
    const SchemeParts parts(nlohmann::json{{"grid", grid}});
    std::string key = grid.value("granularity", "channel");
    if (key == "group") key += std::to_string(grid.value("group", 0));
    return key + (parts.grid->symmetric() ? "/symmetric" : "/asymmetric");
}

std::shared_ptr<const ErrorHistogram> make_error_histogram(const WeightRows& source, const nlohmann::json& scheme,
                                                           Progress& progress) {
    const SchemeParts parts(scheme);
    return Collector(source, parts.grid->units(source.rows, source.columns), parts.grid->symmetric(), progress).run();
}

} // namespace quantscope
