#include "core/comparison/frechet.h"

#include <algorithm>
#include <tuple>

#include "core/base/errors.h"

namespace quantscope {

FeatureStatistics FeatureStatistics::of(const at::Tensor& features) {
    if (features.dim() != 2 || features.size(0) < 2)
        throw ShapeError("", "features", "of at least two images are needed for a Fréchet distance; sample more");
    const auto wide = features.to(at::kCPU, at::kDouble);
    FeatureStatistics statistics;
    statistics.count = wide.size(0);
    statistics.mean = wide.mean(0);
    const auto centred = wide - statistics.mean;
    statistics.covariance = at::matmul(centred.t(), centred) / static_cast<double>(statistics.count - 1);
    return statistics;
}

double frechet_distance(const FeatureStatistics& a, const FeatureStatistics& b) {
    const auto [values, vectors] = at::linalg_eigh(a.covariance);
    const auto root = at::matmul(vectors * values.clamp_min(0).sqrt(), vectors.t());
    const auto inner = at::matmul(at::matmul(root, b.covariance), root);
    const auto shared = at::linalg_eigvalsh((inner + inner.t()) / 2).clamp_min(0).sqrt().sum();
    const auto apart = at::square(a.mean - b.mean).sum() + a.covariance.trace() + b.covariance.trace() - 2 * shared;
    return std::max(0.0, apart.item<double>()); // rounding can make the distance of equal sets negative
}

} // namespace quantscope
