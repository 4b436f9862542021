// Eight bytes at a time through eight tables, so that a checksum costs less than writing the bytes.
// Source: Kounavis and Berry 2005, "A Systematic Approach to Building High Performance Software-based CRC Generators".
#include "core/base/crc32.h"

#include <array>
#include <bit>
#include <cstring>

namespace quantscope {

namespace {

static_assert(std::endian::native == std::endian::little, "bytes are taken as they lie in memory");

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit)
            value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
        tables[0][byte] = value;
    }
    for (std::size_t table = 1; table < tables.size(); ++table)
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t value = tables[table - 1][byte];
            tables[table][byte] = value >> 8 ^ tables[0][value & 0xff];
        }
    return tables;
}

constexpr Tables tables = make_tables();

} // namespace

std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before) {
    std::uint32_t value = ~before;
    while (bytes.size() >= 8) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, bytes.data(), sizeof eight);
        eight ^= value;
        value = 0;
        for (std::size_t i = 0; i < 8; ++i)
            value ^= tables[7 - i][eight >> 8 * i & 0xff];
        bytes = bytes.subspan(8);
    }
    for (const std::byte byte : bytes)
        value = value >> 8 ^ tables[0][(value ^ static_cast<std::uint32_t>(byte)) & 0xff];
    return ~value;
}

} // namespace quantscope
