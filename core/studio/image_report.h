// A comparison of images as others read it: JSON for the command line and sessions, one PNG of the whole grid.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/studio/image_views.h"

namespace quantscope::studio {

/// {"models": [{"name", "bytes", "psnr", "ssim", …}], "images": [{"class", "seed"}], …}; the pictures are left out.
nlohmann::json as_json(const ImageComparison& comparison);

/// Rows down, models across, each picture enlarged to at least 56 pixels without smoothing. \throws IoError
void write_image_grid(const ImageComparison& comparison, const std::filesystem::path& file);

} // namespace quantscope::studio
