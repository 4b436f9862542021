// Named parameters with all that their training needs to go on where it was: the AdamW state, the running average, the
// number of steps. Saved as one safetensors file, whole or not at all.
#pragma once

#include <ATen/ATen.h>
#include <filesystem>
#include <map>
#include <string>

#include "core/checkpoint/dtype.h"

namespace quantscope::training {

struct AdamOptions {
    double rate = 1e-3, weight_decay = 0, clip = 1;
    double average = 0; ///< decay of the running average of the weights; 0: none is kept
};

class Parameters {
public:
    void add(const std::string& name, at::Tensor initial);
    at::Tensor operator[](const std::string& name) const; ///< to be trained; its gradient is collected
    at::Tensor average(const std::string& name) const;    ///< its running average
    std::int64_t count() const;                           ///< of numbers
    std::int64_t steps() const { return steps_; }

    /// One step of AdamW (Loshchilov and Hutter 2019) from the gradients that backward() left, which are then cleared.
    /// Gradients longer than `clip` together are scaled to it. The average's decay rises from 0.1 as steps are made.
    void step(const AdamOptions& options);

    void save(const std::filesystem::path& file) const;
    /// \throws FormatError when the file's parameters are others
    void load(const std::filesystem::path& file);
    /// The averages (or, without, the weights) as a model file. \param fixed  tensors that are not trained
    void write_model(const std::filesystem::path& file, DType dtype, const std::map<std::string, at::Tensor>& fixed,
                     const std::map<std::string, std::string>& metadata) const;

private:
    struct Parameter {
        at::Tensor value, average, first, second, step;
    };
    std::map<std::string, Parameter> parameters_;
    std::int64_t steps_ = 0;
};

} // namespace quantscope::training
