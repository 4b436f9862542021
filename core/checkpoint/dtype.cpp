// The table of element types: one row each, in the order of the enumeration, which a static check holds to.
#include "core/checkpoint/dtype.h"

#include <array>

#include "core/base/checked.h"

namespace quantscope {

namespace {

constexpr std::uint32_t no_gguf_number = ~0u;

struct Row {
    DType dtype;
    std::uint32_t gguf; ///< the number that GGUF files use
    DTypeFacts facts;
};

constexpr auto rows = std::to_array<Row>({
    {DType::F64, 28, {"F64", 1, 8, true, true}},
    {DType::F32, 0, {"F32", 1, 4, true, true}},
    {DType::F16, 1, {"F16", 1, 2, true, true}},
    {DType::BF16, 30, {"BF16", 1, 2, true, true}},
    {DType::F8_E4M3, no_gguf_number, {"F8_E4M3", 1, 1, true, true}},
    {DType::F8_E5M2, no_gguf_number, {"F8_E5M2", 1, 1, true, true}},
    {DType::I64, 27, {"I64", 1, 8, true, false}},
    {DType::I32, 26, {"I32", 1, 4, true, false}},
    {DType::I16, 25, {"I16", 1, 2, true, false}},
    {DType::I8, 24, {"I8", 1, 1, true, false}},
    {DType::U64, no_gguf_number, {"U64", 1, 8, true, false}},
    {DType::U32, no_gguf_number, {"U32", 1, 4, true, false}},
    {DType::U16, no_gguf_number, {"U16", 1, 2, true, false}},
    {DType::U8, no_gguf_number, {"U8", 1, 1, true, false}},
    {DType::BOOL, no_gguf_number, {"BOOL", 1, 1, true, false}},
    {DType::F8_E8M0, no_gguf_number, {"F8_E8M0", 1, 1, true, true}},
    {DType::F8_E4M3FNUZ, no_gguf_number, {"F8_E4M3FNUZ", 1, 1, true, true}},
    {DType::F8_E5M2FNUZ, no_gguf_number, {"F8_E5M2FNUZ", 1, 1, true, true}},
    {DType::F4, no_gguf_number, {"F4", 2, 1, true, true}},
    {DType::C32, no_gguf_number, {"C32", 1, 4, false, true}},
    {DType::C64, no_gguf_number, {"C64", 1, 8, false, true}},
    {DType::C128, no_gguf_number, {"C128", 1, 16, false, true}},
    {DType::F6_E2M3, no_gguf_number, {"F6_E2M3", 4, 3, false, true}},
    {DType::F6_E3M2, no_gguf_number, {"F6_E3M2", 4, 3, false, true}},
    {DType::Q4_0, 2, {"Q4_0", 32, 18, true, true}},
    {DType::Q4_1, 3, {"Q4_1", 32, 20, true, true}},
    {DType::Q5_0, 6, {"Q5_0", 32, 22, true, true}},
    {DType::Q5_1, 7, {"Q5_1", 32, 24, true, true}},
    {DType::Q8_0, 8, {"Q8_0", 32, 34, true, true}},
    {DType::Q2_K, 10, {"Q2_K", 256, 84, true, true}},
    {DType::Q3_K, 11, {"Q3_K", 256, 110, true, true}},
    {DType::Q4_K, 12, {"Q4_K", 256, 144, true, true}},
    {DType::Q5_K, 13, {"Q5_K", 256, 176, true, true}},
    {DType::Q6_K, 14, {"Q6_K", 256, 210, true, true}},
    {DType::IQ4_NL, 20, {"IQ4_NL", 32, 18, true, true}},
    {DType::MXFP4, 39, {"MXFP4", 32, 17, true, true}},
    {DType::Q8_1, 9, {"Q8_1", 32, 40, false, true}},
    {DType::Q8_K, 15, {"Q8_K", 256, 292, false, true}},
    {DType::IQ1_S, 19, {"IQ1_S", 256, 50, false, true}},
    {DType::IQ1_M, 29, {"IQ1_M", 256, 56, false, true}},
    {DType::IQ2_XXS, 16, {"IQ2_XXS", 256, 66, false, true}},
    {DType::IQ2_XS, 17, {"IQ2_XS", 256, 74, false, true}},
    {DType::IQ2_S, 22, {"IQ2_S", 256, 82, false, true}},
    {DType::IQ3_XXS, 18, {"IQ3_XXS", 256, 98, false, true}},
    {DType::IQ3_S, 21, {"IQ3_S", 256, 110, false, true}},
    {DType::IQ4_XS, 23, {"IQ4_XS", 256, 136, false, true}},
    {DType::TQ1_0, 34, {"TQ1_0", 256, 54, false, true}},
    {DType::TQ2_0, 35, {"TQ2_0", 256, 66, false, true}},
    {DType::NVFP4, 40, {"NVFP4", 64, 36, false, true}},
    {DType::Q1_0, 41, {"Q1_0", 128, 18, false, true}},
    {DType::PACKED, no_gguf_number, {"packed", 1, 0, true, true}},
});

constexpr bool in_order() {
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (rows[i].dtype != static_cast<DType>(i)) return false;
    return rows.size() == static_cast<std::size_t>(DType::PACKED) + 1;
}
static_assert(in_order(), "each element type has one row, at its own place");

} // namespace

const DTypeFacts& facts(DType dtype) { return rows.at(static_cast<std::size_t>(dtype)).facts; }

std::optional<DType> dtype_named(std::string_view name) {
    for (const Row& row : rows)
        if (row.facts.name == name && row.dtype != DType::PACKED) return row.dtype;
    return std::nullopt;
}

std::optional<DType> dtype_of_gguf(std::uint32_t type) {
    for (const Row& row : rows)
        if (row.gguf == type && type != no_gguf_number) return row.dtype;
    return std::nullopt;
}

std::optional<std::uint64_t> bytes_of(DType dtype, std::uint64_t values) {
    const DTypeFacts& known = facts(dtype);
    if (values % known.block_values) return std::nullopt;
    return checked_multiply(values / known.block_values, known.block_bytes);
}

} // namespace quantscope
