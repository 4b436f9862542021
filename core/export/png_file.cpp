#include "core/export/png_file.h"

#include <png.h>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/errors.h"

namespace quantscope {

void write_png(const std::filesystem::path& file, int width, int height, std::span<const std::uint8_t> rgb) {
    if (width < 1 || height < 1 ||
        rgb.size() != std::size_t(3) * static_cast<std::size_t>(width) * static_cast<std::size_t>(height))
        throw ShapeError(file.string(), "picture",
                         "holds " + std::to_string(rgb.size()) + " bytes where " + std::to_string(width) + " × " +
                             std::to_string(height) + " × 3 are expected");
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(width);
    image.height = static_cast<png_uint_32>(height);
    image.format = PNG_FORMAT_RGB;
    std::vector<std::byte> bytes(PNG_IMAGE_PNG_SIZE_MAX(image));
    png_alloc_size_t size = bytes.size();
    if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, rgb.data(), 0, nullptr))
        throw IoError(file.string(), "", "cannot be made: " + std::string(image.message));
    AtomicFile target(file);
    target.write(std::span<const std::byte>(bytes).first(size));
    target.commit();
}

} // namespace quantscope
