// No transform: the weights are quantized as they are.
#include "core/schemes/transform/transform.h"

namespace quantscope {

namespace {

class NoTransform : public Transform {
    Description describe() const override {
        return {.choice = Choice::transform,
                .name = "none",
                .label = "None",
                .help = "Quantizes the weights as they are. Nothing around the layer changes.",
                .source = {},
                .parameters = {}};
    }
};

} // namespace

std::unique_ptr<Transform> make_no_transform() { return std::make_unique<NoTransform>(); }

} // namespace quantscope
