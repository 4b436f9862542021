// Cutting a token stream into windows by either convention, scoring them in batches, and the statistics of the scores.
#include "core/comparison/perplexity.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/base/errors.h"

namespace quantscope {

namespace {

/// Windows of one length that are run together: ids [count, length], scored from position `first` on.
struct Batch {
    std::vector<std::int32_t> ids;
    std::int64_t count = 0, length = 0, first = 1;
};

void add_window(std::vector<Batch>& batches, std::vector<std::int32_t> window, std::int64_t first,
                std::int64_t batch_tokens) {
    const auto length = static_cast<std::int64_t>(window.size());
    const bool fits = !batches.empty() && batches.back().length == length && batches.back().first == first &&
                      (batches.back().count + 1) * length <= std::max(batch_tokens, length);
    if (!fits) batches.push_back({{}, 0, length, first});
    Batch& batch = batches.back();
    batch.ids.insert(batch.ids.end(), window.begin(), window.end());
    ++batch.count;
}

std::vector<Batch> batches_of(std::span<const std::int32_t> tokens, const PerplexityOptions& options) {
    if (options.context < 2) throw UsageError({}, "--context", "must be 2 tokens or more");
    if (options.max_tokens > 0 && options.max_tokens < static_cast<std::int64_t>(tokens.size()))
        tokens = tokens.first(static_cast<std::size_t>(options.max_tokens));
    std::vector<Batch> batches;
    const auto all = static_cast<std::int64_t>(tokens.size());
    const bool llama = options.convention == PerplexityConvention::llama_cpp;
    // Under "huggingface" BOS stands in front of context − 1 tokens; under "llama.cpp" it replaces the first.
    const std::int64_t step = !llama && options.bos ? options.context - 1 : options.context;
    for (std::int64_t begin = 0; begin < all; begin += step) {
        const auto part =
            tokens.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(std::min(step, all - begin)));
        std::vector<std::int32_t> window(part.begin(), part.end());
        if (llama) {
            if (static_cast<std::int64_t>(window.size()) < options.context) break; // full windows only
            if (options.bos) window.front() = *options.bos;
        } else if (options.bos)
            window.insert(window.begin(), *options.bos);
        if (window.size() < 2) continue;
        add_window(batches, std::move(window), llama ? options.context / 2 + 1 : 1, options.batch_tokens);
    }
    // llama.cpp's second half of a window of two or three tokens may hold no prediction.
    std::erase_if(batches, [](const Batch& batch) { return batch.first >= batch.length; });
    if (batches.empty())
        throw DataError({}, "text",
                        "is too short: " + std::to_string(all) + " tokens make no window of " +
                            std::to_string(options.context) + "; use a longer text or a smaller --context");
    return batches;
}

class Clock {
public:
    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void finish(PerplexityResult& result, const PerplexityOptions& options, double seconds) {
    double sum = 0;
    for (float nll : result.token_nll)
        sum += nll;
    result.nll = sum / static_cast<double>(result.token_nll.size());
    if (!std::isfinite(result.nll))
        throw DataError({}, "perplexity",
                        "is not finite; the model's weights hold infinities or NaN, or its scheme does");
    result.perplexity = std::exp(result.nll);
    result.seconds = seconds;
    result.bos = options.bos.has_value();
    result.convention = name(options.convention);
}

/// Calls `run` on each batch and reports progress by tokens.
template <typename Run>
void each_batch(const std::vector<Batch>& batches, Progress& progress, const Run& run) {
    double all = 0, done = 0;
    for (const Batch& batch : batches)
        all += static_cast<double>(batch.ids.size());
    for (const Batch& batch : batches) {
        progress.report(done / all, "scoring " + std::to_string(static_cast<std::int64_t>(done)) + " of " +
                                        std::to_string(static_cast<std::int64_t>(all)) + " tokens");
        const double share = static_cast<double>(batch.ids.size()) / all;
        Progress part(progress, done / all, std::min(1.0, done / all + share));
        run(batch, part);
        done += static_cast<double>(batch.ids.size());
    }
    progress.report(1, "scored");
}

double percentile(std::vector<float> values, double share) {
    const auto place = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), place, values.end());
    return *place;
}

