// Checks what comes in, runs the decoder, and carries the head out a few rows at a time: logits of a large vocabulary
// would otherwise be the largest thing in memory, and a cancel would wait for them.
#include "core/model/language_model.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <c10/core/InferenceMode.h>
#include <cmath>

#include "core/base/errors.h"
#include "core/base/parallel.h"
#include "core/model/decoder.h"
#include "core/model/scoring.h"

namespace quantscope {

namespace {

constexpr std::int64_t prompt_piece = 1024; ///< tokens of a prompt in one pass, so that its operations stay short

const Architecture& evaluable(const Model& model) {
    if (!model.architecture()) throw DataError(model.checkpoint().path().string(), "", model.why_not_evaluated());
    return *model.architecture();
}

at::Tensor indices(std::span<const std::int32_t> ids, at::Device device) {
    return at::tensor(at::ArrayRef<std::int32_t>(ids.data(), ids.size()), at::kInt).to(device, at::kLong);
}

void append_values(const at::Tensor& x, std::vector<float>& values) {
    const auto here = x.to(at::kCPU, at::kFloat).contiguous();
    values.insert(values.end(), here.const_data_ptr<float>(), here.const_data_ptr<float>() + here.numel());
}

} // namespace

struct LanguageModel::Data {
    Data(std::shared_ptr<const WeightSource> weights, const ComputeOptions& options)
        : source(std::move(weights))
        , facts(evaluable(source->model()))
        , device(resolve_device(options.device))
        , type(computes_in_float32(source->model(), options.type) ? at::kFloat : at::kBFloat16)
        , threads(options.threads)
        , decoder(facts, ModelWeights(source, device, type, options.weight_budget)) {}

    void check(std::span<const std::int32_t> ids) const;
    std::int64_t check_windows(std::span<const std::int32_t> windows, std::int64_t count, std::int64_t first) const;
    at::Tensor run(std::span<const std::int32_t> windows, std::int64_t count, std::int64_t first, Progress& progress);
    std::int64_t rows_at_once() const;
    void set_threads() const { at::set_num_threads(threads > 0 ? threads : thread_count()); }
    void set_observer(LinearInputObserver observer);
    at::Tensor next_logits(std::span<const std::int32_t> all, KvCache& cache, Progress& progress);

