// Chooses the units that the live preview looks at: one pass for every unit's range and Σ w², then the values of a few.
#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "core/base/errors.h"
#include "core/base/parallel.h"
#include "core/schemes/estimate.h"
#include "core/schemes/grid/lanes.h"
#include "core/schemes/site_arrays.h"

namespace quantscope {

namespace {

struct UnitFacts {
    float low = 0, high = 0;
    double squares = 0;
    double largest() const { return std::max(-low, high); }
};

QUANTSCOPE_CLONES void measure(const float* values, std::size_t count, UnitFacts& facts) {
    Lanes low{}, high{};
    std::size_t i = 0;
    for (std::size_t first = 0; first + lane_count <= count; first += 512) {
        Lanes squares{}; // floats add up 32 squares a lane before doubles take over
        const std::size_t last = std::min(count, first + 512);
        for (i = first; i + lane_count <= last; i += lane_count) {
            Lanes w;
            __builtin_memcpy(&w, values + i, sizeof w);
            low = w < low ? w : low;
            high = w > high ? w : high;
            squares += w * w;
        }
        for (std::size_t k = 0; k < lane_count; ++k)
            facts.squares += double(squares[k]);
    }
    for (; i < count; ++i) {
        facts.low = std::min(facts.low, values[i]);
        facts.high = std::max(facts.high, values[i]);
        facts.squares += double(values[i]) * double(values[i]);
    }
    for (std::size_t k = 0; k < lane_count; ++k) {
        facts.low = std::min(facts.low, low[k]);
        facts.high = std::max(facts.high, high[k]);
    }
}

/// How many values a sample holds, and how they are spread over units.
struct Budget {
    std::int64_t values, per_unit, least_units;
};
constexpr Budget estimate_budget{32768, 2048, 16}, curve_budget{2048, 256, 8};

/// A sorted unit's values, at most `limit`: the tails in full, the rest by the middle value of equal shares.
void summarize(std::vector<float> sorted, std::int64_t limit, SampledUnit& out) {
    const auto count = static_cast<std::int64_t>(sorted.size());
    if (count <= limit) {
        out.counts.assign(sorted.size(), 1);
        out.values = std::move(sorted);
        return;
    }
    const std::int64_t tail = limit / 16, shares = limit - 2 * tail, inner = count - 2 * tail;
    const auto take = [&](std::int64_t begin, std::int64_t end) {
        out.values.push_back(sorted[static_cast<std::size_t>((begin + end) / 2)]);
        out.counts.push_back(static_cast<float>(end - begin));
    };
    for (std::int64_t i = 0; i < tail; ++i)
        take(i, i + 1);
    for (std::int64_t i = 0; i < shares; ++i)
        take(tail + i * inner / shares, tail + (i + 1) * inner / shares);
    for (std::int64_t i = count - tail; i < count; ++i)
        take(i, i + 1);
}

class Collector {
public:
    Collector(const WeightRows& source, Units units, Progress& progress)
        : source_(source)
        , units_(units)
        , progress_(progress) {
        out_->rows = source.rows;
        out_->columns = source.columns;
        out_->units = units.count();
    }

    std::shared_ptr<const ErrorHistogram> run() {
        facts_.resize(static_cast<std::size_t>(units_.whole() ? source_.rows : units_.count()));
        over_rows([&](std::int64_t row, std::span<const float> weights) {
            for (std::int64_t segment = 0; segment < units_.segments(); ++segment) {
                const auto begin = static_cast<std::size_t>(segment * units_.width);
                const auto width = std::min(static_cast<std::size_t>(units_.width), weights.size() - begin);
                auto& facts = facts_[static_cast<std::size_t>(row * units_.segments() + segment)];
                measure(weights.data() + begin, width, facts);
                check_finite(facts, row, weights);
            }
        });
        for (const auto& facts : facts_)
            out_->square_sum += facts.squares;
        if (!(out_->square_sum > 0)) return out_;
        if (units_.whole()) {
            whole();
        } else {
            sort_by_shape();
            choose(out_->sample, estimate_budget);
            choose(out_->curves, curve_budget);
            choose_extremes();
            find_typical();
        }
        return out_;
    }

private:
    /// Calls `body(row, weights)` on every row, in parallel.
    template <typename Body>
    void over_rows(const Body& body) const {
        const std::int64_t grain = std::max<std::int64_t>(1, 65536 / std::max<std::int64_t>(1, source_.columns));
        parallel_for(source_.rows, grain, [&](std::int64_t first, std::int64_t last) {
            progress_.check();
            const auto columns = static_cast<std::size_t>(source_.columns);
            std::vector<float> rows(static_cast<std::size_t>(last - first) * columns);
            source_.read(first, last - first, rows);
            for (std::int64_t row = first; row < last; ++row)
                body(row,
                     std::span<const float>(rows).subspan(static_cast<std::size_t>(row - first) * columns, columns));
        });
    }

