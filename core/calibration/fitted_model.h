// A model after quantization: per site the codes and parameters, everything else as in the original. Evaluated by
// decoding; knows its exact size.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/model/weight_source.h"
#include "core/schemes/fitted_site.h"

namespace quantscope {

class FittedModel : public WeightSource {
public:
    FittedModel(std::shared_ptr<const Model> model, nlohmann::json recipe, std::map<std::string, FittedSite> sites);

    const Model& model() const override { return *model_; }
    const nlohmann::json& recipe() const { return recipe_; }
    const std::map<std::string, FittedSite>& sites() const { return sites_; } ///< by site name
    const FittedSite* find(const std::string& site) const;

    /// Decoded weights of a fitted site, the original's of any other; those of a block-quantized source rounded to
    /// float16, as a packed file keeps them.
    void read_rows(const Site& site, std::int64_t first, std::int64_t count, std::span<float> out) const override;

    /// Everything the packed file stores: fitted sites' arrays, other tensors in their dtype there (16 bits where the
    /// source was block-quantized).
    std::uint64_t bytes() const;
    double bits_per_weight() const;       ///< over the fitted sites
    double bits_per_weight_total() const; ///< over all parameters

private:
    std::shared_ptr<const Model> model_;
    nlohmann::json recipe_;
    std::map<std::string, FittedSite> sites_;
};

/// What an unquantized tensor takes in a packed file: its own bytes, or 16 bits a value where it was block-quantized.
std::uint64_t float_bytes(const TensorInfo& tensor);

/// Fits every site that the recipe covers, site by site from the mapped file, so that memory holds one site and the
/// packed results. \param fitted  told of each site as it is done, from the calling thread; may be empty
/// \throws RecipeError, DataError naming file and tensor (non-finite weights), Cancelled
class Recipe;
std::shared_ptr<const FittedModel> quantize(std::shared_ptr<const Model> model, const Recipe& recipe,
                                            const std::function<void(const FittedSite&)>& fitted, Progress& progress);

} // namespace quantscope
