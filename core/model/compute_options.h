// Where and in which type a model computes. Free of torch.
#pragma once

#include <cstdint>
#include <string>

#include "core/model/model.h"

namespace quantscope {

enum class ComputeType { automatic, float32, bfloat16 };

struct ComputeOptions {
    std::string device = "auto"; ///< "auto", "cpu", "cuda", "cuda:N"
    int threads = 0;             ///< for tensor operations; 0: as parallel loops use
    /// automatic: float32 below 2 B parameters, above it the checkpoint's dtype (bfloat16 for 16-bit and packed files)
    ComputeType type = ComputeType::automatic;
    /// Bytes of decoded weights that stay in memory; blocks beyond it are read from the file at every pass.
    /// 0: half of what the system has free.
    std::uint64_t weight_budget = 0;
};

/// Whether a model computes in float32 (else in bfloat16) under this wish.
bool computes_in_float32(const Model& model, ComputeType wanted);

} // namespace quantscope
