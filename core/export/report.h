// The HDF5 report: what the weights look like before and after, what was fitted, and how the models compare. Its layout
// is that of FORMATS: self-describing, so that h5py, h5dump or any other reader needs nothing from here.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/calibration/fitted_model.h"
#include "core/export/provenance.h"
#include "core/statistics/weight_statistics.h"

namespace quantscope {

/// One site as the report describes it.
struct ReportSite {
    std::string name, role, dtype;
    int block = -1;
    std::int64_t out = 0, in = 0;
    std::uint64_t source_bytes = 0;
    std::optional<WeightStatistics> original, quantized; ///< left out of the report when absent
    const FittedSite* fitted = nullptr;                  ///< null when the site stays as it is
};

/// One row of the comparison; NaN where nothing was measured.
struct ReportComparison {
    std::string name;
    std::uint64_t bytes = 0, tokens = 0;
    double bits_per_weight = NAN, perplexity = NAN, nll = NAN, nll_standard_error = NAN;
    double kl_mean = NAN, kl_p99 = NAN, top1_agreement = NAN, seconds = NAN;
    std::string text, text_sha256, convention;
    bool bos = false;
    nlohmann::json recipe;
    std::vector<float> kl_per_token; ///< nats; may be empty
};

struct ReportContent {
    Provenance provenance;
    nlohmann::json recipe; ///< null when nothing was quantized
    std::size_t sites = 0;
    /// Makes one site's part when its turn comes, so that memory holds one.
    std::function<ReportSite(std::size_t index, Progress& progress)> site;
    std::vector<ReportComparison> comparison;
};

/// \throws IoError naming the target, Cancelled; the target is then as it was
void write_report(const std::filesystem::path& target, const ReportContent& content, Progress& progress);

/// The whole report of a model: statistics of every site that can be decoded, and of what was fitted.
/// \param fitted  null: of the original alone
/// \param known   statistics of a site's original weights that need not be computed again, or null; may be empty
void write_report(const Model& model, const FittedModel* fitted, std::vector<ReportComparison> comparison,
                  const std::filesystem::path& target, Progress& progress,
                  const std::function<std::shared_ptr<const WeightStatistics>(const std::string& site)>& known = {});

} // namespace quantscope
