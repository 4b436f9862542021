// The element types that checkpoints store, block types included, and what is known of each.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace quantscope {

enum class DType : std::uint8_t {
    F64,
    F32,
    F16,
    BF16,
    F8_E4M3,
    F8_E5M2,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    BOOL,
    F8_E8M0,
    F8_E4M3FNUZ,
    F8_E5M2FNUZ,
    F4,
    C32,
    C64,
    C128,
    F6_E2M3,
    F6_E3M2, // known size, not decoded
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    IQ4_NL,
    MXFP4,
    // GGUF types whose size is known but that are not decoded
    Q8_1,
    Q8_K,
    IQ1_S,
    IQ1_M,
    IQ2_XXS,
    IQ2_XS,
    IQ2_S,
    IQ3_XXS,
    IQ3_S,
    IQ4_XS,
    TQ1_0,
    TQ2_0,
    NVFP4,
    Q1_0,
    PACKED, // a fitted site of a Quantscope file, decoded by its grid; no dtype that a file can name
};

/// What is known of an element type: values come in blocks of `block_values`, each `block_bytes` long.
struct DTypeFacts {
    std::string_view name; ///< as in safetensors or llama.cpp
    std::uint32_t block_values;
    std::uint32_t block_bytes;
    bool decoded;  ///< Checkpoint::read can turn it into float32
    bool is_float; ///< floating or block-quantized: weights rather than indices
};

const DTypeFacts& facts(DType dtype);
/// By the name that facts() gives, as safetensors spells it; nothing for an unknown one.
std::optional<DType> dtype_named(std::string_view name);
/// By GGUF's number of the type; nothing for a number whose size is not known.
std::optional<DType> dtype_of_gguf(std::uint32_t type);
/// Bytes of `values` values, or nothing when they do not fill whole blocks or the count does not fit 63 bits.
std::optional<std::uint64_t> bytes_of(DType dtype, std::uint64_t values);
inline std::string_view name(DType dtype) { return facts(dtype).name; }

} // namespace quantscope
