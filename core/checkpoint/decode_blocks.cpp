// Decoders of the block types with 32 values a block: llama.cpp's first generation (Q4_0 … Q8_0), IQ4_NL and MXFP4.
// Value i of a block is in the low half of byte i, value i + 16 in the high half. Source: ggml's description of the
// types (FORMATS.md, GGUF); the order of operations follows it, so that the values agree to the last bit.
#include "core/checkpoint/decode.h"

namespace quantscope::decoders {

namespace {

constexpr int block = 32;

const std::uint8_t* bytes_at(const std::byte* address) { return reinterpret_cast<const std::uint8_t*>(address); }

/// Spreads 16 bytes of nibbles into 32 numbers in the order of the values.
inline void spread_nibbles(const std::uint8_t* nibbles, std::int32_t* values) {
    for (int i = 0; i < 16; ++i)
        values[i] = nibbles[i] & 15;
    for (int i = 0; i < 16; ++i)
        values[i + 16] = nibbles[i] >> 4;
}

inline void add_high_bits(const std::uint8_t* bits, std::int32_t* values) {
    std::uint32_t high;
    std::memcpy(&high, bits, sizeof high);
    for (int i = 0; i < block; ++i)
        values[i] |= static_cast<std::int32_t>(((high >> i) & 1) << 4);
}

/// Nibbles that index a table of 16 signed numbers.
inline void decode_table(const std::uint8_t* nibbles, const std::int8_t* table, float scale, float* out) {
    for (int i = 0; i < 16; ++i) {
        out[i] = scale * static_cast<float>(table[nibbles[i] & 15]);
        out[i + 16] = scale * static_cast<float>(table[nibbles[i] >> 4]);
    }
}

} // namespace

void q4_0(const std::byte* in, std::int64_t count, float* out) {
    for (; count > 0; --count, in += 18, out += block) {
        const float scale = float16_at(in);
        std::int32_t q[block];
        spread_nibbles(bytes_at(in) + 2, q);
        for (int i = 0; i < block; ++i)
            out[i] = scale * static_cast<float>(q[i] - 8);
    }
}

void q4_1(const std::byte* in, std::int64_t count, float* out) {
    for (; count > 0; --count, in += 20, out += block) {
        const float scale = float16_at(in), minimum = float16_at(in + 2);
        std::int32_t q[block];
        spread_nibbles(bytes_at(in) + 4, q);
        for (int i = 0; i < block; ++i)
            out[i] = scale * static_cast<float>(q[i]) + minimum;
    }
}

void q5_0(const std::byte* in, std::int64_t count, float* out) {
    for (; count > 0; --count, in += 22, out += block) {
        const float scale = float16_at(in);
        std::int32_t q[block];
        spread_nibbles(bytes_at(in) + 6, q);
        add_high_bits(bytes_at(in) + 2, q);
        for (int i = 0; i < block; ++i)
            out[i] = scale * static_cast<float>(q[i] - 16);
    }
}

void q5_1(const std::byte* in, std::int64_t count, float* out) {
    for (; count > 0; --count, in += 24, out += block) {
        const float scale = float16_at(in), minimum = float16_at(in + 2);
        std::int32_t q[block];
        spread_nibbles(bytes_at(in) + 8, q);
        add_high_bits(bytes_at(in) + 4, q);
        for (int i = 0; i < block; ++i)
            out[i] = scale * static_cast<float>(q[i]) + minimum;
    }
}

void q8_0(const std::byte* in, std::int64_t count, float* out) {
    for (; count > 0; --count, in += 34, out += block) {
        const float scale = float16_at(in);
        const auto* q = reinterpret_cast<const std::int8_t*>(in + 2);
        for (int i = 0; i < block; ++i)
            out[i] = static_cast<float>(q[i]) * scale;
    }
}

void iq4_nl(const std::byte* in, std::int64_t count, float* out) {
    static constexpr std::int8_t levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                               1,    13,   25,  38,  53,  69,  89,  113};
    for (; count > 0; --count, in += 18, out += block)
        decode_table(bytes_at(in) + 2, levels, float16_at(in), out);
}

void mxfp4(const std::byte* in, std::int64_t count, float* out) {
    static constexpr std::int8_t doubled_levels[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
    for (; count > 0; --count, in += 17, out += block) {
        // 2^(e − 128), half of the E8M0 scale because the table is doubled; the two smallest are subnormal.
        const std::uint32_t e = *bytes_at(in);
        const float scale = std::bit_cast<float>(e < 2 ? 0x00200000u << e : (e - 1) << 23);
        decode_table(bytes_at(in) + 1, doubled_levels, scale, out);
    }
}

} // namespace quantscope::decoders