    void check_finite(UnitFacts& facts, std::int64_t row, std::span<const float> weights) const {
        if (std::isfinite(facts.squares)) return;
        for (std::size_t i = 0; i < weights.size(); ++i)
            if (!(std::abs(weights[i]) <= 1e37f))
                throw DataError(source_.file, source_.name,
                                "holds a non-finite value at row " + std::to_string(row) + ", column " +
                                    std::to_string(i) + "; repair the checkpoint or leave this layer in float");
        facts.squares = double(weights.size()) * facts.largest() * facts.largest(); // finite, but not its square
    }

    std::int64_t width_of(std::size_t unit) const {
        const auto segment = static_cast<std::int64_t>(unit) % units_.per_row;
        return std::min(units_.width, units_.columns - segment * units_.width);
    }

    /// Orders the units that are not all zero by width of range over root mean square, in steps of 1/64 octave.
    void sort_by_shape() {
        constexpr std::size_t buckets = 2048;
        std::vector<std::uint16_t> bucket(facts_.size());
        std::vector<std::size_t> starts(buckets + 1);
        for (std::size_t i = 0; i < facts_.size(); ++i) {
            const UnitFacts& facts = facts_[i];
            if (!(facts.squares > 0)) continue;
            const double width = double(facts.high) - facts.low;
            // A float's upper bits are its logarithm, near enough for an order: exponent and 5 bits of the square.
            const auto square = static_cast<float>(width * width / facts.squares * double(width_of(i)));
            const int place = static_cast<int>(std::bit_cast<std::uint32_t>(square) >> 18) - (127 << 5);
            bucket[i] = static_cast<std::uint16_t>(1 + std::clamp(place, 0, int(buckets) - 2));
            ++starts[bucket[i]];
        }
        std::size_t before = 0;
        for (auto& start : starts)
            before += std::exchange(start, before);
        order_.resize(before);
        for (std::size_t i = 0; i < facts_.size(); ++i)
            if (bucket[i] > 0) order_[starts[bucket[i]]++] = i;
    }

    /// Cuts the ordered units into stretches of equal Σ w²; in each the unit at the middle stands for all.
    void choose(std::vector<SampledUnit>& chosen, const Budget& budget) const {
        struct Stretch {
            SampledUnit sampled;
            double squares = 0, distance = INFINITY;
            std::size_t unit = 0;
        };
        const auto wanted = static_cast<std::size_t>(
            std::max(budget.least_units, budget.values / std::max<std::int64_t>(1, units_.width)));
        const bool all = order_.size() <= wanted;
        std::vector<Stretch> stretches(all ? order_.size() : wanted);
        double before = 0;
        for (std::size_t i = 0; i < order_.size(); ++i) {
            const UnitFacts& facts = facts_[order_[i]];
            const double middle = (before + facts.squares / 2) / out_->square_sum * static_cast<double>(wanted);
            before += facts.squares;
            const std::size_t index = all ? i : std::min(wanted - 1, static_cast<std::size_t>(middle));
            Stretch& stretch = stretches[index];
            stretch.sampled.weights += static_cast<double>(width_of(order_[i]));
            stretch.sampled.largest = std::max(stretch.sampled.largest, facts.largest());
            stretch.squares += facts.squares;
            const double distance = std::abs(middle - static_cast<double>(index) - 0.5);
            if (distance < stretch.distance) stretch.distance = distance, stretch.unit = order_[i];
        }
        std::vector<std::size_t> units;
        for (Stretch& stretch : stretches) {
            if (!(stretch.squares > 0)) continue; // one unit may fill several stretches
            stretch.sampled.error_factor = stretch.squares / facts_[stretch.unit].squares;
            chosen.push_back(std::move(stretch.sampled));
            units.push_back(stretch.unit);
        }
        read(units, chosen, budget.per_unit);
    }

    void read(const std::vector<std::size_t>& units, std::vector<SampledUnit>& chosen, std::int64_t per_unit) const {
        parallel_for(static_cast<std::int64_t>(units.size()), 4, [&](std::int64_t first, std::int64_t last) {
            progress_.check();
            std::vector<float> row(static_cast<std::size_t>(source_.columns));
            for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
                const auto unit = static_cast<std::int64_t>(units[i]);
                source_.read(unit / units_.per_row, 1, row);
                const auto begin = row.begin() + unit % units_.per_row * units_.width;
                std::vector<float> values(begin, begin + width_of(units[i]));
                std::sort(values.begin(), values.end());
                summarize(std::move(values), per_unit, chosen[i]);
                chosen[i].range = {facts_[units[i]].low, facts_[units[i]].high};
            }
        });
    }

