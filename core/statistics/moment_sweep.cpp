// Moments and extremes of rows and columns in one walk, four rows at a time through the kernels; what float32 sums
// cannot hold (non-finite, huge or tiny values, channels far from the common mean) is done again in double.
#include "core/statistics/moment_sweep.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>

#include "core/base/parallel.h"
#include "core/statistics/keys.h"

namespace quantscope {

void kernels::RowLanes::clear() {
    for (auto& power : sums)
        std::fill(std::begin(power), std::end(power), 0.0f);
    std::fill(std::begin(low), std::end(low), std::numeric_limits<float>::infinity());
    std::fill(std::begin(high), std::end(high), -std::numeric_limits<float>::infinity());
    std::fill(std::begin(positive), std::end(positive), std::int16_t{-32768});
    std::fill(std::begin(negative), std::end(negative), std::uint16_t{0});
}

using kernels::Kind;
using kernels::RowLanes;

namespace {

constexpr std::int64_t tile_rows = 64;        // float32 sums of a column hold this many rows
constexpr std::int64_t block_columns = 16384; // and of a row this many columns
// Between these magnitudes the fourth power and sums of it are normal float32 numbers.
constexpr float largest_magnitude = 0x1p27f, smallest_magnitude = 0x1p-28f;

bool is_negative_pattern(std::uint16_t bits) { return bits >= 0x8000; }
std::uint16_t infinity_bits(Kind kind) { return kind == Kind::f16 ? 0x7c00 : 0x7f80; }

/// Float32 sums of all columns over the rows of one tile, laid out as the kernels want them.
class TileColumns {
public:
    TileColumns(Kind kind, std::int64_t columns)
        : kind_(kind)
        , columns_(static_cast<std::size_t>(columns)) {
        sums_.resize(4 * columns_);
        if (kind == Kind::f32)
            extremes_.resize(2 * columns_);
        else
            positive_.resize(columns_), negative_.resize(columns_);
        for (int p = 0; p < 4; ++p)
            view_.sums[p] = sums_.data() + static_cast<std::size_t>(p) * columns_;
        view_.low = extremes_.data();
        view_.high = extremes_.data() + (kind == Kind::f32 ? columns_ : 0);
        view_.positive = positive_.data();
        view_.negative = negative_.data();
        clear();
    }
    const kernels::ColumnSums& view() const { return view_; }
    void clear() {
        std::fill(sums_.begin(), sums_.end(), 0.0f);
        if (kind_ == Kind::f32) {
            std::fill_n(extremes_.begin(), columns_, std::numeric_limits<float>::infinity());
            std::fill_n(extremes_.begin() + static_cast<std::ptrdiff_t>(columns_), columns_,
                        -std::numeric_limits<float>::infinity());
        } else {
            std::fill(positive_.begin(), positive_.end(), std::int16_t{-32768});
            std::fill(negative_.begin(), negative_.end(), std::uint16_t{0});
        }
    }

private:
    Kind kind_;
    std::size_t columns_;
    std::vector<float> sums_, extremes_;
    std::vector<std::int16_t> positive_;
    std::vector<std::uint16_t> negative_;
    kernels::ColumnSums view_{};
};

/// What a band of rows adds to every column.
struct BandColumns {
    std::vector<double> sums; // [4][columns]
    std::vector<float> low, high;
    std::vector<std::int16_t> positive;
    std::vector<std::uint16_t> negative;
    std::vector<std::uint64_t> non_finite; // empty while there is none
    std::vector<std::uint32_t> zeros;      // empty while there is none

