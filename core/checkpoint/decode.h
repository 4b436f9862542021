// What the decoders of the block types offer to decode(): functions over whole blocks.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/base/half.h"

namespace quantscope {

/// Decodes `count` blocks; \param in their bytes, \param out count · block_values values.
using BlockDecoder = void (*)(const std::byte* in, std::int64_t count, float* out);

namespace decoders {

void q4_0(const std::byte* in, std::int64_t count, float* out);
void q4_1(const std::byte* in, std::int64_t count, float* out);
void q5_0(const std::byte* in, std::int64_t count, float* out);
void q5_1(const std::byte* in, std::int64_t count, float* out);
void q8_0(const std::byte* in, std::int64_t count, float* out);
void iq4_nl(const std::byte* in, std::int64_t count, float* out);
void mxfp4(const std::byte* in, std::int64_t count, float* out);
void q2_k(const std::byte* in, std::int64_t count, float* out);
void q3_k(const std::byte* in, std::int64_t count, float* out);
void q4_k(const std::byte* in, std::int64_t count, float* out);
void q5_k(const std::byte* in, std::int64_t count, float* out);
void q6_k(const std::byte* in, std::int64_t count, float* out);

} // namespace decoders

/// A float16 at an address that need not be aligned.
inline float float16_at(const void* address) {
    std::uint16_t half;
    std::memcpy(&half, address, sizeof half);
    return float16_to_float(half);
}

} // namespace quantscope
