// The Fréchet distance between two sets of images, in the features of a network.
#pragma once

#include <ATen/ATen.h>

namespace quantscope {

/// Mean and covariance of a set of features, in double.
struct FeatureStatistics {
    std::int64_t count = 0;
    at::Tensor mean;       ///< [features]
    at::Tensor covariance; ///< [features, features], of the sample: divided by count − 1

    /// \param features  [N, features], N ≥ 2
    static FeatureStatistics of(const at::Tensor& features);
};

/// ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½), with the root's trace from the eigenvalues of Σ₁^½ Σ₂ Σ₁^½.
/// Source: Heusel et al. 2017, equation 6 (the FID, whatever the network); Dowson and Landau 1982.
double frechet_distance(const FeatureStatistics& a, const FeatureStatistics& b);

} // namespace quantscope
