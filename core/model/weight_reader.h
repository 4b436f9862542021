// A model's weights as tensors: decoded from the WeightSource, converted to the compute type, moved to the device.
#pragma once

#include <ATen/ATen.h>
#include <cstdint>
#include <memory>
#include <string>

#include "core/base/progress.h"
#include "core/model/weight_source.h"

namespace quantscope {

struct Linear {
    at::Tensor weight;          ///< [out, in]
    at::Tensor bias;            ///< [out], or undefined
    const Site* site = nullptr; ///< whose input an observer is told of

    at::Tensor operator()(const at::Tensor& x) const; ///< [..., in] → [..., out]
};

class WeightReader {
public:
    /// float32 on its way to a device or another type; at most this much exists twice
    static constexpr std::int64_t staging_bytes = std::int64_t(32) << 20;

    WeightReader(std::shared_ptr<const WeightSource> source, at::Device device, at::ScalarType type);

    at::Tensor matrix(const Site& site, const Progress& progress) const; ///< [out, in]
    /// A norm's or bias's values by its name in the family's rules; undefined when the file has none.
    at::Tensor vector(const std::string& name) const;
    /// A weight and the bias beside it, by name without ".weight". \throws FormatError when the weight is missing
    Linear linear(const std::string& name, const Progress& progress) const;
    const Site& site(const std::string& name) const; ///< \throws FormatError when it is missing

    const WeightSource& source() const { return *source_; }
    at::Device device() const { return device_; }
    at::ScalarType type() const { return type_; }

private:
    std::shared_ptr<const WeightSource> source_;
    at::Device device_;
    at::ScalarType type_;
};

} // namespace quantscope
