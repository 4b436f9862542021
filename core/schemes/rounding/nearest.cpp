// Rounding to nearest: each weight gets the code whose level is closest to it.
#include "core/schemes/rounding/rounding.h"

namespace quantscope {

namespace {

class Nearest : public Rounding {
    Description describe() const override {
        return {.choice = Choice::rounding,
                .name = "nearest",
                .label = "Nearest",
                .help = "Gives each weight the level closest to it, ties to the even code. Needs no data.",
                .source = {},
                .parameters = {}};
    }
    void round(const GridMethod& grid, const UnitParameters& parameters, std::span<const float> weights,
               std::span<std::uint16_t> codes) const override {
        grid.encode_nearest(parameters, weights, codes);
    }
};

} // namespace

std::unique_ptr<Rounding> make_nearest() { return std::make_unique<Nearest>(); }

} // namespace quantscope
