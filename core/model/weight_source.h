// Where a forward pass takes its weights from: the checkpoint itself, or a fitted model that decodes its codes.
#pragma once

#include <span>

#include "core/model/model.h"

namespace quantscope {

class WeightSource {
public:
    virtual ~WeightSource() = default;
    virtual const Model& model() const = 0;
    /// Rows [first, first + count) of a site as float32, in Hugging Face orientation. \param out count · site.in values
    virtual void read_rows(const Site& site, std::int64_t first, std::int64_t count, std::span<float> out) const = 0;
};

/// The original's weights, decoded from the mapped file.
class OriginalWeights : public WeightSource {
public:
    explicit OriginalWeights(std::shared_ptr<const Model> model)
        : model_(std::move(model)) {}
    const Model& model() const override { return *model_; }
    void read_rows(const Site& site, std::int64_t first, std::int64_t count, std::span<float> out) const override {
        read_site_rows(model_->checkpoint(), site, first, count, out);
    }

private:
    std::shared_ptr<const Model> model_;
};

} // namespace quantscope