    std::shared_ptr<const WeightSource> source;
    const Architecture& facts;
    std::string device;
    at::ScalarType type;
    int threads;
    Decoder decoder;
};

void LanguageModel::Data::check(std::span<const std::int32_t> ids) const {
    for (const auto id : ids)
        if (id < 0 || id >= facts.vocabulary)
            throw DataError(source->model().checkpoint().path().string(), "token " + std::to_string(id),
                            "is not in the vocabulary of " + std::to_string(facts.vocabulary) +
                                " tokens; use the tokenizer that belongs to the model");
}

/// \returns the windows' length
std::int64_t LanguageModel::Data::check_windows(std::span<const std::int32_t> windows, std::int64_t count,
                                                std::int64_t first) const {
    const auto values = static_cast<std::int64_t>(windows.size());
    if (count < 1 || values % count != 0)
        throw ShapeError({}, "windows",
                         std::to_string(values) + " tokens are not " + std::to_string(count) +
                             " windows of equal length");
    if (first < 1 || first >= values / count)
        throw ShapeError({}, "windows",
                         "of " + std::to_string(values / count) + " tokens cannot be scored from position " +
                             std::to_string(first) + " on");
    check(windows);
    return values / count;
}

/// Rows of logits in one tensor operation: about 0.1 s of two processor cores, and at most 256 MiB.
std::int64_t LanguageModel::Data::rows_at_once() const {
    const double work = 2.0 * static_cast<double>(facts.vocabulary) * static_cast<double>(facts.hidden);
    const double wanted = (device == "cpu" ? 4e9 : 4e12) / work;
    const double most = 64.0 * 1024 * 1024 / static_cast<double>(facts.vocabulary);
    return static_cast<std::int64_t>(std::clamp(std::min(wanted, most), 16.0, 4096.0));
}

/// \returns [count · (length − first), hidden], of the positions that predict positions first … length − 1
at::Tensor LanguageModel::Data::run(std::span<const std::int32_t> windows, std::int64_t count, std::int64_t first,
                                    Progress& progress) {
    set_threads();
    const auto hidden = decoder.hidden_states(windows, count, nullptr, progress); // [count, length, hidden]
    const auto scored = hidden.size(1) - first;
    return hidden.narrow(1, first - 1, scored).reshape({count * scored, facts.hidden});
}

void LanguageModel::Data::set_observer(LinearInputObserver observer) {
    if (!observer) {
        decoder.hook = {};
        return;
    }
    decoder.hook = [observer = std::move(observer)](const Linear& linear, const at::Tensor& input) {
        const auto here = input.to(at::kCPU, at::kFloat).contiguous(); // [..., in]
        const auto tokens = here.numel() / here.size(-1);
        observer(*linear.site, {here.const_data_ptr<float>(), static_cast<std::size_t>(here.numel())}, tokens);
    };
}

/// The last token's logits, [1, vocabulary]; the cache holds what earlier calls have seen of `all`.
at::Tensor LanguageModel::Data::next_logits(std::span<const std::int32_t> all, KvCache& cache, Progress& progress) {
    set_threads();
    const auto length = static_cast<std::int64_t>(all.size());
    at::Tensor hidden;
    // Dynamic scaling turns every key anew once the text outgrows the context, so nothing cached holds any longer.
    if (facts.rotary_scaling.kind == "dynamic" && length > facts.context) {
        hidden = decoder.hidden_states(all, 1, nullptr, progress);
    } else {
        const bool resident = decoder.weights().resident_blocks() == facts.blocks;
        const auto piece = resident ? prompt_piece : length; // weights that are read anew are read once
        while (cache.length() < length) {
            const auto count = std::min(piece, length - cache.length());
            const auto ids = all.subspan(static_cast<std::size_t>(cache.length()), static_cast<std::size_t>(count));
            hidden = decoder.hidden_states(ids, 1, &cache, progress);
        }
    }
    progress.check();
    return decoder.logits(hidden.narrow(1, hidden.size(1) - 1, 1).reshape({1, facts.hidden}),
                          decoder.weights().head(progress));
}

LanguageModel::LanguageModel(std::shared_ptr<const WeightSource> weights, ComputeOptions options)
    : data_(std::make_unique<Data>(std::move(weights), options)) {}
LanguageModel::~LanguageModel() = default;
LanguageModel::LanguageModel(LanguageModel&&) noexcept = default;
LanguageModel& LanguageModel::operator=(LanguageModel&&) noexcept = default;

const WeightSource& LanguageModel::weights() const { return *data_->source; }
const Architecture& LanguageModel::architecture() const { return data_->facts; }
std::string LanguageModel::device() const { return data_->device; }
std::string LanguageModel::compute_type() const { return data_->type == at::kFloat ? "float32" : "bfloat16"; }

std::vector<float> LanguageModel::logits(std::span<const std::int32_t> tokens, Progress& progress) {
    const c10::InferenceMode inference;
    auto& data = *data_;
    data.check(tokens);
    if (tokens.empty()) return {};
    data.set_threads();
    Progress blocks(progress, 0, 0.8), output(progress, 0.8, 1);
    const auto hidden = data.decoder.hidden_states(tokens, 1, nullptr, blocks).squeeze(0); // [tokens, hidden]
    const auto head = data.decoder.weights().head(progress);
    std::vector<float> values;
    values.reserve(tokens.size() * static_cast<std::size_t>(data.facts.vocabulary));
    for (std::int64_t row = 0; row < hidden.size(0); row += data.rows_at_once()) {
        output.report(static_cast<double>(row) / static_cast<double>(hidden.size(0)));
        const auto rows = std::min(data.rows_at_once(), hidden.size(0) - row);
        append_values(data.decoder.logits(hidden.narrow(0, row, rows), head), values);
    }
    return values;
}

namespace {

/// The ids that positions first … length − 1 hold, window by window.
std::vector<std::int32_t> scored_ids(std::span<const std::int32_t> windows, std::int64_t count, std::int64_t first) {
    const auto length = static_cast<std::int64_t>(windows.size()) / count;
    std::vector<std::int32_t> ids;
    for (std::int64_t window = 0; window < count; ++window)
        ids.insert(ids.end(), windows.begin() + window * length + first, windows.begin() + (window + 1) * length);
    return ids;
}

} // namespace

std::vector<TokenScore> LanguageModel::score(std::span<const std::int32_t> windows, std::int64_t count,
                                             std::int64_t first, Progress& progress) {
    const c10::InferenceMode inference;
    auto& data = *data_;
    data.check_windows(windows, count, first);
    Progress blocks(progress, 0, 0.7), output(progress, 0.7, 1);
    const auto hidden = data.run(windows, count, first, blocks); // [rows, hidden]
    const auto next = indices(scored_ids(windows, count, first), hidden.device());
    const auto head = data.decoder.weights().head(progress);
    std::vector<TokenScore> scores;
    scores.reserve(static_cast<std::size_t>(hidden.size(0)));
    for (std::int64_t row = 0; row < hidden.size(0); row += data.rows_at_once()) {
        output.report(static_cast<double>(row) / static_cast<double>(hidden.size(0)));
        const auto rows = std::min(data.rows_at_once(), hidden.size(0) - row);
        const auto logits = data.decoder.logits(hidden.narrow(0, row, rows), head);
        progress.check();
        append_scores(logits, next.narrow(0, row, rows), scores);
    }
    return scores;
}

std::vector<TokenDivergence> LanguageModel::compare(LanguageModel& candidate, std::span<const std::int32_t> windows,
                                                    std::int64_t count, std::int64_t first, Progress& progress) {
    LanguageModel* const candidates[] = {&candidate};
    return std::move(compare(candidates, windows, count, first, progress).front());
}

std::vector<std::vector<TokenDivergence>> LanguageModel::compare(std::span<LanguageModel* const> candidates,
                                                                 std::span<const std::int32_t> windows,
                                                                 std::int64_t count, std::int64_t first,
                                                                 Progress& progress) {
    const c10::InferenceMode inference;
    auto& data = *data_;
    data.check_windows(windows, count, first);
    for (const auto* candidate : candidates)
        if (candidate->data_->facts.vocabulary != data.facts.vocabulary)
            throw DataError(candidate->data_->source->model().checkpoint().path().string(), "",
                            "has a vocabulary of " + std::to_string(candidate->data_->facts.vocabulary) +
                                " tokens, the reference one of " + std::to_string(data.facts.vocabulary) +
                                "; only models of one vocabulary can be compared");

    // All hidden states first, then the heads side by side: no model's logits are ever whole.
    const double share = 0.7 / static_cast<double>(candidates.size() + 1);
    Progress own(progress, 0, share), output(progress, 0.7, 1);
    const auto hidden = data.run(windows, count, first, own); // [rows, hidden]
    const auto head = data.decoder.weights().head(progress);
    std::vector<at::Tensor> candidate_hidden;
    std::vector<Linear> candidate_heads;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        Progress part(progress, share * static_cast<double>(i + 1), share * static_cast<double>(i + 2));
        candidate_hidden.push_back(candidates[i]->data_->run(windows, count, first, part));
        candidate_heads.push_back(candidates[i]->data_->decoder.weights().head(progress));
    }
    const auto next = indices(scored_ids(windows, count, first), hidden.device());
    std::vector<std::vector<TokenDivergence>> divergences(candidates.size());
    for (std::int64_t row = 0; row < hidden.size(0); row += data.rows_at_once()) {
        output.report(static_cast<double>(row) / static_cast<double>(hidden.size(0)));
        const auto rows = std::min(data.rows_at_once(), hidden.size(0) - row);
        const auto next_here = next.narrow(0, row, rows);
        const auto reference = reference_predictions(data.decoder.logits(hidden.narrow(0, row, rows), head), next_here);
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            progress.check();
            const auto& decoder = candidates[i]->data_->decoder;
            const auto logits = decoder.logits(candidate_hidden[i].narrow(0, row, rows), candidate_heads[i]);
            progress.check();
            append_divergences(reference, at::log_softmax(logits, 1).to(hidden.device()), next_here, divergences[i]);
        }
    }
    return divergences;
}

