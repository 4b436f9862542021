// What scaled grids share: which weights share a scale, and how scales are rounded and stored.
#pragma once

#include <cmath>

#include "core/schemes/describe.h"
#include "core/schemes/grid/grid.h"
#include "core/schemes/stored_numbers.h"

namespace quantscope {

/// Adds granularity, group and scale_dtype to a grid's parameters.
inline void append_granularity(std::vector<Parameter>& parameters) {
    using namespace describe;
    parameters.push_back(option({"granularity", "Granularity", "",
                                 "What shares one scale: the tensor, an output channel, or a group of its weights."},
                                "group", {"tensor", "channel", "group"}));
    parameters.push_back(only_with("granularity", {"group"},
                                   integer({"group", "Group", "weights",
                                            "Consecutive weights of a row that share a scale; the last may be shorter."},
                                           64, 8, 65536)));
    parameters.push_back(option({"scale_dtype", "Scale type", "",
                                 "How scales are stored. fp16 becomes fp32 where a scale would leave fp16's normal range."},
                                "fp16", {"fp16", "bf16", "fp32"}));
}

/// Those parameters, parsed.
class Granularity {
public:
    explicit Granularity(const nlohmann::json& values)
        : name_(values.at("granularity").get<std::string>()), group_(values.at("group").get<std::int64_t>()) {
        const auto dtype = values.at("scale_dtype").get<std::string>();
        scale_dtype_ = dtype == "fp16" ? DType::F16 : dtype == "bf16" ? DType::BF16 : DType::F32;
    }
    Units units(std::int64_t rows, std::int64_t columns) const { return Units::of(rows, columns, name_, group_); }
    DType scale_dtype() const { return scale_dtype_; }

private:
    std::string name_;
    std::int64_t group_;
    DType scale_dtype_;
};

/// Shape of an array with one number per unit.
inline std::vector<std::int64_t> parameter_shape(const Units& units) {
    if (units.whole()) return {1};
    return {units.rows, units.per_row};
}

/// A positive scale as it will be stored: never 0, never infinite.
inline float stored_scale(double scale, DType dtype) {
    const float rounded = rounded_to(dtype, static_cast<float>(scale));
    if (rounded == 0) return dtype == DType::F16 ? 0x1p-24f : dtype == DType::BF16 ? 0x1p-133f : 0x1p-149f;
    if (std::isinf(rounded)) return dtype == DType::F16 ? 65504.0f : 0x1.fep127f;
    return rounded;
}

/// Whether a nonzero scale is subnormal in fp16 or at its end.
inline bool outside_float16(float scale) {
    const float size = std::abs(scale);
    return size != 0 && (size < 0x1p-14f || size >= 65504);
}

/// Where a unit's packed number starts: rows start at whole bytes.
inline std::span<const std::byte> packed_row(const StoredArray& array, std::int64_t unit, const Units& units, int bits) {
    if (units.whole()) return {array.data.data(), 1};
    const auto bytes = packed_bytes(units.per_row, bits);
    return {array.data.data() + unit / units.per_row * bytes, static_cast<std::size_t>(bytes)};
}

inline unsigned load_packed(const StoredArray& array, std::int64_t unit, const Units& units, int bits) {
    std::uint16_t value = 0;
    unpack_codes(packed_row(array, unit, units, bits), bits, units.whole() ? 0 : unit % units.per_row, {&value, 1});
    return value;
}

/// Writes one packed number; the bits must still be 0. Rows may be filled from several threads, one thread a row.
inline void store_packed(StoredArray& array, std::int64_t unit, const Units& units, int bits, unsigned value) {
    const auto row = packed_row(array, unit, units, bits);
    auto* const bytes = const_cast<std::byte*>(row.data());
    const std::int64_t start = (units.whole() ? 0 : unit % units.per_row) * bits;
    for (int bit = 0; bit < bits; ++bit)
        if (value >> bit & 1) bytes[(start + bit) / 8] |= std::byte(1) << ((start + bit) % 8);
}

} // namespace quantscope
