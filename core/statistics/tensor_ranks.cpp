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
    // Both quotients are exact; the difference of value and low is not, for a tiny value just below an edge at 0.
    const double place = width > 0 ? std::floor(value / width) - histogram.low / width : 0;
    const auto last = static_cast<double>(histogram.counts.size() - 1);
    histogram.counts[static_cast<std::size_t>(std::clamp(place, 0.0, last))] += count;
}

TensorRanks::TensorRanks(const MatrixSource& source, const MomentSweep& sweep, const TensorStatistics& tensor)
    : source_(source)
    , tensor_(tensor)
    , complete_(sweep.histogram.complete) {
    if (!complete_) return;
    const WindowCounts& counted = sweep.histogram;
    std::vector<float> outside = counted.outside;
    std::sort(outside.begin(), outside.end());
    const auto first_above = std::lower_bound(outside.begin(), outside.end(), counted.window.edge(0));
    const auto add_single = [&](float value) {
        const double single = value + 0.0; // −0 is 0
        if (!bins_.empty() && bins_.back().high == single && bins_.back().low == single)
            ++bins_.back().count;
        else
            bins_.push_back({single, single, 1});
    };
    std::for_each(outside.begin(), first_above, add_single);
    for (std::size_t b = 0; b < counted.counts.size(); ++b) {
        if (counted.counts[b] == 0) continue;
        const auto bin = static_cast<std::int64_t>(b);
        bins_.push_back({std::max(counted.window.edge(bin), tensor.min),
                         std::min(counted.window.edge(bin + 1), tensor.max), counted.counts[b]});
    }
    std::for_each(first_above, outside.end(), add_single);
}

TensorRanks::Place TensorRanks::place_of(double percent) const {
    Place place;
    place.rank = std::clamp(percent / 100, 0.0, 1.0) * static_cast<double>(tensor_.values - 1);
    const auto rank = static_cast<std::uint64_t>(place.rank);
    while (place.bin + 1 < bins_.size() && place.below + bins_[place.bin].count <= rank)
        place.below += bins_[place.bin++].count;
    return place;
}

/// Whether any value of the bin will do.
bool TensorRanks::is_fine(const Place& place) const {
    const Bin& bin = bins_[place.bin];
    const double ranks = RankSearch::tolerance * static_cast<double>(tensor_.values);
    if (bin.low < bin.high) return static_cast<double>(bin.count) <= ranks;
    // A percentile between two values is nearly one rank away from either.
    const bool between =
        std::floor(place.rank) < place.rank && static_cast<std::uint64_t>(place.rank) + 1 >= place.below + bin.count;
    return !between || ranks >= 1;
}

double TensorRanks::interpolated(const Place& place) const {
    const Bin& bin = bins_[place.bin];
    const double inside = (place.rank - static_cast<double>(place.below) + 0.5) / static_cast<double>(bin.count);
    return bin.low + std::min(1.0, inside) * (bin.high - bin.low);
}

ThresholdCounts TensorRanks::guesses(std::span<const double> percents) const {
    ThresholdCounts guessed;
    if (!complete_ || tensor_.values == 0 || tensor_.non_finite > 0) return guessed;
    const kernels::Kind kind = source_.kind();
    for (double percent : percents) {
        const Place place = place_of(percent);
        if (is_fine(place)) continue;
        const auto guess = static_cast<float>(interpolated(place));
        guessed.thresholds.push_back(value_of_key(kind, key_at_or_below(kind, guess)));
    }
    guessed.not_above.resize(guessed.thresholds.size());
    return guessed;
}

