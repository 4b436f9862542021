// A strip is as many columns as a vector has lanes, all rows of it copied side by side; the thresholds of one
// percentile of all its columns are counted at once.
#include "core/statistics/column_ranks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/base/parallel.h"
#include "core/statistics/keys.h"
#include "core/statistics/shelf.h"

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

/// One number for each of up to three thresholds and each lane.
using Lanes = std::array<std::int32_t, 3 * most_lanes>;

class StripSearch {
public:
    StripSearch(const MomentSweep& sweep, std::span<const double> percentiles, std::span<const PercentileShape> shapes,
                bool exact, const ThresholdCounts& thresholds, std::vector<std::vector<float>>& out)
        : sweep_(sweep)
        , percentiles_(percentiles)
        , shapes_(shapes)
        , exact_(exact)
        , out_(out)
        , counts_(thresholds) {}

    /// Strips [first, last) of `columns`, which are copied together.
    void run(const Columns& columns, std::int64_t first, std::int64_t last, const Progress& progress);
    /// What the strips that ran add to the tensor's thresholds; from then on they are counted from 0.
    void move_counts(ThresholdCounts& to) {
        for (std::size_t i = 0; i < counts_.not_above.size(); ++i)
            to.not_above[i] += std::exchange(counts_.not_above[i], 0);
    }

private:
    void load(const Columns& columns, std::int64_t first, std::int64_t last);
    void strip(std::int64_t first_column, int used);
    std::size_t place(std::size_t row, int lane) const {
        return strip_ + row * static_cast<std::size_t>(lanes_) + static_cast<std::size_t>(lane);
    }
    float value(std::size_t row, int lane) const {
        return kind_ == Kind::f32 ? values_[place(row, lane)] : value_of_key(kind_, keys_[place(row, lane)]);
    }
    void select(std::int64_t column, int lane);
    void search(std::int64_t first_column, int used, std::size_t first_percentile);
    void count(int wanted, const Lanes& probes, Lanes& above);
    void count_thresholds(int used);

    const MomentSweep& sweep_;
    std::span<const double> percentiles_;
    std::span<const PercentileShape> shapes_;
    const bool exact_;
    std::vector<std::vector<float>>& out_;
    ThresholdCounts counts_;
    Kind kind_{};
    int lanes_ = 0;
    std::int64_t rows_ = 0;
    std::size_t strip_ = 0; // where the strip at work begins
    std::vector<std::int16_t> keys_;
    std::vector<float> values_, column_;
};

