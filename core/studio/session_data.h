// What a Session holds: the model and its caches. Private to this folder.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/calibration/fitted_model.h"
#include "core/model/model.h"
#include "core/recipe/recipe.h"
#include "core/schemes/estimate.h"
#include "core/schemes/fit_site.h"
#include "core/statistics/weight_statistics.h"
#include "core/studio/evaluator.h"
#include "core/studio/image_evaluator.h"
#include "core/studio/session.h"

namespace quantscope::studio {

struct Session::Data {
    std::shared_ptr<const Model> model;
    ModelCard card;
    std::vector<LayerRow> layers;
    std::unordered_map<std::string, const Site*> sites;
    std::unordered_map<std::string, std::size_t> layer_index;

    /// Guards the caches below. Look-ups, the quantize job and the compare job run on different threads and all of
    /// them read or fill a cache; the lock is held for the look-up or the insertion only, never while computing.
    mutable std::mutex caches;
    std::map<std::string, std::shared_ptr<const WeightView>> views;
    std::map<std::string, LayerMeasures> measures;
    /// What the views were made from, for the report; of the first layers only, when a model has more than fit.
    std::map<std::string, std::shared_ptr<const WeightStatistics>> statistics;
    std::size_t statistics_bytes = 0;
    /// By layer and unit_key(grid): what the live estimate reads.
    mutable std::map<std::pair<std::string, std::string>, std::shared_ptr<const ErrorHistogram>> error_histograms;
    /// Estimated errors by layer and scheme text, so that the tree can show them without computing.
    mutable std::map<std::pair<std::string, std::string>, Estimate> estimates;
    struct Fitted {
        std::string recipe;
        std::shared_ptr<const FittedModel> model; ///< null: not fitted yet
        std::uint64_t bytes = 0;                  ///< of its packed file
    };
    /// Latest first; only a few, as each holds a whole model's codes.
    std::deque<Fitted> fitted;
    /// What a packed file holds beside its tensors: names, the source's metadata with its vocabulary. The schemes'
    /// parameters add a little that is known after the job.
    std::uint64_t beside_tensors = 0;
    /// Exact results of layers fitted alone, by layer and scheme text.
    std::map<std::pair<std::string, std::string>, std::shared_ptr<const FitView>> fit_views;

    /// One evaluation at a time: the language model's key–value cache and scratch tensors are its own.
    std::mutex evaluating;
    std::unique_ptr<Evaluator> evaluator;
    std::unique_ptr<ImageEvaluator> image_evaluator; ///< made on first need; null for what is no DiT
    /// [column][position] of the last compared text; guarded by `caches`.
    std::vector<std::vector<std::vector<TokenCandidate>>> candidates;

    ImageEvaluator& need_image_evaluator();           ///< call it under `evaluating`
    const Site& site(const std::string& layer) const; ///< \throws DataError when there is none
    const LayerRow& row(const std::string& layer) const;
    MatrixSource source(const std::string& layer) const;
    /// Gives back the memory that the layer's mapped weights fill; they are read again on the next need.
    void release(const std::string& layer) const;
    double float_size(const std::string& layer) const; ///< bytes in a packed file when it is not quantized
    WeightRows weight_rows(const std::string& layer) const;
    Fitted find_fitted(const nlohmann::json& recipe) const;
    /// The fitted model under a recipe, fitted now when it is not yet.
    std::shared_ptr<const FittedModel>
    need_fitted(const nlohmann::json& recipe, const std::function<void(const std::string&, const LayerMeasures&)>& told,
                Progress& progress);
    LayerMeasures planned(const std::string& layer, const nlohmann::json& scheme, const FittedModel* fitted) const;
    /// A recipe's name in tables: "original", its "name", or the short form of its schemes.
    std::string display_name(const nlohmann::json& recipe) const;
};

} // namespace quantscope::studio
