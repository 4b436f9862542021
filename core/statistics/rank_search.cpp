// Percentiles by counting: Newton's step from the first guess, then interpolation, then bisection of the keys.
#include "core/statistics/rank_search.h"

#include <algorithm>
#include <cmath>

#include "core/statistics/keys.h"

namespace quantscope {

void RankSearch::begin(kernels::Kind kind, std::int64_t count, double percent, float low, float high, double mean,
                       double deviation, PercentileShape shape) {
    kind_ = kind;
    probes_ = moved_alike_ = 0;
    low_known_ = high_known_ = false;
    target_ = percent / 100 * static_cast<double>(count - 1);
    wanted_ = std::llround(target_);
    // A threshold with `c` values not above it lies between the ranks c − 1 and c.
    allowed_ = tolerance * static_cast<double>(count) - 0.5;
    scale_ = shape.slope * deviation / static_cast<double>(count);
    low_ = key_at_or_below(kind, low) - 1;
    high_ = key_at_or_below(kind, high);
    below_low_ = 0;
    below_high_ = count;
    done_ = static_cast<std::int64_t>(high_) - low_ <= 1;
    if (wanted_ == 0) high_ = low_ + 1, done_ = true;         // the minimum itself
    if (wanted_ == count - 1) low_ = high_ - 1, done_ = true; // the maximum
    if (!done_)
        choose(mean + shape.position * deviation);
    else
        probe_ = high_;
}

void RankSearch::choose(double guess) {
    const std::int64_t gap = static_cast<std::int64_t>(high_) - low_;
    // What interpolation does not find in a few steps is no smooth distribution: a gap or a heap of equal values.
    if ((probes_ >= 4 && stalled_) || (probes_ >= 6 && probes_ % 2 == 0)) {
        probe_ = static_cast<std::int32_t>(low_ + gap / 2);
        return;
    }
    const double bounded = std::clamp(guess, static_cast<double>(value_of_key(kind_, low_ + 1)),
                                      static_cast<double>(value_of_key(kind_, high_)));
    probe_ = std::clamp(key_at_or_below(kind_, static_cast<float>(bounded)), low_ + 1, high_ - 1);
}

void RankSearch::counted(std::int64_t not_above) {
    ++probes_;
    if (std::abs(static_cast<double>(not_above) - 0.5 - target_) <= allowed_) {
        high_ = probe_;
        done_ = true;
        return;
    }
    const bool is_low = not_above <= wanted_;
    const std::int64_t between = below_high_ - below_low_;
    moved_alike_ = probes_ > 1 && is_low == moved_low_ ? moved_alike_ + 1 : 0;
    moved_low_ = is_low;
    if (is_low)
        low_ = probe_, below_low_ = not_above, low_known_ = true;
    else
        high_ = probe_, below_high_ = not_above, high_known_ = true;
    stalled_ = below_high_ - below_low_ > between / 2;
    if (static_cast<std::int64_t>(high_) - low_ <= 1) {
        done_ = true; // every key between is excluded: high_ is the value of rank wanted_
        probe_ = high_;
        return;
    }
    const double low = value_of_key(kind_, low_), high = value_of_key(kind_, high_);
    const double aim = target_ + 0.5;
    if (low_known_ && high_known_) {
        // False position; a bound that has stayed where it was counts for less each time (the Illinois method).
        double to_low = aim - static_cast<double>(below_low_), to_high = static_cast<double>(below_high_) - aim;
        (moved_low_ ? to_high : to_low) /= 1 << std::min(moved_alike_, 8);
        choose(low + to_low / (to_low + to_high) * (high - low));
    } else { // one side only: a step by the density that the tensor as a whole has there, longer each time
        const double from = low_known_ ? low : high;
        const double missing = aim - static_cast<double>(low_known_ ? below_low_ : below_high_);
        choose(from + missing * scale_ * (1 << std::min(probes_ - 1, 4)));
    }
}

float RankSearch::value_of_key_() const { return value_of_key(kind_, high_) + 0.0f; }

} // namespace quantscope
