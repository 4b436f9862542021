// Single values of the kinds that statistics read in place, and integer keys that are ordered as the values are: a
// search among keys always ends, whatever lies between two values.
#pragma once

#include <bit>
#include <cstring>

#include "core/base/half.h"
#include "core/statistics/kernels.h"

namespace quantscope {

inline int value_bytes(kernels::Kind kind) { return kind == kernels::Kind::f32 ? 4 : 2; }

inline float value_of_bits(kernels::Kind kind, std::uint16_t bits) {
    return kind == kernels::Kind::f16 ? float16_to_float(bits) : bfloat16_to_float(bits);
}

/// Value `index` of a row in memory.
inline float value_at(kernels::Kind kind, const std::byte* row, std::int64_t index) {
    if (kind == kernels::Kind::f32) {
        float value;
        std::memcpy(&value, row + 4 * index, 4);
        return value;
    }
    std::uint16_t bits;
    std::memcpy(&bits, row + 2 * index, 2);
    return value_of_bits(kind, bits);
}

inline void values_to_float(kernels::Kind kind, const std::byte* row, std::int64_t count, float* out) {
    if (kind == kernels::Kind::f32)
        std::memcpy(out, row, static_cast<std::size_t>(count) * 4);
    else
        for (std::int64_t i = 0; i < count; ++i)
            out[i] = value_at(kind, row, i);
}

inline std::int32_t key32(float value) {
    const auto bits = std::bit_cast<std::int32_t>(value);
    return bits ^ ((bits >> 31) & 0x7fffffff);
}

inline float value_of_key32(std::int32_t key) { return std::bit_cast<float>(key ^ ((key >> 31) & 0x7fffffff)); }

/// The key of the largest value of this kind that is not above `value`.
inline std::int32_t key_at_or_below(kernels::Kind kind, float value) {
    if (kind == kernels::Kind::f32) return key32(value);
    if (kind == kernels::Kind::bf16) return key32(value) >> 16;
    const auto bits = static_cast<std::int16_t>(float_to_float16(value));
    const std::int32_t key = bits ^ ((bits >> 15) & 0x7fff);
    return float16_to_float(static_cast<std::uint16_t>(bits)) > value ? key - 1 : key;
}

inline float value_of_key(kernels::Kind kind, std::int32_t key) {
    if (kind == kernels::Kind::f32) return value_of_key32(key);
    const auto bits = static_cast<std::int16_t>(key) ^ ((static_cast<std::int16_t>(key) >> 15) & 0x7fff);
    return value_of_bits(kind, static_cast<std::uint16_t>(bits));
}

} // namespace quantscope