LanguageModel::TextDivergence LanguageModel::compare_text(LanguageModel& candidate,
                                                          std::span<const std::int32_t> tokens, int top,
                                                          Progress& progress) {
    const c10::InferenceMode inference;
    TextDivergence result;
    if (tokens.empty()) return result;
    result.tokens.emplace_back();
    result.candidates.emplace_back();
    if (tokens.size() == 1) {
        data_->check(tokens);
        return result;
    }
    auto& data = *data_;
    auto& other = *candidate.data_;
    data.check_windows(tokens, 1, 1);
    other.check(tokens);
    if (data.facts.vocabulary != other.facts.vocabulary)
        throw DataError(other.source->model().checkpoint().path().string(), "",
                        "has another vocabulary than the reference; only models of one vocabulary can be compared");
    Progress own(progress, 0, 0.35), others(progress, 0.35, 0.7), output(progress, 0.7, 1);
    const auto hidden = data.run(tokens, 1, 1, own), other_hidden = other.run(tokens, 1, 1, others); // [rows, hidden]
    const auto head = data.decoder.weights().head(progress), other_head = other.decoder.weights().head(progress);
    const auto next = indices(tokens.subspan(1), hidden.device());
    for (std::int64_t row = 0; row < hidden.size(0); row += data.rows_at_once()) {
        output.report(static_cast<double>(row) / static_cast<double>(hidden.size(0)));
        const auto rows = std::min(data.rows_at_once(), hidden.size(0) - row);
        const auto next_here = next.narrow(0, row, rows);
        const auto reference = reference_predictions(data.decoder.logits(hidden.narrow(0, row, rows), head), next_here);
        const auto logits = other.decoder.logits(other_hidden.narrow(0, row, rows), other_head);
        const auto log_probabilities = at::log_softmax(logits, 1).to(hidden.device());
        append_divergences(reference, log_probabilities, next_here, result.tokens);
        append_candidates(reference.log_probabilities, log_probabilities, top, result.candidates);
    }
    return result;
}

