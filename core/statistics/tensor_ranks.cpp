// Percentiles and histogram of a whole weight.
#include "core/statistics/tensor_ranks.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "core/base/parallel.h"
#include "core/statistics/keys.h"
#include "core/statistics/rank_search.h"

namespace quantscope {

namespace {

using kernels::Kind;

constexpr std::int64_t walk_rows = 64;

/// Calls `start()` once per thread's piece for its own state, `body(state, row)` for each row, and `finish(state)`.
template <typename Start, typename Body, typename Finish>
void walk(const MatrixSource& source, Progress& progress, Start start, Body body, Finish finish) {
    std::mutex mutex; // only for finish: pieces add whole numbers, in any order
    const std::int64_t piece = std::max<std::int64_t>(walk_rows, (source.rows() + 15) / 16);
    parallel_for(source.rows(), piece, [&](std::int64_t first, std::int64_t last) {
        RowWindow window(source);
        auto state = start();
        for (std::int64_t row = first; row < last; row += walk_rows) {
            progress.check();
            for (const std::byte* at : window.rows(row, std::min(walk_rows, last - row)))
                body(state, at);
        }
        std::lock_guard lock(mutex);
        finish(state);
    });
}

} // namespace

EqualWidthHistogram empty_histogram(double low, double high, int bins) {
    EqualWidthHistogram histogram;
    histogram.low = low;
    histogram.high = high;
    if (!(low < high)) {
        if (low == high) histogram.counts.assign(1, 0);
        return histogram;
    }
    const double most = std::max(2, bins);
    double width = std::exp2(std::ceil(std::log2((high - low) / most)));
    double first, last;
    do { // edges at multiples of the width may need one bin more than the range has widths
        first = std::floor(low / width);
        last = std::max(first + 1, std::ceil(high / width));
        if (last - first > most) width *= 2;
    } while (last - first > most);
    histogram.low = first * width;
    histogram.high = last * width;
    histogram.counts.assign(static_cast<std::size_t>(last - first), 0);
    return histogram;
}

void add_to(EqualWidthHistogram& histogram, double value, std::uint64_t count) {
    const double width = histogram.width();
    const double place = width > 0 ? std::floor((value - histogram.low) / width) : 0;
    const auto last = static_cast<double>(histogram.counts.size() - 1);
    histogram.counts[static_cast<std::size_t>(std::clamp(place, 0.0, last))] += count;
}

TensorRanks::TensorRanks(const MatrixSource& source, const MomentSweep& sweep, const Sample& sample,
                         const TensorStatistics& tensor)
    : source_(source)
    , tensor_(tensor) {
    constexpr std::int32_t half = kernels::bins / 2;
    const Kind kind = source.kind();
    if (kind != Kind::f32) {
        for (std::int32_t key = -half; key < half; ++key) {
            const auto bits = static_cast<std::uint16_t>(key ^ ((key >> 15) & 0x7fff));
            const double value = value_of_bits(kind, bits);
            if (const auto count = sweep.bins[bits]; count > 0 && std::isfinite(value))
                bins_.push_back({value, value, count});
        }
        return;
    }
    const double width = 1 / static_cast<double>(sample.inverse_width);
    // The outermost bins hold whatever lies beyond them and what is not finite.
    complete_ = tensor.non_finite == 0 && tensor.min >= (1 - half) * width && tensor.max < (half - 1) * width;
    if (!complete_) return;
    for (std::int32_t bin = -half; bin < half; ++bin)
        if (const auto count = sweep.bins[static_cast<std::uint16_t>(bin)]; count > 0)
            bins_.push_back({std::max(bin * width, tensor.min), std::min((bin + 1) * width, tensor.max), count});
}

std::vector<double> TensorRanks::percentiles(std::span<const double> percents, bool exact, Progress& progress) const {
    std::vector<double> found(percents.size(), NAN);
    if (tensor_.values == 0) return found;
    const auto most = static_cast<double>(tensor_.values - 1);
    std::vector<std::uint64_t> missing; // ranks to be selected by other walks
    std::vector<std::size_t> open;      // the percentiles that want them
    for (std::size_t q = 0; q < percents.size(); ++q) {
        const double place = std::clamp(percents[q] / 100, 0.0, 1.0) * most;
        const auto rank = static_cast<std::uint64_t>(place);
        const double part = place - std::floor(place);
        std::uint64_t below = 0;
        std::size_t b = 0;
        while (b < bins_.size() && below + bins_[b].count <= rank)
            below += bins_[b++].count;
        const bool single = b < bins_.size() && bins_[b].low == bins_[b].high;
        if (complete_ && single) {
            const bool next = part > 0 && rank + 1 >= below + bins_[b].count;
            const double above = next ? bins_[b + 1].low : bins_[b].low;
            if (!next || bins_[b + 1].low == bins_[b + 1].high || !exact) {
                found[q] = bins_[b].low + part * (above - bins_[b].low);
                continue;
            }
        } else if (complete_ && !exact &&
                   static_cast<double>(bins_[b].count) <= RankSearch::tolerance * static_cast<double>(tensor_.values)) {
            // Wherever in the bin the true value lies, no more than the bin's count of ranks are between.
            const double inside = (place - static_cast<double>(below) + 0.5) / static_cast<double>(bins_[b].count);
            found[q] = bins_[b].low + std::min(1.0, inside) * (bins_[b].high - bins_[b].low);
            continue;
        }
        open.push_back(q);
        missing.push_back(rank);
        missing.push_back(std::min(rank + 1, tensor_.values - 1));
    }
    if (open.empty()) return found;
    std::sort(missing.begin(), missing.end());
    missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
    const std::vector<float> values = select(missing, progress);
    const auto value = [&](std::uint64_t rank) {
        const auto at = std::lower_bound(missing.begin(), missing.end(), rank) - missing.begin();
        return static_cast<double>(values[static_cast<std::size_t>(at)]);
    };
    for (std::size_t q : open) {
        const double place = std::clamp(percents[q] / 100, 0.0, 1.0) * most;
        const auto rank = static_cast<std::uint64_t>(place);
        const double low = value(rank), high = value(std::min(rank + 1, tensor_.values - 1));
        found[q] = low + (place - std::floor(place)) * (high - low) + 0.0;
    }
    return found;
}

std::vector<float> TensorRanks::select(std::span<const std::uint64_t> ranks, Progress& progress) const {
    using Counts = std::vector<std::uint64_t>;
    const auto add = [](Counts& to) {
        return [&to](const Counts& part) {
            for (std::size_t i = 0; i < to.size(); ++i)
                to[i] += part[i];
        };
    };
    constexpr std::int32_t half = 1 << 15;
    Counts upper(kernels::bins);
    walk(
        source_, progress, [] { return Counts(kernels::bins); },
        [&](Counts& counts, const std::byte* row) {
            for (std::int64_t c = 0; c < source_.columns(); ++c)
                if (const float x = value_at(source_.kind(), row, c); std::isfinite(x))
                    ++counts[static_cast<std::size_t>((key32(x) >> 16) + half)];
        },
        add(upper));

    // Each rank's upper half of the key, and its rank among the values that share it.
    std::vector<std::size_t> halves;
    std::vector<std::pair<std::size_t, std::uint64_t>> inner;
    std::vector<std::int32_t> slot(kernels::bins, -1);
    std::size_t part = 0;
    std::uint64_t below = 0;
    for (std::uint64_t rank : ranks) {
        while (below + upper[part] <= rank)
            below += upper[part++];
        if (slot[part] < 0) {
            slot[part] = static_cast<std::int32_t>(halves.size());
            halves.push_back(part);
        }
        inner.emplace_back(static_cast<std::size_t>(slot[part]), rank - below);
    }

    Counts lower(kernels::bins * halves.size());
    walk(
        source_, progress, [&] { return Counts(lower.size()); },
        [&](Counts& counts, const std::byte* row) {
            for (std::int64_t c = 0; c < source_.columns(); ++c) {
                const float x = value_at(source_.kind(), row, c);
                if (!std::isfinite(x)) continue;
                const std::int32_t key = key32(x), where = slot[static_cast<std::size_t>((key >> 16) + half)];
                if (where >= 0)
                    ++counts[static_cast<std::size_t>(where) * kernels::bins + static_cast<std::size_t>(key & 0xffff)];
            }
        },
        add(lower));

    std::vector<float> values;
    for (const auto& [where, rank] : inner) {
        const std::uint64_t* counts = lower.data() + where * kernels::bins;
        std::uint64_t passed = 0;
        std::size_t low = 0;
        while (passed + counts[low] <= rank)
            passed += counts[low++];
        const std::int32_t upper_half = static_cast<std::int32_t>(halves[where]) - half;
        values.push_back(value_of_key32(upper_half * 65536 + static_cast<std::int32_t>(low)));
    }
    return values;
}

EqualWidthHistogram TensorRanks::histogram(int bins, Progress& progress) const {
    if (tensor_.values == 0) return {};
    EqualWidthHistogram histogram = empty_histogram(tensor_.min, tensor_.max, bins);
    const double width = histogram.width();
    // Both widths are powers of two with edges at their multiples: a bin that is no wider lies in one bin of the other.
    const bool fits = complete_ && std::all_of(bins_.begin(), bins_.end(), [&](const Bin& bin) {
                          return std::floor(bin.low / width) + 1 >= std::ceil(bin.high / width) || bin.low == bin.high;
                      });
    if (fits) {
        for (const Bin& bin : bins_)
            add_to(histogram, bin.low, bin.count);
        return histogram;
    }
    walk(
        source_, progress, [&, empty = histogram] { return empty; },
        [&](EqualWidthHistogram& own, const std::byte* row) {
            for (std::int64_t c = 0; c < source_.columns(); ++c)
                if (const float x = value_at(source_.kind(), row, c); std::isfinite(x)) add_to(own, x);
        },
        [&, total = &histogram](const EqualWidthHistogram& own) {
            for (std::size_t i = 0; i < own.counts.size(); ++i)
                total->counts[i] += own.counts[i];
        });
    return histogram;
}

} // namespace quantscope
