// Packs and unpacks codes: bit streams, little endian, at most 16 bits a code.
#include "core/schemes/stored_numbers.h"

namespace quantscope {

void pack_codes(std::span<const std::uint16_t> codes, int bits, std::span<std::byte> out) {
    std::uint64_t pending = 0;
    int held = 0;
    std::size_t at = 0;
    for (const std::uint16_t code : codes) {
        pending |= std::uint64_t(code) << held;
        held += bits;
        for (; held >= 8; held -= 8, pending >>= 8) out[at++] = std::byte(pending & 0xff);
    }
    if (held > 0) out[at] = std::byte(pending & 0xff);
}

void unpack_codes(std::span<const std::byte> in, int bits, std::int64_t first, std::span<std::uint16_t> codes) {
    const std::uint64_t mask = (std::uint64_t(1) << bits) - 1;
    const std::int64_t start = first * bits;
    auto at = static_cast<std::size_t>(start / 8);
    std::uint64_t pending = 0;
    int held = 0;
    if (start % 8 != 0) {
        held = 8 - static_cast<int>(start % 8);
        pending = std::uint64_t(in[at++]) >> (start % 8);
    }
    for (std::uint16_t& code : codes) {
        for (; held < bits; held += 8) pending |= std::uint64_t(in[at++]) << held;
        code = static_cast<std::uint16_t>(pending & mask);
        pending >>= bits;
        held -= bits;
    }
}

} // namespace quantscope
