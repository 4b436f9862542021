// A rounding picks the code for each weight, given the grid with its parameters already chosen.
#pragma once

#include <cstdint>
#include <span>

#include "core/schemes/grid/grid.h"

namespace quantscope {

class Rounding : public Member {
public:
    /// \param weights  one unit's weights
    /// \param codes    out, as many as the grid has for them
    virtual void round(const GridMethod& grid, const UnitParameters& parameters, std::span<const float> weights,
                       std::span<std::uint16_t> codes) const = 0;
};

} // namespace quantscope
