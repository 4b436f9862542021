// Perplexity rows for the original and its quantized versions.
#include "core/studio/evaluator.h"

#include <fstream>

#include "core/base/resources.h"
#include "core/base/sha256.h"
#include "core/calibration/fitted_model.h"
#include "core/export/packed.h"

namespace quantscope::studio {

namespace {

CompareRow row_of(const PerplexityResult& result, const EvaluationText& text, const PerplexityOptions& options) {
    CompareRow row;
    row.perplexity = result.perplexity;
    row.nll = result.nll;
    row.tokens = result.tokens();
    row.seconds = result.seconds;
    row.context = static_cast<int>(options.context);
    row.convention = result.convention;
    row.bos = result.bos;
    row.text = text.name;
    row.text_sha256 = text.sha256;
    return row;
}

/// What distinguishes one measurement of the same model from another.
std::string key(const EvaluationText& text, const PerplexityOptions& options) {
    return text.sha256 + '/' + std::to_string(options.context) + '/' + std::to_string(options.max_tokens) + '/' +
           std::string(name(options.convention));
}

/// Bits per weight over the quantized sites of a packed file; of any other model over the sites that a recipe's default
/// covers, so that both tell of the same layers; without such sites over all parameters.
double bits_per_weight(const Model& model) {
    double packed_bytes = 0, packed = 0, bytes = 0, weights = 0;
    for (const Site& site : model.sites()) {
        const TensorInfo& tensor = model.checkpoint().at(site.tensor);
        if (tensor.dtype == DType::PACKED) {
            packed_bytes += static_cast<double>(tensor.bytes);
            packed += static_cast<double>(tensor.values());
        } else if (site.in_default) {
            bytes += static_cast<double>(tensor.bytes);
            weights += static_cast<double>(tensor.values());
        }
    }
    if (packed > 0) return 8 * packed_bytes / packed;
    if (weights > 0) return 8 * bytes / weights;
    return 8 * static_cast<double>(model.checkpoint().file_bytes()) / static_cast<double>(model.parameters());
}

} // namespace

EvaluationText EvaluationText::load(const std::filesystem::path& file) {
    const auto path = file.empty() ? resource("texts/evaluation.txt") : file;
    std::ifstream in(path, std::ios::binary);
    if (!in) throw IoError(path.string(), "", "cannot be read; check that it exists and that you may read it");
    EvaluationText text;
    text.content.assign(std::istreambuf_iterator<char>(in), {});
    if (in.bad()) throw IoError(path.string(), "", "reading failed half-way; check the disk");
    if (text.content.empty()) throw DataError(path.string(), "", "is empty; choose a text of some pages");
    text.name = path.filename().string();
    text.sha256 = quantscope::sha256(text.content);
    return text;
}

std::shared_ptr<const WeightSource> open_weights(const std::filesystem::path& path, const ModelOptions& options) {
    return std::make_shared<OriginalWeights>(open_model(path, options));
}

Evaluator::Evaluator(std::shared_ptr<const WeightSource> original, ComputeOptions compute)
    : original_weights_(std::move(original))
    , compute_(std::move(compute)) {}

const Tokenizer& Evaluator::tokenizer() {
    if (!tokenizer_) {
        const auto& checkpoint = original_weights_->model().checkpoint();
        tokenizer_ = Tokenizer::open_beside(checkpoint.path(), checkpoint.metadata());
    }
    return *tokenizer_;
}

LanguageModel& Evaluator::original() {
    if (!original_) original_ = std::make_unique<LanguageModel>(original_weights_, compute_);
    return *original_;
}

LanguageModel Evaluator::candidate(std::shared_ptr<const WeightSource> weights) const {
    return LanguageModel(std::move(weights), compute_);
}

const std::vector<std::int32_t>& Evaluator::tokens(const EvaluationText& text) {
    if (tokens_of_ != text.sha256) {
        tokens_ = tokenizer().encode(text.content, false, false);
        tokens_of_ = text.sha256;
    }
    return tokens_;
}

PerplexityOptions Evaluator::completed(PerplexityOptions options) {
    if (tokenizer().adds_bos()) options.bos = tokenizer().bos();
    return options;
}

CompareRow Evaluator::original_row(const EvaluationText& text, const PerplexityOptions& options, Progress& progress) {
    auto [entry, absent] = original_rows_.try_emplace(key(text, options));
    if (!absent && entry->second.tokens > 0) return entry->second;
    CompareRow row = row_of(perplexity(original(), tokens(text), completed(options), progress), text, options);
    row.name = "original";
    row.bytes = original_weights_->model().checkpoint().file_bytes();
    row.bits_per_weight = bits_per_weight(original_weights_->model());
    row.kl_mean = row.kl_p99 = 0;
    row.top1_agreement = 1;
    row.nll_standard_error = 0;
    return original_rows_[key(text, options)] = row;
}

std::vector<CompareRow> Evaluator::candidate_rows(const std::vector<std::shared_ptr<const WeightSource>>& weights,
                                                  const EvaluationText& text, const PerplexityOptions& options,
                                                  Progress& progress) {
    std::vector<LanguageModel> models;
    for (const auto& source : weights)
        models.push_back(candidate(source));
    std::vector<LanguageModel*> pointers;
    for (auto& model : models)
        pointers.push_back(&model);
    const auto results = divergence(original(), pointers, tokens(text), completed(options), progress);
    std::vector<CompareRow> rows;
    for (std::size_t i = 0; i < results.size(); ++i) {
        CompareRow& row = rows.emplace_back(row_of(results[i].candidate, text, options));
        row.kl_mean = results[i].kl_mean;
        row.kl_p99 = results[i].kl_p99;
        row.top1_agreement = results[i].top1_agreement;
        row.nll_standard_error = results[i].nll_standard_error;
        if (const auto* fitted = dynamic_cast<const FittedModel*>(weights[i].get())) {
            row.bytes = packed_file_bytes(*fitted);
            row.bits_per_weight = fitted->bits_per_weight();
            row.recipe = fitted->recipe();
        } else {
            row.bytes = weights[i]->model().checkpoint().file_bytes();
            row.bits_per_weight = bits_per_weight(weights[i]->model());
        }
    }
    return rows;
}

CompareRow Evaluator::candidate_row(std::shared_ptr<const WeightSource> weights, const EvaluationText& text,
                                    const PerplexityOptions& options, Progress& progress) {
    return std::move(candidate_rows({std::move(weights)}, text, options, progress).front());
}

} // namespace quantscope::studio
