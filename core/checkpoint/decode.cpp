// decode(): plain number types here, block types by a table of functions.
#include "core/checkpoint/decode.h"

#include <array>
#include <cmath>
#include <limits>

#include "core/base/errors.h"
#include "core/checkpoint/checkpoint.h"

namespace quantscope {

namespace {

template <class Stored>
Stored stored_at(const std::byte* in, std::int64_t i) {
    Stored value;
    std::memcpy(&value, in + i * static_cast<std::int64_t>(sizeof(Stored)), sizeof value);
    return value;
}

template <class Stored>
void decode_numbers(const std::byte* in, std::int64_t count, float* out) {
    for (std::int64_t i = 0; i < count; ++i)
        out[i] = static_cast<float>(stored_at<Stored>(in, i));
}

template <float (*Widen)(std::uint16_t)>
void decode_halves(const std::byte* in, std::int64_t count, float* out) {
    for (std::int64_t i = 0; i < count; ++i)
        out[i] = Widen(stored_at<std::uint16_t>(in, i));
}

void decode_booleans(const std::byte* in, std::int64_t count, float* out) {
    for (std::int64_t i = 0; i < count; ++i)
        out[i] = in[i] != std::byte(0) ? 1.0f : 0.0f;
}

/// Types of one byte are decoded by a table of their 256 values.
using ByteTable = std::array<float, 256>;

template <class Function>
ByteTable table_of(Function function) {
    ByteTable table;
    for (int i = 0; i < 256; ++i)
        table[i] = function(static_cast<std::uint8_t>(i));
    return table;
}

/// The "finite, no negative zero" kinds: 0x80 is NaN, the bias is one more than IEEE's.
float float8_fnuz_to_float(std::uint8_t f, int mantissa_bits, int bias) {
    if (f == 0x80) return std::numeric_limits<float>::quiet_NaN();
    const int exponent = (f & 0x7f) >> mantissa_bits, one = 1 << mantissa_bits, mantissa = f & (one - 1);
    const float magnitude = exponent == 0
                                ? std::ldexp(static_cast<float>(mantissa), 1 - bias - mantissa_bits)
                                : std::ldexp(static_cast<float>(one + mantissa), exponent - bias - mantissa_bits);
    return f & 0x80 ? -magnitude : magnitude;
}

const ByteTable& byte_table(DType dtype) {
    static const ByteTable e4m3 = table_of(float8_e4m3_to_float), e5m2 = table_of(float8_e5m2_to_float);
    static const ByteTable e4m3fnuz = table_of([](std::uint8_t f) { return float8_fnuz_to_float(f, 3, 8); });
    static const ByteTable e5m2fnuz = table_of([](std::uint8_t f) { return float8_fnuz_to_float(f, 2, 16); });
    static const ByteTable e8m0 = table_of(
        [](std::uint8_t f) { return f == 255 ? std::numeric_limits<float>::quiet_NaN() : std::ldexp(1.0f, f - 127); });
    switch (dtype) {
    case DType::F8_E4M3:
        return e4m3;
    case DType::F8_E5M2:
        return e5m2;
    case DType::F8_E4M3FNUZ:
        return e4m3fnuz;
    case DType::F8_E5M2FNUZ:
        return e5m2fnuz;
    default:
        return e8m0;
    }
}

template <DType Type>
void decode_by_table(const std::byte* in, std::int64_t count, float* out) {
    const ByteTable& table = byte_table(Type);
    for (std::int64_t i = 0; i < count; ++i)
        out[i] = table[static_cast<std::uint8_t>(in[i])];
}

/// Two E2M1 values a byte, the first in the low half.
void decode_float4(const std::byte* in, std::int64_t count, float* out) {
    static constexpr float levels[16] = {0.0f,  0.5f,  1.0f,  1.5f,  2.0f,  3.0f,  4.0f,  6.0f,
                                         -0.0f, -0.5f, -1.0f, -1.5f, -2.0f, -3.0f, -4.0f, -6.0f};
    for (std::int64_t i = 0; i < count; ++i) {
        out[2 * i] = levels[static_cast<std::uint8_t>(in[i]) & 15];
        out[2 * i + 1] = levels[static_cast<std::uint8_t>(in[i]) >> 4];
    }
}

BlockDecoder decoder_of(DType dtype) {
    switch (dtype) {
    case DType::F64:
        return decode_numbers<double>;
    case DType::F32:
        return decode_numbers<float>;
    case DType::F16:
        return decode_halves<float16_to_float>;
    case DType::BF16:
        return decode_halves<bfloat16_to_float>;
    case DType::F8_E4M3:
        return decode_by_table<DType::F8_E4M3>;
    case DType::F8_E5M2:
        return decode_by_table<DType::F8_E5M2>;
    case DType::F8_E4M3FNUZ:
        return decode_by_table<DType::F8_E4M3FNUZ>;
    case DType::F8_E5M2FNUZ:
        return decode_by_table<DType::F8_E5M2FNUZ>;
    case DType::F8_E8M0:
        return decode_by_table<DType::F8_E8M0>;
    case DType::F4:
        return decode_float4;
    case DType::I64:
        return decode_numbers<std::int64_t>;
    case DType::I32:
        return decode_numbers<std::int32_t>;
    case DType::I16:
        return decode_numbers<std::int16_t>;
    case DType::I8:
        return decode_numbers<std::int8_t>;
    case DType::U64:
        return decode_numbers<std::uint64_t>;
    case DType::U32:
        return decode_numbers<std::uint32_t>;
    case DType::U16:
        return decode_numbers<std::uint16_t>;
    case DType::U8:
        return decode_numbers<std::uint8_t>;
    case DType::BOOL:
        return decode_booleans;
    case DType::Q4_0:
        return decoders::q4_0;
    case DType::Q4_1:
        return decoders::q4_1;
    case DType::Q5_0:
        return decoders::q5_0;
    case DType::Q5_1:
        return decoders::q5_1;
    case DType::Q8_0:
        return decoders::q8_0;
    case DType::Q2_K:
        return decoders::q2_k;
    case DType::Q3_K:
        return decoders::q3_k;
    case DType::Q4_K:
        return decoders::q4_k;
    case DType::Q5_K:
        return decoders::q5_k;
    case DType::Q6_K:
        return decoders::q6_k;
    case DType::IQ4_NL:
        return decoders::iq4_nl;
    case DType::MXFP4:
        return decoders::mxfp4;
    default:
        return nullptr;
    }
}

} // namespace

void decode(DType dtype, std::span<const std::byte> in, std::span<float> out) {
    const DTypeFacts& known = facts(dtype);
    const BlockDecoder decoder = decoder_of(dtype);
    if (!decoder)
        throw FormatError("", "",
                          "values of type " + std::string(known.name) +
                              " are listed but not decoded; convert the model to another type");
    const auto bytes = bytes_of(dtype, out.size());
    if (!bytes || *bytes != in.size())
        throw ShapeError("", "",
                         std::to_string(in.size()) + " bytes do not hold " + std::to_string(out.size()) +
                             " values of type " + std::string(known.name));
    if (dtype == DType::F32) {
        if (!in.empty()) std::memcpy(out.data(), in.data(), in.size());
        return;
    }
    decoder(in.data(), static_cast<std::int64_t>(out.size() / known.block_values), out.data());
}

} // namespace quantscope
