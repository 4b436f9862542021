// Reading and writing single numbers of stored arrays (scales, minima, corrections), and codes packed into bits.
#pragma once

#include <bit>
#include <cstring>
#include <span>

#include "core/base/half.h"
#include "core/schemes/fitted_site.h"

namespace quantscope {

/// The value that a number has once it is stored as `dtype` (F16, BF16 or F32).
inline float rounded_to(DType dtype, float value) {
    if (dtype == DType::F16) return float16_to_float(float_to_float16(value));
    if (dtype == DType::BF16) return bfloat16_to_float(float_to_bfloat16(value));
    return value;
}

/// \param index  within the array, already checked
inline float load_number(const StoredArray& array, std::int64_t index) {
    if (array.dtype == DType::F32) {
        float value = 0;
        std::memcpy(&value, array.data.data() + index * 4, 4);
        return value;
    }
    std::uint16_t half = 0;
    std::memcpy(&half, array.data.data() + index * 2, 2);
    return array.dtype == DType::F16 ? float16_to_float(half) : bfloat16_to_float(half);
}

inline void store_number(StoredArray& array, std::int64_t index, float value) {
    if (array.dtype == DType::F32) {
        std::memcpy(array.data.data() + index * 4, &value, 4);
        return;
    }
    const std::uint16_t half = array.dtype == DType::F16 ? float_to_float16(value) : float_to_bfloat16(value);
    std::memcpy(array.data.data() + index * 2, &half, 2);
}

/// Bytes of `count` codes of `bits` bits, packed without gaps.
inline std::int64_t packed_bytes(std::int64_t count, int bits) { return (count * bits + 7) / 8; }

/// Packs codes tightly, the first in the lowest bits, little endian. \param out packed_bytes(codes.size(), bits) bytes
void pack_codes(std::span<const std::uint16_t> codes, int bits, std::span<std::byte> out);
/// Codes [first, first + codes.size()) of a packed row.
void unpack_codes(std::span<const std::byte> in, int bits, std::int64_t first, std::span<std::uint16_t> codes);

} // namespace quantscope
