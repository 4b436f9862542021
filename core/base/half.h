// Conversions between float32 and the narrow floating types that checkpoints and scales are stored in.
// All round to nearest, ties to even; all are exact in the widening direction.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace quantscope {

/// IEEE binary16 to float32.
inline float float16_to_float(std::uint16_t h) {
    const std::uint32_t sign = std::uint32_t(h & 0x8000) << 16;
    const std::uint32_t shifted = std::uint32_t(h & 0x7fff) << 13;
    if (shifted >= 0x0f800000) // infinity and NaN
        return std::bit_cast<float>(sign | 0x70000000 | shifted);
    // Scaling by 2^112 moves the exponent's bias and makes subnormals right at the same time.
    const float magnitude = std::bit_cast<float>(shifted) * std::bit_cast<float>(0x77800000u);
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}

/// float32 to IEEE binary16; beyond ±65504 becomes infinity as IEEE says.
inline std::uint16_t float_to_float16(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const std::uint16_t sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000);
    const std::uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return sign | 0x7e00;
    if (magnitude >= 0x477ff000) return sign | 0x7c00;
    if (magnitude < 0x38800000) { // subnormal: adding 0.5 lets the addition itself round at bit 2^-24
        const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
        return sign | static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(shifted) - 0x3f000000);
    }
    const std::uint32_t odd = (magnitude >> 13) & 1;
    return sign | static_cast<std::uint16_t>((magnitude - 0x38000000 + 0x0fff + odd) >> 13);
}

inline float bfloat16_to_float(std::uint16_t b) { return std::bit_cast<float>(std::uint32_t(b) << 16); }

inline std::uint16_t float_to_bfloat16(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
    return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/// OCP FP8 E4M3 ("fn": no infinity, 0x7f and 0xff are NaN, largest value 448).
inline float float8_e4m3_to_float(std::uint8_t f) {
    const int exponent = (f >> 3) & 0xf, mantissa = f & 7;
    float magnitude;
    if (exponent == 15 && mantissa == 7) magnitude = NAN;
    else if (exponent == 0) magnitude = std::ldexp(float(mantissa), -9);
    else magnitude = std::ldexp(float(8 + mantissa), exponent - 10);
    return f & 0x80 ? -magnitude : magnitude;
}

/// OCP FP8 E5M2: the upper byte of a binary16.
inline float float8_e5m2_to_float(std::uint8_t f) { return float16_to_float(std::uint16_t(f) << 8); }

} // namespace quantscope
