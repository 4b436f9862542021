// Clipping by search: shrink factors from 1 downwards are offered to the grid, which keeps the one with the least error.
#include "core/schemes/clipping/clipping.h"
#include "core/schemes/describe.h"

namespace quantscope {

namespace {

class Mse : public Clipping {
    Description describe() const override {
        return {.choice = Choice::clipping,
                .name = "mse",
                .label = "MSE search",
                .help = "Tries many shrunken ranges for each unit and keeps the one with the least error; a piecewise grid "
                        "searches its breakpoint at the same time. Needs no data.",
                .source = {},
                .parameters = {
                    describe::integer({"steps", "Steps", "",
                                       "Number of shrink factors tried, from 1 down to the lowest."},
                                      81, 80, 1000),
                    describe::real({"lowest", "Lowest factor", "× range",
                                    "The smallest fraction of the range that is tried."},
                                   0.2, 0.01, 0.95),
                    describe::option({"norm", "Norm", "",
                                      "Exponent of the error: 2 is the mean squared error, 2.4 punishes large errors more."},
                                     "2", {"2", "2.4"})}};
    }
    ClippingMethod method(const nlohmann::json& values, bool) const override {
        const int steps = values.at("steps").get<int>();
        const auto lowest = values.at("lowest").get<double>();
        auto ranges = [=](const UnitWeights& unit, std::vector<Range>& ranges) {
            for (int step = 0; step < steps; ++step)
                ranges.push_back(unit.range.shrunk(1 - (1 - lowest) * step / (steps - 1)));
        };
        return {.ranges = ranges, .norm = values.at("norm").get<std::string>() == "2" ? 2 : 2.4};
    }
};

} // namespace

std::unique_ptr<Clipping> make_mse() { return std::make_unique<Mse>(); }

} // namespace quantscope
