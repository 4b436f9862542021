// A strip is as many columns as a vector has lanes, all rows of it copied side by side; the thresholds of one
// percentile of all its columns are counted at once.
#include "core/statistics/column_ranks.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/parallel.h"
#include "core/statistics/keys.h"

namespace quantscope {

namespace {

using kernels::Kind;

constexpr int most_lanes = std::max(kernels::strip_lanes_16, kernels::strip_lanes_32);
/// Values of a source that must be decoded are held for as many columns at a time as fit in this many.
constexpr std::int64_t decoded_values = std::int64_t{1} << 25;

/// Columns of a matrix in memory by row pointers: the source itself, or some columns of a decoded one.
struct Columns {
    Kind kind{};
    std::vector<const std::byte*> rows;
    std::int64_t first = 0, count = 0; ///< columns of the source; row pointers point to the first of them
};

int lanes_of(Kind kind) { return kind == Kind::f32 ? kernels::strip_lanes_32 : kernels::strip_lanes_16; }

class StripSearch {
public:
    StripSearch(const MomentSweep& sweep, std::span<const double> percentiles, std::span<const PercentileShape> shapes,
                bool exact, std::vector<std::vector<float>>& out)
        : sweep_(sweep)
        , percentiles_(percentiles)
        , shapes_(shapes)
        , exact_(exact)
        , out_(out) {}

    /// Strips [first, last) of `columns`, which are copied together.
    void run(const Columns& columns, std::int64_t first, std::int64_t last, const Progress& progress);

private:
    void load(const Columns& columns, std::int64_t first, std::int64_t last);
    void load_part(const Columns& columns, std::int64_t begin, std::int64_t row, std::int64_t count, std::size_t to);
    void strip(std::int64_t first_column, int used);
    std::size_t place(std::size_t row, int lane) const {
        return strip_ + row * static_cast<std::size_t>(lanes_) + static_cast<std::size_t>(lane);
    }
    float value(std::size_t row, int lane) const {
        return kind_ == Kind::f32 ? values_[place(row, lane)] : value_of_key(kind_, keys_[place(row, lane)]);
    }
    void select(std::int64_t column, int lane);
    void search(std::int64_t first_column, int first_lane, int end_lane, std::size_t first_percentile);
    void count(const std::array<std::int32_t, 3 * most_lanes>& probes, std::array<std::int32_t, 3 * most_lanes>& above);

