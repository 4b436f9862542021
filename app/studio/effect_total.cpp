// Adds up estimates.
#include "app/studio/effect_total.h"

#include <algorithm>
#include <cmath>

namespace quantscope {

void EffectTotal::add(const studio::Estimate& estimate, const studio::Summary* summary, std::uint64_t weights) {
    const auto count = double(weights);
    weights_ += count;
    bytes_ += estimate.bytes;
    exact_ = exact_ && estimate.exact;
    if (!summary) return;
    weights_with_error_ += count;
    squared_error_ += estimate.mse * count;
    saturated_ += estimate.saturated * count;
    greatest_ = std::max(greatest_, estimate.max_error);
    power_ += (summary->mean * summary->mean + summary->standard_deviation * summary->standard_deviation) * count;
}

studio::Estimate EffectTotal::total() const {
    studio::Estimate total;
    if (weights_ <= 0) return total;
    total.bytes = bytes_;
    total.bits_per_weight = 8 * bytes_ / weights_;
    total.exact = exact_;
    if (weights_with_error_ <= 0) return total;
    total.mse = squared_error_ / weights_with_error_;
    total.saturated = saturated_ / weights_with_error_;
    total.max_error = greatest_;
    if (!(power_ > 0)) return total;
    total.relative = std::sqrt(squared_error_ / power_);
    total.sqnr_db = 10 * std::log10(power_ / squared_error_); // infinite without an error
    return total;
}

} // namespace quantscope
