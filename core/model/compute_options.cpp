#include "core/model/compute_options.h"

namespace quantscope {

bool computes_in_float32(const Model& model, ComputeType wanted) {
    if (wanted != ComputeType::automatic) return wanted == ComputeType::float32;
    const DType stored = model.architecture()  ? model.architecture()->dtype
                         : model.diffusion()   ? model.diffusion()->dtype
                         : model.autoencoder() ? model.autoencoder()->dtype
                                               : DType::F32;
    return stored == DType::F32 || model.parameters() < 2'000'000'000u;
}

} // namespace quantscope
