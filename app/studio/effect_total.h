// What schemes do to several layers taken together.
#pragma once

#include <cstdint>

#include "core/studio/views.h"

namespace quantscope {

/// Adds up estimates of single layers: errors and saturation count by number of weights, the relative error is that of
/// all weights as one vector, ‖W − Ŵ‖ / ‖W‖, and bits are all bytes over all weights.
class EffectTotal {
public:
    /// \param summary  of the layer's own weights; null for a layer left in float whose statistics are not known,
    ///                 which then counts for the size alone
    void add(const studio::Estimate& estimate, const studio::Summary* summary, std::uint64_t weights);
    studio::Estimate total() const;

private:
    double squared_error_ = 0, power_ = 0, saturated_ = 0, bytes_ = 0, greatest_ = 0;
    double weights_ = 0, weights_with_error_ = 0;
    bool exact_ = true;
};

} // namespace quantscope