    void start(Kind kind, std::size_t columns) {
        sums.assign(4 * columns, 0.0);
        if (kind == Kind::f32) {
            low.assign(columns, std::numeric_limits<float>::infinity());
            high.assign(columns, -std::numeric_limits<float>::infinity());
        } else {
            positive.assign(columns, -32768);
            negative.assign(columns, 0);
        }
    }
    void add(const kernels::ColumnSums& tile, std::size_t columns) {
        for (std::size_t p = 0; p < 4; ++p)
            for (std::size_t c = 0; c < columns; ++c)
                sums[p * columns + c] += static_cast<double>(tile.sums[p][c]);
        for (std::size_t c = 0; c < low.size(); ++c) {
            low[c] = std::min(low[c], tile.low[c]);
            high[c] = std::max(high[c], tile.high[c]);
        }
        for (std::size_t c = 0; c < positive.size(); ++c) {
            positive[c] = std::max(positive[c], tile.positive[c]);
            negative[c] = std::max(negative[c], tile.negative[c]);
        }
    }
};

class Sweep {
public:
    Sweep(const MatrixSource& source, const Sample& sample, const SweepWish& wish, Progress& progress)
        : source_(source)
        , sample_(sample)
        , wish_(wish)
        , progress_(progress)
        , kind_(source.kind())
        , columns_(source.columns()) {}

    MomentSweep run();

private:
    struct Worker {
        RowWindow window;
        TileColumns tile;
        std::vector<RowLanes> lanes;
        std::vector<std::uint32_t> bins;
        std::vector<std::int16_t> keys;
        std::vector<float> values;
    };

    void band(std::int64_t first, std::int64_t last, BandColumns& sums);
    bool add_rows(Worker& worker, std::span<const std::byte* const> rows, std::int64_t first, BandColumns& band);
    PowerSums sums_of(const RowLanes& lanes, const std::byte* block, std::int64_t count, bool& regular) const;
    PowerSums careful_row(const std::byte* row, std::uint64_t& non_finite) const;
    void careful_tile(std::span<const std::byte* const> rows, BandColumns& sums) const;
    void row_percentiles(Worker& worker, const std::byte* row, std::int64_t index);
    void merge_bands(const std::vector<BandColumns>& bands);
    void repair_columns();

    const MatrixSource& source_;
    const Sample& sample_;
    const SweepWish& wish_;
    Progress& progress_;
    const Kind kind_;
    const std::int64_t columns_;
    std::vector<PercentileShape> shapes_;
    MomentSweep result_;
    std::mutex bins_mutex_; // bands add their counts to the tensor's histogram as they end; integers, so in any order
};

MomentSweep Sweep::run() {
    const std::int64_t rows = source_.rows();
    const auto columns = static_cast<std::size_t>(columns_);
    result_.rows.resize(static_cast<std::size_t>(rows));
    result_.row_non_finite.resize(static_cast<std::size_t>(rows));
    result_.columns.resize(columns);
    result_.column_non_finite.resize(columns);
    result_.row_zeros.resize(static_cast<std::size_t>(rows));
    result_.column_zeros.resize(columns);
    result_.row_percentiles.assign(wish_.percentiles.size(), std::vector<float>(static_cast<std::size_t>(rows), NAN));
    if (wish_.histogram) result_.bins.assign(kernels::bins, 0);
    for (double p : wish_.percentiles)
        shapes_.push_back(sample_.shape(p));
    if (rows == 0 || columns_ == 0) return std::move(result_);

    // Sixteen bands keep that many threads busy; more only where a band's counts could overflow 32 bits.
    const std::int64_t tiles = (rows + tile_rows - 1) / tile_rows;
    const std::int64_t most_tiles = std::max<std::int64_t>(1, (std::int64_t{1} << 31) / (tile_rows * columns_));
    const std::int64_t band_rows = tile_rows * std::clamp<std::int64_t>((tiles + 15) / 16, 1, most_tiles);
    std::vector<BandColumns> bands(static_cast<std::size_t>((rows + band_rows - 1) / band_rows));
    parallel_for(static_cast<std::int64_t>(bands.size()), 1, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t b = first; b < last; ++b)
            band(b * band_rows, std::min(rows, (b + 1) * band_rows), bands[static_cast<std::size_t>(b)]);
    });
    merge_bands(bands);
    repair_columns();
    return std::move(result_);
}

