// A clipping chooses the range that a unit's grid covers, or offers several for the grid to choose from.
#pragma once

#include <functional>
#include <vector>

#include "core/schemes/member.h"
#include "core/schemes/unit.h"

namespace quantscope {

/// A clipping with its parameters set.
struct ClippingMethod {
    /// Appends the ranges for one unit, each with low ≤ 0 ≤ high, the widest first, at least one; the grid takes the one
    /// with the least error, the first of equals. Called from several threads.
    std::function<void(const UnitWeights& unit, std::vector<Range>& ranges)> ranges;
    /// The exponent of the error that the grid minimises among the ranges.
    double norm = 2;
};

class Clipping : public Member {
public:
    /// \param values     resolved parameters
    /// \param symmetric  the grid only looks at max(−low, high)
    virtual ClippingMethod method(const nlohmann::json& values, bool symmetric) const = 0;
};

} // namespace quantscope
