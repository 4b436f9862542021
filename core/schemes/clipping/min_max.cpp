// Min–max clipping: the range is all that occurs.
#include "core/schemes/clipping/clipping.h"

namespace quantscope {

namespace {

class MinMax : public Clipping {
    Description describe() const override {
        return {.choice = Choice::clipping,
                .name = "min-max",
                .label = "Min–max",
                .help = "Covers every weight, so nothing saturates. One outlier makes all steps wide: good at 8 bits, "
                        "poor at 4 and below.",
                .source = {},
                .parameters = {}};
    }
    ClippingMethod method(const nlohmann::json&, bool) const override {
        return {.ranges = [](const UnitWeights& unit, std::vector<Range>& ranges) { ranges.push_back(unit.range); }};
    }
};

} // namespace

std::unique_ptr<Clipping> make_min_max() { return std::make_unique<MinMax>(); }

} // namespace quantscope
