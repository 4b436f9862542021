// A Session's way out: models in the registered formats, and the HDF5 report.
#include "core/export/registry.h"
#include "core/export/report.h"
#include "core/studio/compare_row.h"
#include "core/studio/session_data.h"

namespace quantscope::studio {

std::vector<Session::ExportFormat> Session::export_formats() const {
    std::vector<ExportFormat> out;
    for (const auto& format : quantscope::export_formats()) {
        const std::string why_not = format.why_not ? format.why_not(*data_->model) : std::string();
        out.push_back(
            {format.name, format.label, format.help, format.is_folder, why_not.empty(), why_not, format.extension});
    }
    return out;
}

std::vector<std::string> Session::export_model(const nlohmann::json& recipe, const std::string& format,
                                               const std::filesystem::path& target, Progress& progress) {
    const bool fitted = is_quantized(recipe);
    Progress fitting(progress, 0, fitted ? 0 : 0.5), writing(progress, fitted ? 0 : 0.5, 1);
    const auto model = data_->need_fitted(recipe, {}, fitting);
    return export_format(format).write(*model, target, {}, writing).remarks;
}

void Session::export_report(const nlohmann::json& recipe, const std::vector<CompareRow>& comparison,
                            const std::filesystem::path& target, Progress& progress) {
    const bool fitted = recipe.is_null() || is_quantized(recipe);
    Progress fitting(progress, 0, fitted ? 0 : 0.4), writing(progress, fitted ? 0 : 0.4, 1);
    const auto model = recipe.is_null() ? nullptr : data_->need_fitted(recipe, {}, fitting);
    std::vector<ReportComparison> rows;
    for (const CompareRow& row : comparison)
        rows.push_back(as_report(row));
    write_report(*data_->model, model.get(), std::move(rows), target, writing,
                 [this](const std::string& site) -> std::shared_ptr<const WeightStatistics> {
                     std::lock_guard lock(data_->caches);
                     const auto found = data_->statistics.find(site);
                     return found == data_->statistics.end() ? nullptr : found->second;
                 });
}

} // namespace quantscope::studio
