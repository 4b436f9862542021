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

class StripSearch {
public:
    StripSearch(const MomentSweep& sweep, std::span<const double> percentiles, std::span<const PercentileShape> shapes,
                bool exact, std::vector<std::vector<float>>& out)
        : sweep_(sweep)
        , percentiles_(percentiles)
        , shapes_(shapes)
        , exact_(exact)
        , out_(out) {}

    /// Columns [begin, end) of `columns`, no more than a strip holds.
    void run(const Columns& columns, std::int64_t begin, std::int64_t end);

private:
    void load(const Columns& columns, std::int64_t begin, std::int64_t end);
    float value(std::size_t row, int lane) const {
        return kind_ == Kind::f32
                   ? values_[row * static_cast<std::size_t>(lanes_) + static_cast<std::size_t>(lane)]
                   : value_of_key(kind_,
                                  keys_[row * static_cast<std::size_t>(lanes_) + static_cast<std::size_t>(lane)]);
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
    std::vector<std::int16_t> keys_;
    std::vector<float> values_, column_;
};

/// Columns of the strip go to lanes [0, end − begin).
void StripSearch::load(const Columns& columns, std::int64_t begin, std::int64_t end) {
    kind_ = columns.kind;
    lanes_ = kind_ == Kind::f32 ? kernels::strip_lanes_32 : kernels::strip_lanes_16;
    rows_ = static_cast<std::int64_t>(columns.rows.size());
    const auto size = static_cast<std::size_t>(rows_) * static_cast<std::size_t>(lanes_);
    if (kind_ == Kind::f32)
        values_.resize(size);
    else
        keys_.resize(size);
    const auto& kernel = kernels::table();
    if (end - begin == lanes_) {
        if (kind_ == Kind::f32)
            kernel.load_strip_32(columns.rows.data(), rows_, begin, values_.data());
        else
            kernel.load_strip_16(columns.rows.data(), rows_, begin, keys_.data());
        return;
    }
    for (std::int64_t row = 0; row < rows_; ++row) { // the last strip of a width that is no multiple
        const std::byte* at = columns.rows[static_cast<std::size_t>(row)] + begin * value_bytes(kind_);
        if (kind_ == Kind::f32)
            values_to_float(kind_, at, end - begin, values_.data() + row * lanes_);
        else
            kernel.ordered(at, end - begin, keys_.data() + row * lanes_);
    }
}

void StripSearch::run(const Columns& columns, std::int64_t begin, std::int64_t end) {
    load(columns, begin, end);
    const std::int64_t first_column = columns.first + begin;
    const int used = static_cast<int>(end - begin);
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
        kernel.count_strip_32(values_.data(), rows_, thresholds.data(), above.data());
        return;
    }
    std::array<std::int16_t, 3 * most_lanes> thresholds;
    for (std::size_t i = 0; i < thresholds.size(); ++i)
        thresholds[i] = static_cast<std::int16_t>(probes[i]);
    kernel.count_strip_16(keys_.data(), rows_, thresholds.data(), above.data());
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
        const int lanes = columns.kind == Kind::f32 ? kernels::strip_lanes_32 : kernels::strip_lanes_16;
        parallel_for((columns.count + lanes - 1) / lanes, 4, [&](std::int64_t first, std::int64_t last) {
            StripSearch search(sweep, percentiles, shapes, exact, out);
            for (std::int64_t strip = first; strip < last; ++strip) {
                progress.check();
                search.run(columns, strip * lanes, std::min(columns.count, (strip + 1) * lanes));
            }
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
