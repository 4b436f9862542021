// Walks over well-formed UTF-8 sequences (Unicode 15, table 3-7).
#include "core/checkpoint/text_check.h"

#include <cstdint>
#include <cstring>

namespace quantscope {

namespace {

/// Length of the well-formed sequence at the start of `bytes`, or 0.
std::size_t sequence_length(std::string_view bytes) {
    const auto at = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u; };
    const auto continues = [&](std::size_t i) { return (at(i) & 0xc0) == 0x80; };
    const unsigned first = at(0), second = at(1);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
        return continues(1) && continues(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
        return continues(1) && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

} // namespace

bool is_utf8(std::string_view bytes) {
    while (!bytes.empty()) {
        std::uint64_t eight = 0;
        if (bytes.size() >= 8) std::memcpy(&eight, bytes.data(), 8);
        std::size_t length = bytes.size() >= 8 && !(eight & 0x8080808080808080u) ? 8 : sequence_length(bytes);
        if (!length) return false;
        bytes.remove_prefix(length);
    }
    return true;
}

std::string with_replacement_characters(std::string_view bytes) {
    std::string text;
    while (!bytes.empty()) {
        const std::size_t length = sequence_length(bytes);
        if (length)
            text += bytes.substr(0, length);
        else
            text += "\xef\xbf\xbd";
        bytes.remove_prefix(length ? length : 1);
    }
    return text;
}

} // namespace quantscope
