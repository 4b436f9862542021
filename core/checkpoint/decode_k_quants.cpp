// Decoders of the K-quants: super-blocks of 256 values whose sub-blocks' scales are themselves quantized. Source:
// ggml's description of the types (FORMATS.md, GGUF); the order of operations follows it, so that values agree to the
// last bit.
#include "core/checkpoint/decode.h"

namespace quantscope::decoders {

namespace {

constexpr int super_block = 256;

const std::uint8_t* bytes_at(const std::byte* address) { return reinterpret_cast<const std::uint8_t*>(address); }

/// Sub-block j's 6-bit scale and minimum from the 12 bytes of Q4_K and Q5_K: the first four pairs are whole in bytes
/// 0–3 and 4–7, the others have their low four bits in bytes 8–11 and their high two above the first ones.
struct ScaleAndMinimum {
    std::uint8_t scale, minimum;
};
inline ScaleAndMinimum scale_and_minimum(const std::uint8_t* packed, int j) {
    if (j < 4) return {std::uint8_t(packed[j] & 63), std::uint8_t(packed[j + 4] & 63)};
    return {std::uint8_t((packed[j + 4] & 15) | ((packed[j - 4] >> 6) << 4)),
            std::uint8_t((packed[j + 4] >> 4) | ((packed[j] >> 6) << 4))};
}

} // namespace

// 16 bytes of 4-bit scales (low) and minima (high), 64 bytes of 2-bit values, float16 d, float16 dmin.
void q2_k(const std::byte* in, std::int64_t count, float* out) {
    for (; count > 0; --count, in += 84) {
        const std::uint8_t *scales = bytes_at(in), *values = scales + 16;
        const float d = float16_at(in + 80), dmin = float16_at(in + 82);
        for (int sub = 0; sub < 16; ++sub, out += 16) {
            // 128 values share 32 bytes, two bits each; a shift serves two sub-blocks of 16.
            const std::uint8_t* q = values + sub / 8 * 32 + sub % 2 * 16;
            const int shift = sub % 8 / 2 * 2;
            const float scale = d * static_cast<float>(scales[sub] & 15);
            const float minimum = dmin * static_cast<float>(scales[sub] >> 4);
            for (int i = 0; i < 16; ++i)
                out[i] = scale * static_cast<float>((q[i] >> shift) & 3) - minimum;
        }
    }
}

// 32 bytes of high bits, 64 bytes of 2-bit values, 12 bytes of 6-bit scales, float16 d. A clear high bit subtracts 4.
void q3_k(const std::byte* in, std::int64_t count, float* out) {
    for (; count > 0; --count, in += 110) {
        const std::uint8_t *high = bytes_at(in), *values = high + 32, *packed = values + 64;
        const float d = float16_at(in + 108);
        for (int sub = 0; sub < 16; ++sub, out += 16) {
            const int low = sub < 8 ? packed[sub] & 15 : packed[sub - 8] >> 4;
            const int top = (packed[8 + sub % 4] >> (sub / 4 * 2)) & 3;
            const float scale = d * static_cast<float>((low | (top << 4)) - 32);
            const std::uint8_t *q = values + sub / 8 * 32 + sub % 2 * 16, *h = high + sub % 2 * 16;
            const int shift = sub % 8 / 2 * 2, bit = sub / 2;
            for (int i = 0; i < 16; ++i) {
                const int value = ((q[i] >> shift) & 3) - (((h[i] >> bit) & 1) ? 0 : 4);
                out[i] = scale * static_cast<float>(value);
            }
        }
    }
}

// float16 d, float16 dmin, 12 bytes of scales and minima, 128 bytes of nibbles: 32 low ones, then the 32 high ones.
void q4_k(const std::byte* in, std::int64_t count, float* out) {
    for (; count > 0; --count, in += 144) {
        const float d = float16_at(in), dmin = float16_at(in + 2);
        const std::uint8_t *packed = bytes_at(in) + 4, *values = packed + 12;
        for (int sub = 0; sub < 8; ++sub, out += 32) {
            const auto [scale_code, minimum_code] = scale_and_minimum(packed, sub);
            const float scale = d * static_cast<float>(scale_code), minimum = dmin * static_cast<float>(minimum_code);
            const std::uint8_t* q = values + sub / 2 * 32;
            const int shift = sub % 2 * 4;
            for (int i = 0; i < 32; ++i)
                out[i] = scale * static_cast<float>((q[i] >> shift) & 15) - minimum;
        }
    }
}

// As Q4_K, with 32 bytes of high bits before the nibbles: bit `sub` of byte i.
void q5_k(const std::byte* in, std::int64_t count, float* out) {
    for (; count > 0; --count, in += 176) {
        const float d = float16_at(in), dmin = float16_at(in + 2);
        const std::uint8_t *packed = bytes_at(in) + 4, *high = packed + 12, *values = high + 32;
        for (int sub = 0; sub < 8; ++sub, out += 32) {
            const auto [scale_code, minimum_code] = scale_and_minimum(packed, sub);
            const float scale = d * static_cast<float>(scale_code), minimum = dmin * static_cast<float>(minimum_code);
            const std::uint8_t* q = values + sub / 2 * 32;
            const int shift = sub % 2 * 4;
            for (int i = 0; i < 32; ++i) {
                const int value = ((q[i] >> shift) & 15) | (((high[i] >> sub) & 1) << 4);
                out[i] = scale * static_cast<float>(value) - minimum;
            }
        }
    }
}

// 128 bytes of low nibbles, 64 bytes of high bit pairs, 16 signed 8-bit scales, float16 d.
void q6_k(const std::byte* in, std::int64_t count, float* out) {
    static_assert(super_block == 16 * 16);
    for (; count > 0; --count, in += 210) {
        const std::uint8_t *low = bytes_at(in), *high = low + 128;
        const auto* scales = reinterpret_cast<const std::int8_t*>(in + 192);
        const float d = float16_at(in + 208);
        for (int sub = 0; sub < 16; ++sub, out += 16) {
            // 128 values: four runs of 32; runs 0 and 1 are low nibbles, 2 and 3 the high nibbles of the same 64 bytes.
            const int half = sub / 8, run = sub % 8 / 2, within = sub % 2 * 16;
            const std::uint8_t *l = low + half * 64 + run % 2 * 32 + within, *h = high + half * 32 + within;
            const int low_shift = run / 2 * 4, high_shift = run * 2;
            const float scale = d * static_cast<float>(scales[sub]);
            for (int i = 0; i < 16; ++i) {
                const int value = ((l[i] >> low_shift) & 15) | (((h[i] >> high_shift) & 3) << 4);
                out[i] = scale * static_cast<float>(value - 32);
            }
        }
    }
}

} // namespace quantscope::decoders