void Sweep::band(std::int64_t first, std::int64_t last, BandColumns& sums) {
    Worker worker{RowWindow(source_), TileColumns(kind_, columns_), std::vector<RowLanes>(4), {}, {}, {}};
    sums.start(kind_, static_cast<std::size_t>(columns_));
    if (wish_.histogram) worker.bins.assign(kernels::bins, 0);
    for (std::int64_t row = first; row < last; row += tile_rows) {
        progress_.check();
        const auto rows = worker.window.rows(row, std::min(tile_rows, last - row));
        bool regular = true;
        for (std::size_t r = 0; r < rows.size(); r += 4)
            if (!add_rows(worker, rows.subspan(r, std::min<std::size_t>(4, rows.size() - r)),
                          row + static_cast<std::int64_t>(r), sums))
                regular = false;
        if (regular)
            sums.add(worker.tile.view(), static_cast<std::size_t>(columns_));
        else
            careful_tile(rows, sums);
        worker.tile.clear();
    }
    if (!wish_.histogram) return;
    std::lock_guard lock(bins_mutex_); // counts are whole numbers: the order of bands does not matter
    for (std::size_t b = 0; b < worker.bins.size(); ++b)
        result_.bins[b] += worker.bins[b];
}

/// One to four rows. \returns false when the tile's column sums cannot be used
bool Sweep::add_rows(Worker& worker, std::span<const std::byte* const> rows, std::int64_t first, BandColumns& band) {
    const auto& kernel = kernels::table();
    PowerSums sums[4];
    bool regular[4] = {true, true, true, true};
    for (std::int64_t column = 0; column < columns_; column += block_columns) {
        for (std::size_t r = 0; r < rows.size(); ++r)
            worker.lanes[r].clear();
        const std::int64_t end = std::min(columns_, column + block_columns);
        kernel.moments(kind_, static_cast<int>(rows.size()), rows.data(), column, end,
                       static_cast<float>(sample_.shift), worker.lanes.data(), worker.tile.view());
        for (std::size_t r = 0; r < rows.size(); ++r) {
            const std::byte* block = rows[r] + column * value_bytes(kind_);
            const PowerSums part = sums_of(worker.lanes[r], block, end - column, regular[r]);
            if (column == 0)
                sums[r] = part;
            else
                sums[r] += part;
        }
    }
    bool usable = true;
    for (std::size_t r = 0; r < rows.size(); ++r) {
        const auto index = static_cast<std::size_t>(first) + r;
        const float magnitude = std::max(-sums[r].low, sums[r].high);
        usable = usable && regular[r];
        if (!regular[r] || sums[r].cancels() || (magnitude > 0 && magnitude < smallest_magnitude))
            sums[r] = careful_row(rows[r], result_.row_non_finite[index]);
        result_.rows[index] = sums[r];
        if (const std::int64_t zeros = kernel.zeros(kind_, rows[r], columns_); zeros > 0) {
            result_.row_zeros[index] = static_cast<std::uint64_t>(zeros);
            band.zeros.resize(static_cast<std::size_t>(columns_));
            kernel.add_zeros(kind_, rows[r], columns_, band.zeros.data());
        }
        if (!wish_.percentiles.empty()) row_percentiles(worker, rows[r], static_cast<std::int64_t>(index));
        if (!wish_.histogram) continue;
        if (kind_ == Kind::f32)
            kernel.histogram_32(rows[r], columns_, sample_.inverse_width, worker.bins.data());
        else
            kernel.histogram_16(rows[r], columns_, worker.bins.data());
    }
    return usable;
}

