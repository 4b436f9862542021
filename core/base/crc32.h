// The checksum of zip archives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace quantscope {

/// CRC-32 with the polynomial 0xedb88320, as zip, gzip and PNG have it.
/// \param before  the result for the bytes in front of these; 0 for the first
std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before = 0);

} // namespace quantscope