std::vector<std::int32_t> LanguageModel::generate(std::span<const std::int32_t> prompt, const SamplingOptions& sampling,
                                                  std::span<const std::int32_t> stop, std::int64_t max_tokens,
                                                  const std::function<bool(std::int32_t)>& streamed,
                                                  Progress& progress) {
    const c10::InferenceMode inference;
    auto& data = *data_;
    data.check(prompt);
    if (prompt.empty()) throw DataError({}, "prompt", "is empty; give the model at least one token to continue");
    std::vector<std::int32_t> all(prompt.begin(), prompt.end());
    KvCache cache(data.facts.blocks);
    Sampler sampler(sampling);
    while (static_cast<std::int64_t>(all.size() - prompt.size()) < max_tokens) {
        const double done = static_cast<double>(all.size() - prompt.size()),
                     step = 1.0 / static_cast<double>(max_tokens);
        Progress part(progress, done * step, (done + 1) * step);
        std::vector<float> logits;
        append_values(data.next_logits(all, cache, part), logits);
        const auto token = sampler.choose(logits);
        if (std::find(stop.begin(), stop.end(), token) != stop.end()) break;
        all.push_back(token);
        if (streamed && !streamed(token)) break;
    }
    return {all.begin() + static_cast<std::ptrdiff_t>(prompt.size()), all.end()};
}

void LanguageModel::observe_linear_inputs(LinearInputObserver observer) { data_->set_observer(std::move(observer)); }

} // namespace quantscope
