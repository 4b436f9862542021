// The simple readings of safetensors and GGUF, and the plain decoding of values.
#include "tests/fuzz/independent_reader.h"

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

namespace quantscope::testing {

namespace {

using nlohmann::json;

std::int64_t product(const std::vector<std::int64_t>& shape) {
    std::int64_t values = 1;
    for (auto dimension : shape)
        values *= dimension;
    return values;
}

double ieee(std::uint64_t bits, int exponent_bits, int mantissa_bits) {
    const std::int64_t mantissa = static_cast<std::int64_t>(bits & ((1ull << mantissa_bits) - 1));
    const int exponent = static_cast<int>(bits >> mantissa_bits & ((1ull << exponent_bits) - 1));
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const bool negative = bits >> (exponent_bits + mantissa_bits) & 1;
    double value;
    if (exponent == (1 << exponent_bits) - 1)
        value = mantissa ? NAN : INFINITY;
    else if (exponent == 0)
        value = std::ldexp(static_cast<double>(mantissa), 1 - bias - mantissa_bits);
    else
        value = std::ldexp(static_cast<double>(mantissa + (1ll << mantissa_bits)), exponent - bias - mantissa_bits);
    return negative ? -value : value;
}

std::uint64_t bits_at(const std::string& bytes, std::size_t position, std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = width; i-- > 0;)
        value = value << 8 | static_cast<unsigned char>(bytes.at(position + i));
    return value;
}

/// Blocks of 32: a float16 scale, then bytes or nibbles.
void decode_block(ReadTensor& tensor, std::size_t at, bool nibbles) {
    const float scale = static_cast<float>(ieee(bits_at(tensor.bytes, at, 2), 5, 10));
    for (std::size_t i = 0; i < 32; ++i) {
        int q;
        if (nibbles) {
            const auto byte = static_cast<unsigned char>(tensor.bytes.at(at + 2 + i % 16));
            q = (i < 16 ? byte % 16 : byte / 16) - 8;
        } else {
            q = static_cast<signed char>(tensor.bytes.at(at + 2 + i));
        }
        tensor.values.push_back(scale * static_cast<float>(q));
    }
}

struct GgufType {
    const char* name;
    std::int64_t block_values, block_bytes;
};
/// From the table in the format's description, by number.
const std::map<std::uint64_t, GgufType> gguf_types{
    {0, {"F32", 1, 4}},         {1, {"F16", 1, 2}},         {2, {"Q4_0", 32, 18}},      {3, {"Q4_1", 32, 20}},
    {6, {"Q5_0", 32, 22}},      {7, {"Q5_1", 32, 24}},      {8, {"Q8_0", 32, 34}},      {9, {"Q8_1", 32, 40}},
    {10, {"Q2_K", 256, 84}},    {11, {"Q3_K", 256, 110}},   {12, {"Q4_K", 256, 144}},   {13, {"Q5_K", 256, 176}},
    {14, {"Q6_K", 256, 210}},   {15, {"Q8_K", 256, 292}},   {16, {"IQ2_XXS", 256, 66}}, {17, {"IQ2_XS", 256, 74}},
    {18, {"IQ3_XXS", 256, 98}}, {19, {"IQ1_S", 256, 50}},   {20, {"IQ4_NL", 32, 18}},   {21, {"IQ3_S", 256, 110}},
    {22, {"IQ2_S", 256, 82}},   {23, {"IQ4_XS", 256, 136}}, {24, {"I8", 1, 1}},         {25, {"I16", 1, 2}},
    {26, {"I32", 1, 4}},        {27, {"I64", 1, 8}},        {28, {"F64", 1, 8}},        {29, {"IQ1_M", 256, 56}},
    {30, {"BF16", 1, 2}},       {34, {"TQ1_0", 256, 54}},   {35, {"TQ2_0", 256, 66}},   {39, {"MXFP4", 32, 17}},
    {40, {"NVFP4", 64, 36}},    {41, {"Q1_0", 128, 18}}};

/// Steps over a metadata value; returns it where it is a whole number (the alignment may be one).
std::uint64_t skip_value(PlainCursor& cursor, std::uint64_t type) {
    static const std::size_t widths[13] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    if (type > 12) throw std::runtime_error("value type");
    if (type == 8) {
        cursor.take(cursor.length(8));
        return 0;
    }
    if (type != 9) return cursor.number(widths[type]);
    const std::uint64_t inner = cursor.number(4), count = cursor.length(8);
    for (std::uint64_t i = 0; i < count; ++i)
        skip_value(cursor, inner);
    return 0;
}

} // namespace