/// Adds up the lanes of one row's block of `count` values.
/// \param block    where it begins, for blocks whose values have all one sign
/// \param regular  set to false when float32 cannot hold the sums
PowerSums Sweep::sums_of(const RowLanes& lanes, const std::byte* block, std::int64_t count, bool& regular) const {
    PowerSums sums;
    sums.shift = static_cast<float>(sample_.shift);
    sums.count = count;
    for (int p = 0; p < 4; ++p)
        for (float lane : lanes.sums[p])
            sums.powers[p] += static_cast<double>(lane);
    if (kind_ == Kind::f32) {
        sums.low = *std::min_element(std::begin(lanes.low), std::end(lanes.low));
        sums.high = *std::max_element(std::begin(lanes.high), std::end(lanes.high));
        // A NaN leaves no trace in the extremes, but in the sum.
        if (!std::isfinite(sums.powers[0])) regular = false;
    } else {
        const std::int16_t positive = *std::max_element(std::begin(lanes.positive), std::end(lanes.positive));
        const std::uint16_t negative = *std::max_element(std::begin(lanes.negative), std::end(lanes.negative));
        if (positive >= infinity_bits(kind_) || negative >= (infinity_bits(kind_) | 0x8000))
            regular = false;
        else if (positive < 0 || !is_negative_pattern(negative)) { // one sign only: the patterns tell one extreme
            for (std::int64_t i = 0; i < count; ++i) {
                const float value = value_at(kind_, block, i);
                sums.low = std::min(sums.low, value);
                sums.high = std::max(sums.high, value);
            }
        } else {
            sums.high = value_of_bits(kind_, static_cast<std::uint16_t>(positive)) + 0.0f;
            sums.low = value_of_bits(kind_, negative) + 0.0f;
        }
    }
    if (!(std::max(-sums.low, sums.high) < largest_magnitude)) regular = false;
    return sums;
}

/// A row in double, about its own mean; non-finite values are counted and left out.
PowerSums Sweep::careful_row(const std::byte* row, std::uint64_t& non_finite) const {
    double sum = 0;
    std::int64_t count = 0;
    for (std::int64_t c = 0; c < columns_; ++c) {
        const float value = value_at(kind_, row, c);
        if (!std::isfinite(value)) continue;
        sum += value;
        ++count;
    }
    non_finite = static_cast<std::uint64_t>(columns_ - count);
    PowerSums sums;
    sums.shift = count ? sum / static_cast<double>(count) : 0;
    for (std::int64_t c = 0; c < columns_; ++c)
        if (const float value = value_at(kind_, row, c); std::isfinite(value)) sums.add(value);
    return sums;
}

/// A tile's columns in double, for tiles with values that float32 sums cannot hold.
void Sweep::careful_tile(std::span<const std::byte* const> rows, BandColumns& sums) const {
    const auto columns = static_cast<std::size_t>(columns_);
    for (const std::byte* row : rows)
        for (std::size_t c = 0; c < columns; ++c) {
            const float value = value_at(kind_, row, static_cast<std::int64_t>(c));
            if (!std::isfinite(value)) {
                sums.non_finite.resize(columns);
                ++sums.non_finite[c];
                continue;
            }
            const double d = value - static_cast<double>(static_cast<float>(sample_.shift));
            sums.sums[c] += d;
            sums.sums[columns + c] += d * d;
            sums.sums[2 * columns + c] += d * d * d;
            sums.sums[3 * columns + c] += d * d * d * d;
            if (kind_ == Kind::f32) {
                sums.low[c] = std::min(sums.low[c], value);
                sums.high[c] = std::max(sums.high[c], value);
                continue;
            }
            std::uint16_t bits;
            std::memcpy(&bits, row + 2 * c, 2);
            sums.positive[c] = std::max(sums.positive[c], static_cast<std::int16_t>(bits));
            sums.negative[c] = std::max(sums.negative[c], bits);
        }
}

