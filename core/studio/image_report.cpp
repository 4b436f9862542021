#include "core/studio/image_report.h"

#include <algorithm>

#include "core/export/png_file.h"

namespace quantscope::studio {

using nlohmann::json;

namespace {

/// JSON has no infinity, and equal images have an infinite PSNR: nlohmann writes null for both it and NaN.
json column_as_json(const ImageColumn& column) {
    json images = json::array(), curve = json::array();
    for (const auto& metrics : column.metrics)
        images.push_back({{"psnr", metrics.psnr_db},
                          {"ssim", metrics.ssim},
                          {"recognised", metrics.recognised < 0 ? json() : json(metrics.recognised)}});
    for (const auto& point : column.noise_errors)
        curve.push_back({{"timestep", point.timestep}, {"relative_error", point.relative}});
    return {{"name", column.name},
            {"bytes", column.bytes},
            {"bits_per_weight", column.bits_per_weight},
            {"psnr", column.mean_psnr_db},
            {"ssim", column.mean_ssim},
            {"frechet_distance", column.frechet_distance},
            {"recognised_share", column.recognised_share},
            {"variance_share", column.variance_share},
            {"seconds", column.seconds},
            {"images", std::move(images)},
            {"noise_errors", std::move(curve)}};
}

} // namespace

json as_json(const ImageComparison& comparison) {
    json rows = json::array(), models = json::array();
    for (const auto& row : comparison.rows)
        rows.push_back({{"class", row.label}, {"class_name", row.class_name}, {"seed", row.seed}});
    for (const auto& column : comparison.columns)
        models.push_back(column_as_json(column));
    return {{"models", std::move(models)},
            {"images", std::move(rows)},
            {"sampler", comparison.sampler},
            {"steps", comparison.steps},
            {"guidance", comparison.guidance},
            {"frechet_reference", comparison.frechet_reference},
            {"frechet_samples", comparison.frechet_samples},
            {"remark", comparison.remark}};
}

void write_image_grid(const ImageComparison& comparison, const std::filesystem::path& file) {
    constexpr int gap = 4, least = 56;
    if (comparison.columns.empty() || comparison.rows.empty()) return;
    const auto& first = comparison.columns.front().pictures.front();
    const int zoom = std::max(1, (least + first.width - 1) / first.width);
    const int cell_width = first.width * zoom + gap, cell_height = first.height * zoom + gap;
    const int width = static_cast<int>(comparison.columns.size()) * cell_width + gap;
    const int height = static_cast<int>(comparison.rows.size()) * cell_height + gap;
    std::vector<std::uint8_t> rgb(std::size_t(3) * static_cast<std::size_t>(width) * static_cast<std::size_t>(height),
                                  255);
    for (std::size_t c = 0; c < comparison.columns.size(); ++c)
        for (std::size_t r = 0; r < comparison.columns[c].pictures.size(); ++r) {
            const auto& picture = comparison.columns[c].pictures[r];
            for (int y = 0; y < picture.height * zoom; ++y)
                for (int x = 0; x < picture.width * zoom; ++x) {
                    const int to_x = gap + static_cast<int>(c) * cell_width + x,
                              to_y = gap + static_cast<int>(r) * cell_height + y;
                    const auto from = std::size_t(3) * static_cast<std::size_t>(y / zoom * picture.width + x / zoom);
                    const auto to = std::size_t(3) * (static_cast<std::size_t>(to_y) * static_cast<std::size_t>(width) +
                                                      static_cast<std::size_t>(to_x));
                    std::copy_n(picture.rgb.begin() + static_cast<std::ptrdiff_t>(from), 3,
                                rgb.begin() + static_cast<std::ptrdiff_t>(to));
                }
        }
    write_png(file, width, height, rgb);
}

} // namespace quantscope::studio
