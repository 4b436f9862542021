// Scores, comparisons and text on top of the forward pass.
#include "core/model/language_model.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <c10/core/InferenceMode.h>
#include <cstring>

#include "core/base/memory.h"
#include "core/base/parallel.h"
#include "core/model/decoder.h"

namespace quantscope {

namespace {

constexpr std::int64_t logit_rows = 256; ///< predictions whose logits are in memory at a time

at::Device device_named(const std::string& name) {
    const auto devices = available_devices();
    if (name == "auto") return devices.size() > 1 ? at::Device(devices[1]) : at::Device(at::kCPU);
    const std::string wanted = name == "cuda" ? "cuda:0" : name;
    if (std::find(devices.begin(), devices.end(), wanted) != devices.end()) return at::Device(wanted);
    std::string list;
    for (const auto& device : devices)
        list += (list.empty() ? "" : ", ") + device;
    throw UsageError({}, "--device " + printable(name, 40), "there is no such device here; available: " + list);
}

at::ScalarType type_for(ComputeType asked, const Model& model) {
    if (asked == ComputeType::float32) return at::kFloat;
    if (asked == ComputeType::bfloat16) return at::kBFloat16;
    const bool large = model.parameters() >= 2'000'000'000;
    return large && model.architecture()->dtype != DType::F32 ? at::kBFloat16 : at::kFloat;
}

/// [count, length] ids as a tensor that owns them.
at::Tensor as_tensor(std::span<const std::int32_t> ids, std::int64_t count, std::int64_t vocabulary) {
    const auto length = count > 0 ? static_cast<std::int64_t>(ids.size()) / count : 0;
    if (count <= 0 || length * count != static_cast<std::int64_t>(ids.size()))
        throw ShapeError({}, "tokens", "do not make " + std::to_string(count) + " windows of equal length");
    at::Tensor tokens = at::empty({count, length}, at::kLong);
    auto* out = tokens.mutable_data_ptr<std::int64_t>();
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (ids[i] < 0 || ids[i] >= vocabulary)
            throw DataError({}, "tokens",
                            "token id " + std::to_string(ids[i]) + " is outside of the vocabulary of " +
                                std::to_string(vocabulary));
        out[i] = ids[i];
    }
    return tokens;
}

std::vector<float> to_floats(const at::Tensor& tensor) {
    const at::Tensor values = tensor.to(at::kCPU, at::kFloat).contiguous();
    const auto* data = values.const_data_ptr<float>();
    return {data, data + values.numel()};
}

std::vector<std::int32_t> to_ids(const at::Tensor& tensor) {
    const at::Tensor values = tensor.to(at::kCPU, at::kInt).contiguous();
    const auto* data = values.const_data_ptr<std::int32_t>();
    return {data, data + values.numel()};
}

/// What follows each scored prediction: hidden states of positions first − 1 … length − 2 and the tokens after them.
struct Predictions {
    at::Tensor states;  ///< [m, hidden]
    at::Tensor targets; ///< [m] int64
};

} // namespace

struct LanguageModel::Data {
    std::shared_ptr<const WeightSource> weights;
    Decoder decoder;
    at::Device device;
    at::ScalarType type;
    int threads;

    const Architecture& architecture() const { return decoder.architecture(); }
    void use_threads() const { at::set_num_threads(threads > 0 ? threads : thread_count()); }

    Predictions predictions(const at::Tensor& tokens, std::int64_t first, Progress& progress) {
        const std::int64_t length = tokens.size(1);
        const at::Tensor states = decoder.hidden(tokens, nullptr, progress).narrow(1, first - 1, length - first);
        return {states.reshape({-1, architecture().hidden}),
                tokens.narrow(1, first, length - first).reshape({-1}).to(device)};
    }
    at::Tensor log_probabilities(const at::Tensor& states, Progress& progress) {
        return at::log_softmax(decoder.store().logits(states, progress), -1);
    }
};

