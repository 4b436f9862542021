// Moments and extremes of rows and columns in one walk, a tile of rows at a time through the kernels; while the tile is
// in cache, its rows' percentiles and its part of the tensor's histogram.
#include "core/statistics/moment_sweep.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "core/base/parallel.h"
#include "core/statistics/keys.h"
#include "core/statistics/shelf.h"
#include "core/statistics/sweep.h"

namespace quantscope {

void kernels::RowLanes::clear() {
    for (auto& power : sums)
        std::fill(std::begin(power), std::end(power), 0.0f);
    std::fill(std::begin(low), std::end(low), std::numeric_limits<float>::infinity());
    std::fill(std::begin(high), std::end(high), -std::numeric_limits<float>::infinity());
    std::fill(std::begin(positive), std::end(positive), std::int16_t{-32768});
    std::fill(std::begin(negative), std::end(negative), std::uint16_t{0});
    has_zero = false;
}

using kernels::Kind;
using kernels::RowLanes;

namespace {

constexpr std::int64_t tile_rows = 64;           // float32 sums of a column hold this many rows
constexpr std::int64_t block_columns = 16384;    // and of a row this many columns
constexpr std::int64_t cached_bytes = 768 << 10; // rows that are walked again while they are in a core's cache

bool is_negative_pattern(std::uint16_t bits) { return bits >= 0x8000; }
std::uint16_t infinity_bits(Kind kind) { return kind == Kind::f16 ? 0x7c00 : 0x7f80; }

/// Adds bands up in their order, whatever the order in which they are finished.
class InOrder {
public:
    InOrder(Kind kind, std::size_t columns, Shelf<BandColumns>& empty)
        : empty_(empty) {
        total_.clear(kind, columns);
    }
    void add(std::size_t band, std::unique_ptr<BandColumns> sums) {
        std::lock_guard lock(mutex_);
        if (waiting_.size() <= band) waiting_.resize(band + 1);
        waiting_[band] = std::move(sums);
        for (; next_ < waiting_.size() && waiting_[next_]; ++next_) {
            total_.add(*waiting_[next_]);
            empty_.give(std::move(waiting_[next_]));
        }
    }
    const BandColumns& total() const { return total_; }

private:
    std::mutex mutex_;
    Shelf<BandColumns>& empty_;
    std::vector<std::unique_ptr<BandColumns>> waiting_;
    std::size_t next_ = 0;
    BandColumns total_;
};

} // namespace

Sweep::Sweep(const MatrixSource& source, const Sample& sample, const SweepWish& wish, Progress& progress)
    : source_(source)
    , sample_(sample)
    , wish_(wish)
    , progress_(progress)
    , kind_(source.kind())
    , columns_(source.columns())
    , kernel_(kernels::table()) {}

MomentSweep Sweep::run() {
    const std::int64_t rows = source_.rows();
    const auto height = static_cast<std::size_t>(rows), width = static_cast<std::size_t>(columns_);
    result_.rows.resize(height);
    result_.row_non_finite.resize(height);
    result_.row_zeros.resize(height);
    result_.columns.resize(width);
    result_.column_non_finite.resize(width);
    result_.column_zeros.resize(width);
    result_.row_percentiles.assign(wish_.percentiles.size(), std::vector<float>(height, NAN));
    for (double p : wish_.percentiles)
        shapes_.push_back(sample_.shape(p));
    const HistogramWindow window = wish_.histogram ? sample_.window : HistogramWindow{};
    result_.histogram = WindowCounts(window);
    if (rows == 0 || columns_ == 0) return std::move(result_);

    // Bands of a few million values: enough of them for many threads where there is much to do.
    const std::int64_t tiles = (rows + tile_rows - 1) / tile_rows;
    const std::int64_t wanted = std::clamp<std::int64_t>(rows * columns_ >> 21, 1, 64);
    const std::int64_t band_rows = tile_rows * ((tiles + wanted - 1) / wanted);
    const std::size_t most_outside = height * width / 64 + 1000;
    Shelf<Worker> workers;
    Shelf<BandColumns> empty;
    InOrder total(kind_, width, empty);
    parallel_for((rows + band_rows - 1) / band_rows, 1, [&](std::int64_t band_index, std::int64_t) {
        auto worker = workers.take([&] {
            return std::make_unique<Worker>(Worker{RowWindow(source_),
                                                   TileColumns(kind_, columns_),
                                                   {},
                                                   {},
                                                   WindowHistogram(kind_, window, most_outside)});
        });
        auto sums = empty.take([] { return std::make_unique<BandColumns>(); });
        sums->clear(kind_, width);
        band(band_index * band_rows, std::min(rows, (band_index + 1) * band_rows), *worker, *sums);
        workers.give(std::move(worker));
        total.add(static_cast<std::size_t>(band_index), std::move(sums));
    });
    for (auto& worker : workers.all()) // counts are whole numbers: their order does not matter
        worker->histogram.move_into(result_.histogram);
    columns_of(total.total());
    repair_columns();
    return std::move(result_);
}

void Sweep::band(std::int64_t first, std::int64_t last, Worker& worker, BandColumns& sums) {
    const std::int64_t row_bytes = columns_ * value_bytes(kind_);
    const std::int64_t at_once = std::clamp<std::int64_t>(cached_bytes / row_bytes / 4 * 4, 4, tile_rows);
    for (std::int64_t row = first; row < last; row += tile_rows) {
        progress_.check();
        const auto rows = worker.window.rows(row, std::min(tile_rows, last - row));
        bool regular = true;
        for (std::size_t r = 0; r < rows.size(); r += static_cast<std::size_t>(at_once))
            if (!add_rows(worker, rows.subspan(r, std::min(static_cast<std::size_t>(at_once), rows.size() - r)),
                          row + static_cast<std::int64_t>(r), sums))
                regular = false;
        if (regular)
            sums.add(worker.tile.view(), static_cast<std::size_t>(columns_));
        else
            careful_tile(rows, sums);
        worker.tile.clear();
    }
}

/// Some rows of a tile. \returns false when the tile's column sums cannot be used
bool Sweep::add_rows(Worker& worker, std::span<const std::byte* const> rows, std::int64_t first, BandColumns& band) {
    std::vector<RowLanes>& lanes = worker.lanes;
    std::vector<char> regular(rows.size(), 1);
    lanes.resize(rows.size());
    bool usable = true;
    for (std::int64_t column = 0; column < columns_; column += block_columns) {
        for (RowLanes& row : lanes)
            row.clear();
        const std::int64_t end = std::min(columns_, column + block_columns);
        kernel_.moments(kind_, static_cast<int>(rows.size()), rows.data(), column, end,
                        static_cast<float>(sample_.shift), lanes.data(), worker.tile.view());
        for (std::size_t r = 0; r < rows.size(); ++r) {
            const std::byte* block = rows[r] + column * value_bytes(kind_);
            PowerSums& sums = result_.rows[static_cast<std::size_t>(first) + r];
            bool fine = true;
            const PowerSums part = sums_of(lanes[r], block, end - column, fine);
            if (column == 0)
                sums = part;
            else
                sums += part;
            if (lanes[r].has_zero) ++result_.row_zeros[static_cast<std::size_t>(first) + r]; // counted below
            if (!fine) regular[r] = 0, usable = false;
        }
    }
    for (std::size_t r = 0; r < rows.size(); ++r)
        finish_row(worker, rows[r], static_cast<std::size_t>(first) + r, regular[r] != 0, band);
    return usable;
}

void Sweep::finish_row(Worker& worker, const std::byte* row, std::size_t index, bool regular, BandColumns& band) {
    PowerSums& sums = result_.rows[index];
    const float magnitude = std::max(-sums.low, sums.high);
    if (!regular || sums.cancels() || (magnitude > 0 && magnitude < smallest_magnitude))
        sums = careful_row(row, result_.row_non_finite[index]);
    if (result_.row_zeros[index] > 0) {
        result_.row_zeros[index] = static_cast<std::uint64_t>(kernel_.zeros(kind_, row, columns_));
        band.zeros.resize(static_cast<std::size_t>(columns_));
        kernel_.add_zeros(kind_, row, columns_, band.zeros.data());
    }
    if (!wish_.percentiles.empty()) row_percentiles(worker, row, index);
    if (wish_.histogram) worker.histogram.add(row, columns_, sums.low, sums.high, result_.row_non_finite[index] > 0);
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

/// What all bands add up to, column by column.
void Sweep::columns_of(const BandColumns& total) {
    const auto width = static_cast<std::size_t>(columns_);
    for (std::size_t c = 0; c < width; ++c) {
        PowerSums& sums = result_.columns[c];
        sums.shift = static_cast<float>(sample_.shift);
        const auto place =
            static_cast<std::size_t>(kernel_.column_place(kind_, static_cast<std::int64_t>(c), columns_));
        for (std::size_t p = 0; p < 4; ++p)
            sums.powers[p] = total.sums[p * width + place];
        if (!total.non_finite.empty()) result_.column_non_finite[c] = total.non_finite[c];
        if (!total.zeros.empty()) result_.column_zeros[c] = total.zeros[c];
        sums.count = source_.rows() - static_cast<std::int64_t>(result_.column_non_finite[c]);
        if (kind_ == Kind::f32) {
            sums.low = total.low[c];
            sums.high = total.high[c];
            continue;
        }
        const std::int16_t positive = total.positive[c];
        const std::uint16_t negative = total.negative[c];
        // A column of one sign keeps an infinite extreme: repair_columns then looks at the values.
        sums.high = positive >= 0 ? value_of_bits(kind_, static_cast<std::uint16_t>(positive)) + 0.0f
                                  : std::numeric_limits<float>::infinity();
        sums.low = is_negative_pattern(negative) ? value_of_bits(kind_, negative) + 0.0f
                                                 : -std::numeric_limits<float>::infinity();
    }
}

MomentSweep sweep_moments(const MatrixSource& source, const Sample& sample, const SweepWish& wish, Progress& progress) {
    return Sweep(source, sample, wish, progress).run();
}

} // namespace quantscope