void finish(DivergenceResult& result, std::uint64_t agreements, const PerplexityOptions& options, double seconds) {
    finish(result.reference, options, seconds);
    finish(result.candidate, options, seconds);
    double sum = 0;
    for (float kl : result.token_kl)
        sum += kl;
    const auto count = static_cast<double>(result.token_kl.size());
    result.kl_mean = sum / count;
    result.kl_p99 = percentile(result.token_kl, 0.99);
    result.top1_agreement = static_cast<double>(agreements) / count;
    const auto paired = paired_difference(result.reference.token_nll, result.candidate.token_nll);
    result.nll_difference = paired.mean;
    result.nll_standard_error = paired.standard_error;
}

} // namespace

std::string_view name(PerplexityConvention convention) {
    return convention == PerplexityConvention::llama_cpp ? "llama.cpp" : "huggingface";
}

PerplexityConvention perplexity_convention(std::string_view wanted) {
    for (const auto convention : {PerplexityConvention::huggingface, PerplexityConvention::llama_cpp})
        if (name(convention) == wanted) return convention;
    throw UsageError({}, "--convention " + printable(wanted, 40),
                     "there is no such convention; use huggingface or llama.cpp");
}

PerplexityResult perplexity(LanguageModel& model, std::span<const std::int32_t> tokens,
                            const PerplexityOptions& options, Progress& progress) {
    const Clock clock;
    PerplexityResult result;
    each_batch(batches_of(tokens, options), progress, [&](const Batch& batch, Progress& part) {
        for (const auto& score : model.score(batch.ids, batch.count, batch.first, part))
            result.token_nll.push_back(score.nll);
    });
    finish(result, options, clock.seconds());
    return result;
}

std::vector<DivergenceResult> divergence(LanguageModel& reference, std::span<LanguageModel* const> candidates,
                                         std::span<const std::int32_t> tokens, const PerplexityOptions& options,
                                         Progress& progress) {
    for (const LanguageModel* candidate : candidates)
        if (candidate->architecture().vocabulary != reference.architecture().vocabulary)
            throw DataError(candidate->weights().model().checkpoint().path().string(), "vocabulary",
                            "has " + std::to_string(candidate->architecture().vocabulary) +
                                " tokens, the original has " + std::to_string(reference.architecture().vocabulary) +
                                "; they cannot be compared");
    const Clock clock;
    std::vector<DivergenceResult> results(candidates.size());
    std::vector<std::uint64_t> agreements(candidates.size());
    each_batch(batches_of(tokens, options), progress, [&](const Batch& batch, Progress& part) {
        const auto scores = reference.compare(candidates, batch.ids, batch.count, batch.first, part);
        for (std::size_t i = 0; i < scores.size(); ++i)
            for (const auto& score : scores[i]) {
                results[i].reference.token_nll.push_back(score.reference_nll);
                results[i].candidate.token_nll.push_back(score.candidate_nll);
                results[i].token_kl.push_back(score.kl);
                agreements[i] += score.agrees;
            }
    });
    for (std::size_t i = 0; i < results.size(); ++i)
        finish(results[i], agreements[i], options, clock.seconds());
    return results;
}

DivergenceResult divergence(LanguageModel& reference, LanguageModel& candidate, std::span<const std::int32_t> tokens,
                            const PerplexityOptions& options, Progress& progress) {
    LanguageModel* one[] = {&candidate};
    return std::move(divergence(reference, one, tokens, options, progress).front());
}

PairedDifference paired_difference(std::span<const float> a, std::span<const float> b) {
    if (a.size() != b.size()) throw ShapeError({}, "paired difference", "needs as many values on both sides");
    PairedDifference out;
    const auto count = static_cast<double>(a.size());
    for (std::size_t i = 0; i < a.size(); ++i)
        out.mean += (static_cast<double>(b[i]) - a[i]) / count;
    double squares = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        squares += std::pow(static_cast<double>(b[i]) - a[i] - out.mean, 2);
    out.standard_error = a.size() < 2 ? NAN : std::sqrt(squares / (count - 1) / count);
    return out;
}

} // namespace quantscope