/// While the row is in cache. Short rows, and rows with holes, are sorted; long ones are searched.
void Sweep::row_percentiles(Worker& worker, const std::byte* row, std::int64_t index) {
    const PowerSums& sums = result_.rows[static_cast<std::size_t>(index)];
    const std::size_t wanted = wish_.percentiles.size();
    const bool holes = result_.row_non_finite[static_cast<std::size_t>(index)] > 0;
    if (wish_.exact || holes || sums.count < RankSearch::smallest) {
        worker.values.resize(static_cast<std::size_t>(columns_));
        values_to_float(kind_, row, columns_, worker.values.data());
        if (holes) std::erase_if(worker.values, [](float v) { return !std::isfinite(v); });
        std::vector<float> found(wanted);
        exact_percentiles(worker.values, wish_.percentiles, found);
        for (std::size_t q = 0; q < wanted; ++q)
            result_.row_percentiles[q][static_cast<std::size_t>(index)] = found[q];
        return;
    }
    if (kind_ != Kind::f32) {
        worker.keys.resize(static_cast<std::size_t>(columns_));
        kernels::table().ordered(row, columns_, worker.keys.data());
    }
    for (std::size_t begin = 0; begin < wanted; begin += 3) { // the kernels count against three thresholds at a time
        const std::size_t count = std::min<std::size_t>(3, wanted - begin);
        RankSearch searches[3];
        for (std::size_t q = 0; q < count; ++q)
            searches[q].begin(kind_, sums.count, wish_.percentiles[begin + q], sums.low, sums.high, sums.mean(),
                              std::sqrt(sums.variance()), shapes_[begin + q]);
        while (std::any_of(searches, searches + count, [](const auto& search) { return !search.done(); })) {
            std::int64_t above[3];
            if (kind_ == Kind::f32) {
                float thresholds[3];
                for (std::size_t q = 0; q < 3; ++q)
                    thresholds[q] = value_of_key32(searches[std::min(q, count - 1)].probe());
                kernels::table().count_above_32(reinterpret_cast<const float*>(row), columns_, thresholds, above);
            } else {
                std::int16_t thresholds[3];
                for (std::size_t q = 0; q < 3; ++q)
                    thresholds[q] = static_cast<std::int16_t>(searches[std::min(q, count - 1)].probe());
                kernels::table().count_above_16(worker.keys.data(), columns_, thresholds, above);
            }
            for (std::size_t q = 0; q < count; ++q)
                if (!searches[q].done()) searches[q].counted(sums.count - above[q]);
        }
        for (std::size_t q = 0; q < count; ++q)
            result_.row_percentiles[begin + q][static_cast<std::size_t>(index)] = searches[q].value();
    }
}

void Sweep::merge_bands(const std::vector<BandColumns>& bands) {
    const auto columns = static_cast<std::size_t>(columns_);
    for (std::size_t c = 0; c < columns; ++c) {
        PowerSums& sums = result_.columns[c];
        sums.shift = static_cast<float>(sample_.shift);
        std::int16_t positive = -32768;
        std::uint16_t negative = 0;
        for (const BandColumns& band : bands) { // in order: the same sums whatever the number of threads
            for (std::size_t p = 0; p < 4; ++p)
                sums.powers[p] += band.sums[p * columns + c];
            if (!band.non_finite.empty()) result_.column_non_finite[c] += band.non_finite[c];
            if (!band.zeros.empty()) result_.column_zeros[c] += band.zeros[c];
            if (kind_ == Kind::f32) {
                sums.low = std::min(sums.low, band.low[c]);
                sums.high = std::max(sums.high, band.high[c]);
            } else {
                positive = std::max(positive, band.positive[c]);
                negative = std::max(negative, band.negative[c]);
            }
        }
        sums.count = source_.rows() - static_cast<std::int64_t>(result_.column_non_finite[c]);
        if (kind_ == Kind::f32) continue;
        // A column of one sign keeps its infinite extreme: repair_columns then looks at the values.
        if (positive >= 0) sums.high = value_of_bits(kind_, static_cast<std::uint16_t>(positive)) + 0.0f;
        if (is_negative_pattern(negative)) sums.low = value_of_bits(kind_, negative) + 0.0f;
        if (positive < 0) sums.high = std::numeric_limits<float>::infinity();
        if (!is_negative_pattern(negative)) sums.low = -std::numeric_limits<float>::infinity();
    }
}