namespace {

void check_windows(std::int64_t length, std::int64_t first) {
    if (first < 1 || first >= length)
        throw ShapeError({}, "windows",
                         "of " + std::to_string(length) + " tokens cannot be scored from position " +
                             std::to_string(first) + " on");
}

/// \param next  [m] tokens that follow, or undefined
std::vector<TokenDivergence> divergences(const at::Tensor& reference, const at::Tensor& candidate,
                                         const at::Tensor& next) {
    const at::Tensor kl = (reference.exp() * (reference - candidate)).nan_to_num(0).sum(-1).clamp_min(0);
    const auto divergence = to_floats(kl);
    const auto best_reference = to_ids(reference.argmax(-1)), best_candidate = to_ids(candidate.argmax(-1));
    std::vector<TokenDivergence> out(divergence.size());
    std::vector<float> reference_nll(out.size(), NAN), candidate_nll(out.size(), NAN);
    if (next.defined()) {
        reference_nll = to_floats(-reference.gather(1, next.unsqueeze(1)).squeeze(1));
        candidate_nll = to_floats(-candidate.gather(1, next.unsqueeze(1)).squeeze(1));
    }
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = {divergence[i], best_reference[i] == best_candidate[i], reference_nll[i], candidate_nll[i]};
    return out;
}

/// The union of both models' `top` most likely tokens, by the reference's probability, the first `top` of them.
std::vector<std::vector<Candidate>> top_candidates(const at::Tensor& reference, const at::Tensor& candidate, int top) {
    const std::int64_t count = std::min<std::int64_t>(top, reference.size(-1));
    const at::Tensor both = at::cat({std::get<1>(reference.topk(count)), std::get<1>(candidate.topk(count))}, -1);
    const auto ids = to_ids(both);
    const auto p = to_floats(reference.gather(1, both).exp()), q = to_floats(candidate.gather(1, both).exp());
    std::vector<std::vector<Candidate>> out(static_cast<std::size_t>(reference.size(0)));
    for (std::size_t row = 0; row < out.size(); ++row) {
        auto& list = out[row];
        for (std::size_t i = row * 2 * static_cast<std::size_t>(count);
             i < (row + 1) * 2 * static_cast<std::size_t>(count); ++i)
            if (std::none_of(list.begin(), list.end(), [&](const auto& known) { return known.token == ids[i]; }))
                list.push_back({ids[i], p[i], q[i]});
        std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.reference > b.reference; });
    }
    return out;
}

} // namespace

std::vector<std::string> available_devices() {
    std::vector<std::string> devices{"cpu"};
    if (at::hasCUDA())
        for (int i = 0; i < static_cast<int>(at::globalContext().getAcceleratorHooksInterface(at::kCUDA).deviceCount());
             ++i)
            devices.push_back("cuda:" + std::to_string(i));
    return devices;
}

LanguageModel::LanguageModel(std::shared_ptr<const WeightSource> weights, ComputeOptions options) {
    const Model& model = weights->model();
    if (!model.architecture())
        throw DataError(model.checkpoint().path().string(), "", "cannot be evaluated: " + model.why_not_evaluated());
    const at::Device device = device_named(options.device);
    const at::ScalarType type = type_for(options.type, model);
    const std::uint64_t budget = options.weight_budget > 0 ? options.weight_budget : available_memory() / 2;
    data_ = std::make_unique<Data>(
        Data{weights, Decoder(WeightStore(weights, device, type, budget)), device, type, options.threads});
}

LanguageModel::~LanguageModel() = default;
LanguageModel::LanguageModel(LanguageModel&&) noexcept = default;
LanguageModel& LanguageModel::operator=(LanguageModel&&) noexcept = default;

const WeightSource& LanguageModel::weights() const { return *data_->weights; }
const Architecture& LanguageModel::architecture() const { return data_->architecture(); }
std::string LanguageModel::device() const { return data_->device.str(); }
std::string LanguageModel::compute_type() const { return data_->type == at::kBFloat16 ? "bfloat16" : "float32"; }
void LanguageModel::observe_linear_inputs(LinearInputObserver observer) {
    data_->decoder.observer = std::move(observer);
}