    void choose_extremes() {
        const auto [narrowest, widest] = std::minmax_element(
            order_.begin(), order_.end(), [&](auto a, auto b) { return facts_[a].largest() < facts_[b].largest(); });
        out_->extreme.resize(2);
        read({*narrowest, *widest}, out_->extreme, estimate_budget.per_unit);
    }

    void find_typical() {
        std::vector<double> largest; // of some thousands: the median of more is no other
        for (std::size_t i = 0; i < order_.size(); i += 1 + order_.size() / 8192)
            largest.push_back(facts_[order_[i]].largest());
        const auto middle = largest.begin() + static_cast<std::ptrdiff_t>(largest.size() / 2);
        std::nth_element(largest.begin(), middle, largest.end());
        const auto distance = [&](const SampledUnit& unit) {
            return std::abs(std::max(-unit.range.low, unit.range.high) - *middle);
        };
        const auto nearest = std::min_element(out_->sample.begin(), out_->sample.end(),
                                              [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
        out_->typical = static_cast<std::size_t>(nearest - out_->sample.begin());
    }

    /// The whole tensor as one unit: equal bins of some million values, each at the mean of what it holds.
    void whole() {
        Range range;
        for (const auto& facts : facts_) {
            range.low = std::min(range.low, facts.low);
            range.high = std::max(range.high, facts.high);
        }
        const std::int64_t every = 1 + source_.rows * source_.columns / 4'000'000;
        for (const auto& [bins, out] : {std::pair{8192, &out_->sample}, std::pair{2048, &out_->curves}}) {
            SampledUnit unit = binned(range, bins, every);
            unit.range = range;
            unit.weights = double(source_.rows) * double(source_.columns);
            unit.largest = std::max(-range.low, range.high);
            out->push_back(std::move(unit));
        }
        out_->extreme = {out_->curves.front()};
    }

    /// \param every  only rows 0, every, 2 · every, … are looked at; the error factor makes up for it
    SampledUnit binned(const Range& range, int bins, std::int64_t every) const {
        constexpr std::int64_t bands = 16; // whatever the number of threads, so that sums come out the same
        std::vector<std::vector<double>> counts(bands, std::vector<double>(static_cast<std::size_t>(bins))),
            sums = counts;
        std::vector<double> squares(bands);
        const auto scale = static_cast<float>(bins / (double(range.high) - range.low));
        parallel_for(bands, 1, [&](std::int64_t first, std::int64_t last) {
            std::vector<float> weights(static_cast<std::size_t>(source_.columns));
            for (auto band = static_cast<std::size_t>(first); band < static_cast<std::size_t>(last); ++band)
                for (auto row = static_cast<std::int64_t>(band) * every; row < source_.rows; row += bands * every) {
                    progress_.check();
                    source_.read(row, 1, weights);
                    squares[band] += facts_[static_cast<std::size_t>(row)].squares;
                    for (const float w : weights) {
                        const auto bin =
                            static_cast<std::size_t>(std::min(bins - 1, static_cast<int>((w - range.low) * scale)));
                        counts[band][bin] += 1;
                        sums[band][bin] += w;
                    }
                }
        });
        SampledUnit unit;
        double seen = 0;
        for (const double part : squares)
            seen += part;
        unit.error_factor = seen > 0 ? out_->square_sum / seen : 0;
        for (std::size_t bin = 0; bin < static_cast<std::size_t>(bins); ++bin) {
            double count = 0, sum = 0;
            for (std::size_t band = 0; band < static_cast<std::size_t>(bands); ++band) {
                count += counts[band][bin];
                sum += sums[band][bin];
            }
            if (count == 0) continue;
            unit.values.push_back(static_cast<float>(sum / count));
            unit.counts.push_back(static_cast<float>(count));
        }
        return unit;
    }

    const WeightRows& source_;
    Units units_;
    Progress& progress_;
    std::vector<UnitFacts> facts_; ///< of each unit; of each row when the tensor is one unit
    std::vector<std::size_t> order_;
    std::shared_ptr<ErrorHistogram> out_ = std::make_shared<ErrorHistogram>();
};

} // namespace

std::string unit_key(const nlohmann::json& grid) {
    const std::string key = grid.at("granularity").get<std::string>();
    return key == "group" ? key + std::to_string(grid.at("group").get<std::int64_t>()) : key;
}

std::shared_ptr<const ErrorHistogram> make_error_histogram(const WeightRows& source, const nlohmann::json& scheme,
                                                           Progress& progress) {
    const SchemeParts parts(scheme);
    return Collector(source, parts.grid->units(source.rows, source.columns), progress).run();
}

} // namespace quantscope
