// Fashion-MNIST as the Debian package dataset-fashion-mnist stores it: gzipped IDX files.
// Source: Xiao, Rasul and Vollgraf 2017; 60,000 + 10,000 grey images of 28 × 28 in ten classes, MIT licence.
#pragma once

#include <ATen/ATen.h>
#include <filesystem>

namespace quantscope::training {

struct LabelledImages {
    at::Tensor images; ///< [N, 1, 28, 28], float32 in [−1, 1]
    at::Tensor labels; ///< [N], int64, 0 … 9
};

/// \param part  "train" or "t10k" (the test set)
/// \throws IoError naming the file when it cannot be read, FormatError when it is no IDX file of that kind
LabelledImages read_fashion_mnist(const std::filesystem::path& folder, const std::string& part);

} // namespace quantscope::training
