// No residual: only the grid's codes are stored.
#include "core/schemes/residual/residual.h"

namespace quantscope {

namespace {

class NoResidual : public Residual {
    Description describe() const override {
        return {.choice = Choice::residual,
                .name = "none",
                .label = "None",
                .help = "Stores the grid's codes and nothing beside them.",
                .source = {},
                .parameters = {}};
    }
};

} // namespace

std::unique_ptr<Residual> make_no_residual() { return std::make_unique<NoResidual>(); }

} // namespace quantscope