std::vector<double> TensorRanks::percentiles(std::span<const double> percents, bool exact,
                                             const ThresholdCounts& counted, Progress& progress) const {
    std::vector<double> found(percents.size(), NAN);
    if (tensor_.values == 0) return found;
    const auto values = static_cast<double>(tensor_.values);
    std::vector<std::uint64_t> missing; // ranks to be selected by other walks
    std::vector<std::size_t> open;      // the percentiles that want them
    for (std::size_t q = 0; q < percents.size(); ++q) {
        const Place place = place_of(percents[q]);
        if (complete_ && !exact && is_fine(place)) {
            found[q] = interpolated(place);
            continue;
        }
        // A threshold with c values not above it lies between the ranks c − 1 and c.
        for (std::size_t i = 0; i < counted.thresholds.size() && !exact; ++i)
            if (std::abs(static_cast<double>(counted.not_above[i]) - 0.5 - place.rank) <=
                RankSearch::tolerance * values - 0.5)
                found[q] = static_cast<double>(counted.thresholds[i]) + 0.0;
        if (!std::isnan(found[q])) continue;
        open.push_back(q);
        const auto rank = static_cast<std::uint64_t>(place.rank);
        missing.push_back(rank);
        missing.push_back(std::min(rank + 1, tensor_.values - 1));
    }
    if (open.empty()) return found;
    std::sort(missing.begin(), missing.end());
    missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
    constexpr std::uint64_t few = 1 << 18;
    const std::vector<float> selected =
        tensor_.values + tensor_.non_finite <= few ? select_few(missing) : select(missing, progress);
    const auto value = [&](std::uint64_t rank) {
        const auto at = std::lower_bound(missing.begin(), missing.end(), rank) - missing.begin();
        return static_cast<double>(selected[static_cast<std::size_t>(at)]);
    };
    for (std::size_t q : open) {
        const double rank = std::clamp(percents[q] / 100, 0.0, 1.0) * (values - 1);
        const auto whole = static_cast<std::uint64_t>(rank);
        const double low = value(whole), high = value(std::min(whole + 1, tensor_.values - 1));
        found[q] = low + (rank - std::floor(rank)) * (high - low) + 0.0;
    }
    return found;
}

/// The same for a weight whose values may all be copied.
std::vector<float> TensorRanks::select_few(std::span<const std::uint64_t> ranks) const {
    std::vector<float> all(static_cast<std::size_t>(source_.rows() * source_.columns()));
    source_.read(0, source_.rows(), all);
    std::erase_if(all, [](float value) { return !std::isfinite(value); });
    std::vector<float> values;
    auto first = all.begin();
    for (std::uint64_t rank : ranks) {
        const auto nth = all.begin() + static_cast<std::ptrdiff_t>(rank);
        std::nth_element(first, nth, all.end());
        values.push_back(*nth);
        first = nth;
    }
    return values;
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
    constexpr std::size_t bins = 65536;
    Counts upper(bins);
    walk(
        source_, progress, [] { return Counts(bins); },
        [&](Counts& counts, const std::byte* row) {
            for (std::int64_t c = 0; c < source_.columns(); ++c)
                if (const float x = value_at(source_.kind(), row, c); std::isfinite(x))
                    ++counts[static_cast<std::size_t>((key32(x) >> 16) + half)];
        },
        add(upper));

    // Each rank's upper half of the key, and its rank among the values that share it.
    std::vector<std::size_t> halves;
    std::vector<std::pair<std::size_t, std::uint64_t>> inner;
    std::vector<std::int32_t> slot(bins, -1);
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

    Counts lower(bins * halves.size());
    walk(
        source_, progress, [&] { return Counts(lower.size()); },
        [&](Counts& counts, const std::byte* row) {
            for (std::int64_t c = 0; c < source_.columns(); ++c) {
                const float x = value_at(source_.kind(), row, c);
                if (!std::isfinite(x)) continue;
                const std::int32_t key = key32(x), where = slot[static_cast<std::size_t>((key >> 16) + half)];
                if (where >= 0)
                    ++counts[static_cast<std::size_t>(where) * bins + static_cast<std::size_t>(key & 0xffff)];
            }
        },
        add(lower));

    std::vector<float> values;
    for (const auto& [where, rank] : inner) {
        const std::uint64_t* counts = lower.data() + where * bins;
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