void decode_plainly(ReadTensor& tensor) {
    struct Kind {
        std::size_t width;
        int exponent, mantissa; ///< 0, 0 for whole numbers
        bool is_signed;
    };
    static const std::map<std::string, Kind> kinds{
        {"F64", {8, 11, 52, true}}, {"F32", {4, 8, 23, true}}, {"F16", {2, 5, 10, true}}, {"BF16", {2, 8, 7, true}},
        {"I64", {8, 0, 0, true}},   {"I32", {4, 0, 0, true}},  {"I16", {2, 0, 0, true}},  {"I8", {1, 0, 0, true}},
        {"U64", {8, 0, 0, false}},  {"U32", {4, 0, 0, false}}, {"U16", {2, 0, 0, false}}, {"U8", {1, 0, 0, false}},
    };
    tensor.values.clear();
    tensor.decoded = true;
    if (tensor.dtype == "Q8_0" || tensor.dtype == "Q4_0") {
        const std::size_t size = tensor.dtype == "Q8_0" ? 34 : 18;
        for (std::size_t at = 0; at < tensor.bytes.size(); at += size)
            decode_block(tensor, at, size == 18);
        return;
    }
    const auto found = kinds.find(tensor.dtype);
    tensor.decoded = found != kinds.end();
    if (!tensor.decoded) return;
    const Kind& kind = found->second;
    for (std::size_t at = 0; at < tensor.bytes.size(); at += kind.width) {
        const std::uint64_t bits = bits_at(tensor.bytes, at, kind.width);
        if (kind.exponent) {
            tensor.values.push_back(static_cast<float>(ieee(bits, kind.exponent, kind.mantissa)));
        } else if (kind.is_signed) {
            const auto shift = 64 - 8 * kind.width;
            tensor.values.push_back(static_cast<float>(static_cast<std::int64_t>(bits << shift) >> shift));
        } else {
            tensor.values.push_back(static_cast<float>(bits));
        }
    }
}

Reading independent_safetensors(const std::string& bytes) {
    Reading reading;
    PlainCursor cursor(bytes, 0, reading);
    const std::string header = cursor.take(cursor.length(8));
    const json entries = json::parse(header);
    for (const auto& [name, entry] : entries.items()) {
        if (name == "__metadata__") continue;
        ReadTensor tensor;
        tensor.dtype = entry.at("dtype");
        tensor.shape = entry.at("shape").get<std::vector<std::int64_t>>();
        const auto begin = entry.at("data_offsets").at(0).get<std::size_t>();
        tensor.bytes =
            bytes.substr(8 + header.size() + begin, entry.at("data_offsets").at(1).get<std::size_t>() - begin);
        decode_plainly(tensor);
        reading.tensors[name] = std::move(tensor);
    }
    return reading;
}

Reading independent_gguf(const std::string& bytes) {
    Reading reading;
    PlainCursor cursor(bytes, 8, reading);
    const std::uint64_t tensor_count = cursor.length(8), entry_count = cursor.length(8);
    std::uint64_t alignment = 32;
    for (std::uint64_t i = 0; i < entry_count; ++i) {
        const std::string key = cursor.take(cursor.length(8));
        const std::uint64_t value = skip_value(cursor, cursor.number(4));
        if (key == "general.alignment") alignment = value;
    }
    std::map<std::string, std::uint64_t> offsets;
    for (std::uint64_t i = 0; i < tensor_count; ++i) {
        const std::string name = cursor.take(cursor.length(8));
        ReadTensor tensor;
        const std::uint64_t dimensions = cursor.length(4);
        for (std::uint64_t d = 0; d < dimensions; ++d)
            tensor.shape.insert(tensor.shape.begin(), static_cast<std::int64_t>(cursor.length(8)));
        const GgufType& type = gguf_types.at(cursor.number(4));
        tensor.dtype = type.name;
        tensor.bytes.resize(static_cast<std::size_t>(product(tensor.shape) / type.block_values * type.block_bytes));
        offsets[name] = cursor.length(8);
        reading.tensors[name] = std::move(tensor);
    }
    const std::uint64_t data = (cursor.position() + alignment - 1) / alignment * alignment;
    for (auto& [name, tensor] : reading.tensors) {
        if (!tensor.bytes.empty()) tensor.bytes = bytes.substr(data + offsets[name], tensor.bytes.size());
        decode_plainly(tensor);
    }
    return reading;
}

} // namespace quantscope::testing