    const MomentSweep& sweep_;
    std::span<const double> percentiles_;
    std::span<const PercentileShape> shapes_;
    const bool exact_;
    std::vector<std::vector<float>>& out_;
    Kind kind_{};
    int lanes_ = 0;
    std::int64_t rows_ = 0;
    std::size_t strip_ = 0; // where the strip at work begins
    std::vector<std::int16_t> keys_;
    std::vector<float> values_, column_;
};

/// Copies strips one behind the other. They are read side by side, some rows at a time: a row's memory page is then
/// looked up once for all of them.
void StripSearch::load(const Columns& columns, std::int64_t first, std::int64_t last) {
    kind_ = columns.kind;
    lanes_ = lanes_of(kind_);
    rows_ = static_cast<std::int64_t>(columns.rows.size());
    const auto strip_size = static_cast<std::size_t>(rows_ * lanes_);
    const std::size_t size = static_cast<std::size_t>(last - first) * strip_size;
    if (kind_ == Kind::f32)
        values_.resize(std::max(values_.size(), size));
    else
        keys_.resize(std::max(keys_.size(), size));
    constexpr std::int64_t rows_at_once = 64;
    for (std::int64_t row = 0; row < rows_; row += rows_at_once)
        for (std::int64_t s = first; s < last; ++s)
            load_part(columns, s * lanes_, row, std::min(rows_at_once, rows_ - row),
                      static_cast<std::size_t>(s - first) * strip_size + static_cast<std::size_t>(row * lanes_));
}

/// Rows [row, row + count) of the strip that begins at column `begin`.
void StripSearch::load_part(const Columns& columns, std::int64_t begin, std::int64_t row, std::int64_t count,
                            std::size_t to) {
    const auto& kernel = kernels::table();
    const std::byte* const* rows = columns.rows.data() + row;
    const std::int64_t used = std::min<std::int64_t>(lanes_, columns.count - begin);
    if (used == lanes_) {
        if (kind_ == Kind::f32)
            kernel.load_strip_32(rows, count, begin, values_.data() + to);
        else
            kernel.load_strip_16(rows, count, begin, keys_.data() + to);
        return;
    }
    for (std::int64_t r = 0; r < count; ++r) { // the last strip of a width that is no multiple
        const std::byte* at = rows[r] + begin * value_bytes(kind_);
        const std::size_t out = to + static_cast<std::size_t>(r * lanes_);
        if (kind_ == Kind::f32)
            values_to_float(kind_, at, used, values_.data() + out);
        else
            kernel.ordered(at, used, keys_.data() + out);
    }
}

void StripSearch::run(const Columns& columns, std::int64_t first, std::int64_t last, const Progress& progress) {
    load(columns, first, last);
    for (std::int64_t s = first; s < last; ++s) {
        progress.check();
        strip_ = static_cast<std::size_t>((s - first) * rows_ * lanes_);
        strip(columns.first + s * lanes_, static_cast<int>(std::min<std::int64_t>(lanes_, columns.count - s * lanes_)));
    }
}

void StripSearch::strip(std::int64_t first_column, int used) {
    const bool sorted = exact_ || rows_ < RankSearch::smallest;
    for (int lane = 0; lane < used; ++lane)
        if (sorted || sweep_.column_non_finite[static_cast<std::size_t>(first_column + lane)] > 0)
            select(first_column + lane, lane);
    if (sorted) return;
    for (std::size_t q = 0; q < percentiles_.size(); q += 3)
        search(first_column, 0, used, q);
}

/// One column by partial sorting.
void StripSearch::select(std::int64_t column, int lane) {
    column_.resize(static_cast<std::size_t>(rows_));
    for (std::size_t row = 0; row < column_.size(); ++row)
        column_[row] = value(row, lane);
    std::erase_if(column_, [](float v) { return !std::isfinite(v); });
    std::vector<float> found(percentiles_.size());
    exact_percentiles(column_, percentiles_, found);
    for (std::size_t q = 0; q < found.size(); ++q)
        out_[q][static_cast<std::size_t>(column)] = found[q];
}

/// Up to three percentiles of all lanes of the strip whose columns have no holes.
void StripSearch::search(std::int64_t first_column, int first_lane, int end_lane, std::size_t first_percentile) {
    const int wanted = static_cast<int>(std::min<std::size_t>(3, percentiles_.size() - first_percentile));
    std::array<std::array<RankSearch, most_lanes>, 3> searches; // done until begun
    std::array<std::int32_t, 3 * most_lanes> probes{}, above{};
    for (int lane = first_lane; lane < end_lane; ++lane) {
        const auto column = static_cast<std::size_t>(first_column + lane);
        if (sweep_.column_non_finite[column] > 0) continue;
        const PowerSums& sums = sweep_.columns[column];
        for (int q = 0; q < wanted; ++q) {
            const std::size_t p = first_percentile + static_cast<std::size_t>(q);
            searches[q][lane].begin(kind_, sums.count, percentiles_[p], sums.low, sums.high, sums.mean(),
                                    std::sqrt(sums.variance()), shapes_[p]);
        }
    }
    for (;;) {
        bool any = false;
        for (int q = 0; q < wanted; ++q)
            for (int lane = first_lane; lane < end_lane; ++lane) {
                any = any || !searches[q][lane].done();
                probes[q * lanes_ + lane] = searches[q][lane].probe();
            }
        if (!any) break;
        count(probes, above);
        for (int q = 0; q < wanted; ++q)
            for (int lane = first_lane; lane < end_lane; ++lane)
                if (!searches[q][lane].done()) searches[q][lane].counted(rows_ - above[q * lanes_ + lane]);
    }
    for (int q = 0; q < wanted; ++q)
        for (int lane = first_lane; lane < end_lane; ++lane) {
            const auto column = static_cast<std::size_t>(first_column + lane);
            if (sweep_.column_non_finite[column] == 0)
                out_[first_percentile + static_cast<std::size_t>(q)][column] = searches[q][lane].value();
        }
}

void StripSearch::count(const std::array<std::int32_t, 3 * most_lanes>& probes,
                        std::array<std::int32_t, 3 * most_lanes>& above) {
    const auto& kernel = kernels::table();
    if (kind_ == Kind::f32) {
        std::array<float, 3 * most_lanes> thresholds;
        for (std::size_t i = 0; i < thresholds.size(); ++i)
            thresholds[i] = value_of_key32(probes[i]);
        kernel.count_strip_32(values_.data() + strip_, rows_, thresholds.data(), above.data());
        return;
    }
    std::array<std::int16_t, 3 * most_lanes> thresholds;
    for (std::size_t i = 0; i < thresholds.size(); ++i)
        thresholds[i] = static_cast<std::int16_t>(probes[i]);
    kernel.count_strip_16(keys_.data() + strip_, rows_, thresholds.data(), above.data());
}

} // namespace

std::vector<std::vector<float>> column_percentiles(const MatrixSource& source, const MomentSweep& sweep,
                                                   const Sample& sample, std::span<const double> percentiles,
                                                   bool exact, Progress& progress) {
    const std::int64_t rows = source.rows(), width = source.columns();
    std::vector<std::vector<float>> out(percentiles.size(), std::vector<float>(static_cast<std::size_t>(width), NAN));
    if (rows == 0 || width == 0 || percentiles.empty()) return out;
    std::vector<PercentileShape> shapes;
    for (double p : percentiles)
        shapes.push_back(sample.shape(p));

    const auto walk = [&](const Columns& columns) {
        // As many strips at once as lie in half of a core's second-level cache.
        constexpr std::int64_t cache = std::int64_t{1} << 20, strip_row = 64;
        const std::int64_t lanes = lanes_of(columns.kind), strips = (columns.count + lanes - 1) / lanes;
        parallel_for(strips, std::clamp<std::int64_t>(cache / (rows * strip_row), 1, 16),
                     [&](std::int64_t first, std::int64_t last) {
                         StripSearch(sweep, percentiles, shapes, exact, out).run(columns, first, last, progress);
                     });
    };

    Columns columns;
    columns.kind = source.kind();
    columns.rows.resize(static_cast<std::size_t>(rows));
    if (source.is_in_place()) {
        columns.count = width;
        for (std::int64_t r = 0; r < rows; ++r)
            columns.rows[static_cast<std::size_t>(r)] = source.row(r);
        walk(columns);
        return out;
    }
    // Decoded sources give whole rows only: some columns of all rows are kept at a time, mostly all of them.
    const std::int64_t group = std::clamp<std::int64_t>(decoded_values / rows, 1, width);
    std::vector<float> kept(static_cast<std::size_t>(rows * group));
    for (columns.first = 0; columns.first < width; columns.first += group) {
        columns.count = std::min(group, width - columns.first);
        parallel_for(rows, 64, [&](std::int64_t first, std::int64_t last) {
            progress.check();
            RowWindow window(source);
            const auto pointers = window.rows(first, last - first);
            for (std::int64_t r = first; r < last; ++r) {
                float* to = kept.data() + r * columns.count;
                values_to_float(Kind::f32, pointers[static_cast<std::size_t>(r - first)] + 4 * columns.first,
                                columns.count, to);
                columns.rows[static_cast<std::size_t>(r)] = reinterpret_cast<const std::byte*>(to);
            }
        });
        walk(columns);
    }
    return out;
}

} // namespace quantscope