std::vector<float> LanguageModel::logits(std::span<const std::int32_t> tokens, Progress& progress) {
    const c10::InferenceMode inference;
    data_->use_threads();
    const at::Tensor ids = as_tensor(tokens, 1, architecture().vocabulary);
    const at::Tensor states = data_->decoder.hidden(ids, nullptr, progress).squeeze(0);
    std::vector<float> out;
    for (std::int64_t row = 0; row < states.size(0); row += logit_rows) {
        const auto part = to_floats(
            data_->decoder.store().logits(states.narrow(0, row, std::min(logit_rows, states.size(0) - row)), progress));
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

std::vector<TokenScore> LanguageModel::score(std::span<const std::int32_t> windows, std::int64_t count,
                                             std::int64_t first, Progress& progress) {
    const c10::InferenceMode inference;
    data_->use_threads();
    const at::Tensor ids = as_tensor(windows, count, architecture().vocabulary);
    check_windows(ids.size(1), first);
    const Predictions predicted = data_->predictions(ids, first, progress);
    std::vector<TokenScore> scores;
    for (std::int64_t row = 0; row < predicted.states.size(0); row += logit_rows) {
        progress.check();
        const std::int64_t rows = std::min(logit_rows, predicted.states.size(0) - row);
        const at::Tensor log_p = data_->log_probabilities(predicted.states.narrow(0, row, rows), progress);
        const auto nll = to_floats(-log_p.gather(1, predicted.targets.narrow(0, row, rows).unsqueeze(1)).squeeze(1));
        const auto best = to_ids(log_p.argmax(-1));
        for (std::size_t i = 0; i < nll.size(); ++i)
            scores.push_back({nll[i], best[i]});
    }
    return scores;
}

std::vector<TokenDivergence> LanguageModel::compare(LanguageModel& candidate, std::span<const std::int32_t> windows,
                                                    std::int64_t count, std::int64_t first, Progress& progress) {
    LanguageModel* one[] = {&candidate};
    return std::move(compare(one, windows, count, first, progress).front());
}

std::vector<std::vector<TokenDivergence>> LanguageModel::compare(std::span<LanguageModel* const> candidates,
                                                                 std::span<const std::int32_t> windows,
                                                                 std::int64_t count, std::int64_t first,
                                                                 Progress& progress) {
    const c10::InferenceMode inference;
    data_->use_threads();
    const at::Tensor ids = as_tensor(windows, count, architecture().vocabulary);
    check_windows(ids.size(1), first);
    const Predictions reference = data_->predictions(ids, first, progress);
    std::vector<Predictions> others;
    for (LanguageModel* candidate : candidates)
        others.push_back(candidate->data_->predictions(ids, first, progress));
    std::vector<std::vector<TokenDivergence>> out(candidates.size());
    for (std::int64_t row = 0; row < reference.states.size(0); row += logit_rows) {
        const std::int64_t rows = std::min(logit_rows, reference.states.size(0) - row);
        const at::Tensor log_p = data_->log_probabilities(reference.states.narrow(0, row, rows), progress);
        const at::Tensor next = reference.targets.narrow(0, row, rows);
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            progress.check();
            const at::Tensor log_q =
                candidates[i]->data_->log_probabilities(others[i].states.narrow(0, row, rows), progress);
            const auto part = divergences(log_p, log_q.to(log_p.device()), next);
            out[i].insert(out[i].end(), part.begin(), part.end());
        }
    }
    return out;
}

LanguageModel::TextDivergence LanguageModel::compare_text(LanguageModel& candidate,
                                                          std::span<const std::int32_t> tokens, int top,
                                                          Progress& progress) {
    const c10::InferenceMode inference;
    data_->use_threads();
    const at::Tensor ids = as_tensor(tokens, 1, architecture().vocabulary);
    TextDivergence out;
    out.tokens.resize(1); // nothing predicted the first token
    out.candidates.resize(1);
    if (ids.size(1) < 2) return out;
    const Predictions reference = data_->predictions(ids, 1, progress);
    const Predictions other = candidate.data_->predictions(ids, 1, progress);
    for (std::int64_t row = 0; row < reference.states.size(0); row += logit_rows) {
        progress.check();
        const std::int64_t rows = std::min(logit_rows, reference.states.size(0) - row);
        const at::Tensor log_p = data_->log_probabilities(reference.states.narrow(0, row, rows), progress);
        const at::Tensor log_q =
            candidate.data_->log_probabilities(other.states.narrow(0, row, rows), progress).to(log_p.device());
        const auto part = divergences(log_p, log_q, reference.targets.narrow(0, row, rows));
        out.tokens.insert(out.tokens.end(), part.begin(), part.end());
        auto candidates = top_candidates(log_p, log_q, top);
        std::move(candidates.begin(), candidates.end(), std::back_inserter(out.candidates));
    }
    return out;
}

std::vector<std::int32_t> LanguageModel::generate(std::span<const std::int32_t> prompt, const SamplingOptions& sampling,
                                                  std::span<const std::int32_t> stop, std::int64_t max_tokens,
                                                  const std::function<bool(std::int32_t)>& streamed,
                                                  Progress& progress) {
    const c10::InferenceMode inference;
    data_->use_threads();
    if (prompt.empty()) throw DataError({}, "prompt", "has no tokens; write at least one word");
    Sampler sampler(sampling);
    KeyValueCache cache;
    std::vector<std::int32_t> out;
    at::Tensor ids = as_tensor(prompt, 1, architecture().vocabulary);
    for (std::int64_t done = 0; done < max_tokens; ++done) {
        progress.report(static_cast<double>(done) / static_cast<double>(max_tokens), "writing");
        const at::Tensor states = data_->decoder.hidden(ids, &cache, progress);
        const at::Tensor last = states.select(0, 0).narrow(0, states.size(1) - 1, 1);
        const std::int32_t token = sampler.choose(to_floats(data_->decoder.store().logits(last, progress)));
        if (std::find(stop.begin(), stop.end(), token) != stop.end()) break;
        out.push_back(token);
        if (streamed && !streamed(token)) break;
        ids = as_tensor(std::span(&token, 1), 1, architecture().vocabulary);
    }
    progress.report(1, "written");
    return out;
}

} // namespace quantscope