/// Copies strips one behind the other, read side by side: a row's memory page is looked up once for all of them.
void StripSearch::load(const Columns& columns, std::int64_t first, std::int64_t last) {
    const auto& kernel = kernels::table();
    kind_ = columns.kind;
    lanes_ = lanes_of(kind_);
    rows_ = static_cast<std::int64_t>(columns.rows.size());
    const std::int64_t strip_size = rows_ * lanes_;
    const auto size = static_cast<std::size_t>((last - first) * strip_size);
    if (kind_ == Kind::f32)
        values_.resize(std::max(values_.size(), size));
    else
        keys_.resize(std::max(keys_.size(), size));
    const std::int64_t whole = std::min(last, columns.count / lanes_);
    if (first < whole && kind_ == Kind::f32)
        kernel.load_strips_32(columns.rows.data(), rows_, first * lanes_, whole - first, strip_size, values_.data());
    else if (first < whole)
        kernel.load_strips_16(columns.rows.data(), rows_, first * lanes_, whole - first, strip_size, keys_.data());
    if (whole == last) return;
    const std::int64_t begin = whole * lanes_, used = columns.count - begin; // a width that is no multiple
    for (std::int64_t r = 0; r < rows_; ++r) {
        const std::byte* at = columns.rows[static_cast<std::size_t>(r)] + begin * value_bytes(kind_);
        const auto out = static_cast<std::size_t>((whole - first) * strip_size + r * lanes_);
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
    if (!counts_.thresholds.empty()) count_thresholds(used);
    const bool sorted = exact_ || rows_ < RankSearch::smallest;
    for (int lane = 0; lane < used; ++lane)
        if (sorted || sweep_.column_non_finite[static_cast<std::size_t>(first_column + lane)] > 0)
            select(first_column + lane, lane);
    if (sorted) return;
    for (std::size_t q = 0; q < percentiles_.size(); q += 3)
        search(first_column, used, q);
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
void StripSearch::search(std::int64_t first_column, int used, std::size_t first_percentile) {
    const int wanted = static_cast<int>(std::min<std::size_t>(3, percentiles_.size() - first_percentile));
    std::array<std::array<RankSearch, most_lanes>, 3> searches; // done until begun
    for (int lane = 0; lane < used; ++lane) {
        const auto column = static_cast<std::size_t>(first_column + lane);
        if (sweep_.column_non_finite[column] > 0) continue;
        const PowerSums& sums = sweep_.columns[column];
        const double mean = sums.mean(), deviation = std::sqrt(sums.variance());
        for (int q = 0; q < wanted; ++q) {
            const std::size_t p = first_percentile + static_cast<std::size_t>(q);
            searches[q][lane].begin(kind_, sums.count, percentiles_[p], sums.low, sums.high, mean, deviation,
                                    shapes_[p]);
        }
    }
    Lanes probes{}, above{};
    for (;;) {
        int open = 0; // percentiles that some lane has not found yet; only they are counted
        std::array<int, 3> percentile{};
        for (int q = 0; q < wanted; ++q) {
            bool any = false;
            for (int lane = 0; lane < used; ++lane) {
                any = any || !searches[q][lane].done();
                probes[open * lanes_ + lane] = searches[q][lane].probe();
            }
            if (any) percentile[open++] = q;
        }
        if (open == 0) break;
        count(open, probes, above);
        for (int o = 0; o < open; ++o)
            for (int lane = 0; lane < used; ++lane)
                if (RankSearch& search = searches[percentile[o]][lane]; !search.done())
                    search.counted(rows_ - above[o * lanes_ + lane]);
    }
    for (int q = 0; q < wanted; ++q)
        for (int lane = 0; lane < used; ++lane) {
            const auto column = static_cast<std::size_t>(first_column + lane);
            if (sweep_.column_non_finite[column] == 0)
                out_[first_percentile + static_cast<std::size_t>(q)][column] = searches[q][lane].value();
        }
}

void StripSearch::count(int wanted, const Lanes& probes, Lanes& above) {
    const auto& kernel = kernels::table();
    const auto size = static_cast<std::size_t>(wanted * lanes_);
    if (kind_ == Kind::f32) {
        std::array<float, 3 * most_lanes> thresholds;
        for (std::size_t i = 0; i < size; ++i)
            thresholds[i] = value_of_key32(probes[i]);
        kernel.count_strip_32(values_.data() + strip_, rows_, wanted, thresholds.data(), above.data());
        return;
    }
    std::array<std::int16_t, 3 * most_lanes> thresholds;
    for (std::size_t i = 0; i < size; ++i)
        thresholds[i] = static_cast<std::int16_t>(probes[i]);
    kernel.count_strip_16(keys_.data() + strip_, rows_, wanted, thresholds.data(), above.data());
}

/// The tensor's thresholds, the same for all lanes.
void StripSearch::count_thresholds(int used) {
    Lanes probes{}, above{};
    for (std::size_t first = 0; first < counts_.thresholds.size(); first += 3) {
        const int wanted = static_cast<int>(std::min<std::size_t>(3, counts_.thresholds.size() - first));
        for (int q = 0; q < wanted; ++q)
            std::fill_n(probes.begin() + q * lanes_, lanes_,
                        key_at_or_below(kind_, counts_.thresholds[first + static_cast<std::size_t>(q)]));
        count(wanted, probes, above);
        for (int q = 0; q < wanted; ++q)
            for (int lane = 0; lane < used; ++lane)
                counts_.not_above[first + static_cast<std::size_t>(q)] +=
                    static_cast<std::uint64_t>(rows_ - above[q * lanes_ + lane]);
    }
}

} // namespace

std::vector<std::vector<float>> column_percentiles(const MatrixSource& source, const MomentSweep& sweep,
                                                   const Sample& sample, std::span<const double> percentiles,
                                                   bool exact, ThresholdCounts& thresholds, Progress& progress) {
    const std::int64_t rows = source.rows(), width = source.columns();
    std::vector<std::vector<float>> out(percentiles.size(), std::vector<float>(static_cast<std::size_t>(width), NAN));
    if (rows == 0 || width == 0) return out;
    std::vector<PercentileShape> shapes;
    for (double p : percentiles)
        shapes.push_back(sample.shape(p));

    Shelf<StripSearch> searches;
    const auto walk = [&](const Columns& columns) {
        // As many strips at once as lie in half of a core's second-level cache.
        constexpr std::int64_t cache = std::int64_t{3} << 19, strip_row = 64;
        const std::int64_t lanes = lanes_of(columns.kind), strips = (columns.count + lanes - 1) / lanes;
        parallel_for(strips, std::clamp<std::int64_t>(cache / (rows * strip_row), 1, 16),
                     [&](std::int64_t first, std::int64_t last) {
                         auto search = searches.take([&] {
                             return std::make_unique<StripSearch>(sweep, percentiles, shapes, exact, thresholds, out);
                         });
                         search->run(columns, first, last, progress);
                         searches.give(std::move(search));
                     });
        for (auto& search : searches.all())
            search->move_counts(thresholds);
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
