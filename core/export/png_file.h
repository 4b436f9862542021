// Writes a picture as a PNG file, whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace quantscope {

/// \param rgb  height · width · 3 bytes, row by row
/// \throws IoError naming the file, ShapeError when the bytes are not that many
void write_png(const std::filesystem::path& file, int width, int height, std::span<const std::uint8_t> rgb);

} // namespace quantscope
