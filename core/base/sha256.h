// SHA-256 of files and texts, by which results name what they were computed from.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/progress.h"

namespace quantscope {

/// \returns 64 lower-case hexadecimal digits
std::string sha256(std::string_view bytes);
/// Streams the file. \throws IoError naming the file, Cancelled
std::string sha256_of_file(const std::filesystem::path& file, Progress& progress);

} // namespace quantscope
