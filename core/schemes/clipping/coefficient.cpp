// Clipping by a coefficient: the range is a fixed fraction of min–max.
#include "core/schemes/clipping/clipping.h"
#include "core/schemes/describe.h"

namespace quantscope {

namespace {

class Coefficient : public Clipping {
    Description describe() const override {
        return {.choice = Choice::clipping,
                .name = "coefficient",
                .label = "Coefficient",
                .help = "Covers c times the range that occurs; what lies beyond saturates. The slider for seeing how "
                        "error moves with the clip.",
                .source = {},
                .parameters = {describe::real({"coefficient", "Coefficient", "× range",
                                               "Fraction c of (min, max) that the grid covers; 1 is min–max."},
                                              0.9, 0.05, 1)}};
    }
    ClippingMethod method(const nlohmann::json& values, bool) const override {
        const auto coefficient = values.at("coefficient").get<double>();
        return {.ranges = [=](const UnitWeights& unit, std::vector<Range>& ranges) {
            ranges.push_back(unit.range.shrunk(coefficient));
        }};
    }
};

} // namespace

std::unique_ptr<Clipping> make_coefficient() { return std::make_unique<Coefficient>(); }

} // namespace quantscope