/// Computes again, in double and about their own means, the columns whose float32 sums are not good enough.
void Sweep::repair_columns() {
    std::vector<std::int64_t> broken;
    for (std::int64_t c = 0; c < columns_; ++c) {
        const PowerSums& sums = result_.columns[static_cast<std::size_t>(c)];
        const float magnitude = std::max(-sums.low, sums.high);
        const bool tiny = magnitude > 0 && magnitude < smallest_magnitude;
        if (sums.count > 0 && (tiny || !std::isfinite(sums.low) || !std::isfinite(sums.high) || sums.cancels()))
            broken.push_back(c);
    }
    if (broken.empty()) return;
    std::vector<double> means(broken.size());
    for (std::size_t i = 0; i < broken.size(); ++i) { // good enough as a shift; about infinite extremes sums are sound
        const PowerSums& sums = result_.columns[static_cast<std::size_t>(broken[i])];
        means[i] = sums.shift + sums.powers[0] / static_cast<double>(sums.count);
    }
    constexpr std::int64_t grain = 64;
    parallel_for(static_cast<std::int64_t>(broken.size()),
                 source_.is_in_place() ? grain : static_cast<std::int64_t>(broken.size()),
                 [&](std::int64_t first, std::int64_t last) {
                     RowWindow window(source_);
                     std::vector<PowerSums> fresh(static_cast<std::size_t>(last - first));
                     for (std::size_t i = 0; i < fresh.size(); ++i)
                         fresh[i].shift = means[static_cast<std::size_t>(first) + i];
                     for (std::int64_t row = 0; row < source_.rows(); row += tile_rows) {
                         progress_.check();
                         for (const std::byte* at : window.rows(row, std::min(tile_rows, source_.rows() - row)))
                             for (std::size_t i = 0; i < fresh.size(); ++i) {
                                 const float value = value_at(kind_, at, broken[static_cast<std::size_t>(first) + i]);
                                 if (std::isfinite(value)) fresh[i].add(value);
                             }
                     }
                     for (std::size_t i = 0; i < fresh.size(); ++i)
                         result_.columns[static_cast<std::size_t>(broken[static_cast<std::size_t>(first) + i])] =
                             fresh[i];
                 });
}

} // namespace

MomentSweep sweep_moments(const MatrixSource& source, const Sample& sample, const SweepWish& wish, Progress& progress) {
    return Sweep(source, sample, wish, progress).run();
}

void exact_percentiles(std::span<float> values, std::span<const double> percents, std::span<float> out) {
    std::fill(out.begin(), out.end(), NAN);
    if (values.empty()) return;
    for (std::size_t q = 0; q < percents.size(); ++q) {
        const double place = percents[q] / 100 * static_cast<double>(values.size() - 1);
        const auto below = static_cast<std::size_t>(place);
        const auto nth = values.begin() + static_cast<std::ptrdiff_t>(below);
        std::nth_element(values.begin(), nth, values.end());
        const double part = place - static_cast<double>(below);
        const float above = part > 0 ? *std::min_element(nth + 1, values.end()) : *nth;
        out[q] = static_cast<float>(*nth + part * (static_cast<double>(above) - *nth)) + 0.0f;
    }
}

std::span<const std::byte* const> RowWindow::rows(std::int64_t first, std::int64_t count) {
    pointers_.resize(static_cast<std::size_t>(count));
    if (source_.is_in_place()) {
        for (std::int64_t r = 0; r < count; ++r)
            pointers_[static_cast<std::size_t>(r)] = source_.row(first + r);
        return pointers_;
    }
    decoded_.resize(static_cast<std::size_t>(count * source_.columns()));
    source_.read(first, count, decoded_);
    for (std::int64_t r = 0; r < count; ++r)
        pointers_[static_cast<std::size_t>(r)] =
            reinterpret_cast<const std::byte*>(decoded_.data() + r * source_.columns());
    return pointers_;
}

} // namespace quantscope
