// A Session's images: sampled from the original and from what recipes make of it.
#include "core/export/packed.h"
#include "core/studio/session_data.h"

namespace quantscope::studio {

bool Session::samples_images() const { return data_->model->diffusion() != nullptr; }

std::vector<std::string> Session::classes() const {
    if (!samples_images()) return {};
    auto names = class_names(*data_->model);
    names.resize(static_cast<std::size_t>(data_->model->diffusion()->classes));
    return names;
}

ImageEvaluator& Session::Data::need_image_evaluator() {
    if (!image_evaluator) image_evaluator = std::make_unique<ImageEvaluator>(std::make_shared<OriginalWeights>(model));
    return *image_evaluator;
}

ImageComparison Session::requested_images(const ImageRequest& request) {
    std::lock_guard one(data_->evaluating);
    return data_->need_image_evaluator().empty(request);
}

ImageColumn Session::sample_images(const nlohmann::json& recipe, const ImageRequest& request, Progress& progress) {
    if (recipe.is_null()) {
        std::lock_guard one(data_->evaluating);
        return data_->need_image_evaluator().original_column(request, progress);
    }
    const bool fitted = is_quantized(recipe);
    Progress fitting(progress, 0, fitted ? 0 : 0.3), sampling(progress, fitted ? 0 : 0.3, 1);
    const auto model = data_->need_fitted(recipe, {}, fitting);
    std::lock_guard one(data_->evaluating);
    auto column = data_->need_image_evaluator().candidate_column(model, request, sampling);
    column.name = data_->display_name(recipe);
    column.recipe = recipe;
    column.bytes = static_cast<double>(packed_file_bytes(*model));
    column.bits_per_weight = model->bits_per_weight();
    return column;
}

} // namespace quantscope::studio
