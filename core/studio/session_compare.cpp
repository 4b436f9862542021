// A Session's comparisons: perplexity rows, and the same text under several models.
#include <algorithm>

#include "core/studio/session_data.h"
#include "core/text/chat_template.h"

namespace quantscope::studio {

namespace {

constexpr int shown_candidates = 10;

PerplexityOptions perplexity_options(const Session::CompareOptions& options) {
    PerplexityOptions out;
    out.context = options.context;
    out.max_tokens = options.max_tokens;
    out.convention = options.llama_cpp_convention ? PerplexityConvention::llama_cpp : PerplexityConvention::huggingface;
    return out;
}

/// \param remark  why the chat template could not be used, when it was asked for and could not
std::vector<std::int32_t> prompt_tokens(const Tokenizer& tokenizer, const Session::TextOptions& options,
                                        std::string& remark) {
    if (options.chat) {
        const std::vector<ChatMessage> messages{{"user", options.prompt}};
        try {
            return tokenizer.encode(render_chat(tokenizer, messages), false, true);
        } catch (const FormatError& error) { // a construct outside of the subset; the prompt still says something raw
            remark = std::string("raw prompt used: ") + error.what();
        }
    }
    return tokenizer.encode(options.prompt, true, false);
}

TokenCell cell_of(const Tokenizer& tokenizer, std::int32_t token, const TokenDivergence& divergence, bool original) {
    TokenCell cell;
    cell.text = tokenizer.piece(token);
    cell.id = token;
    cell.nll = original ? divergence.reference_nll : divergence.candidate_nll;
    if (original) return cell;
    cell.kl = divergence.kl;
    cell.agrees = divergence.agrees;
    return cell;
}

/// One model's continuation of the prompt, streamed as text.
std::vector<std::int32_t> continue_text(LanguageModel& model, const Tokenizer& tokenizer,
                                        std::span<const std::int32_t> prompt, const Session::TextOptions& options,
                                        const std::function<void(const std::string&)>& streamed, std::string& text,
                                        Progress& progress) {
    SamplingOptions sampling;
    sampling.temperature = options.temperature;
    sampling.seed = options.seed;
    TokenStream stream(tokenizer, false);
    const auto give = [&](const std::string& piece) {
        text += piece;
        if (!piece.empty() && streamed) streamed(piece);
    };
    auto tokens = model.generate(
        prompt, sampling, tokenizer.end_tokens(), options.max_tokens,
        [&](std::int32_t token) {
            give(stream.push(token));
            return true;
        },
        progress);
    give(stream.finish());
    return tokens;
}

} // namespace

std::string Session::Data::display_name(const nlohmann::json& recipe) const {
    if (recipe.is_null()) return "original";
    if (recipe.contains("name") && recipe["name"].is_string()) return recipe["name"];
    const Recipe parsed = Recipe::from_json(recipe);
    std::string first;
    bool mixed = false;
    for (const auto& site : model->sites()) {
        const auto scheme = parsed.weight_scheme(site);
        if (scheme.is_null()) continue;
        const std::string label = scheme_label(scheme);
        if (first.empty()) first = label;
        mixed = mixed || label != first;
    }
    return first.empty() ? "nothing quantized" : mixed ? first + " + others" : first;
}

CompareRow Session::evaluate(const nlohmann::json& recipe, const CompareOptions& options, Progress& progress) {
    const auto text = EvaluationText::load(options.text);
    const auto how = perplexity_options(options);
    if (recipe.is_null()) {
        std::lock_guard one(data_->evaluating);
        return data_->evaluator->original_row(text, how, progress);
    }
    const bool fitted = is_quantized(recipe);
    Progress fitting(progress, 0, fitted ? 0 : 0.3), scoring(progress, fitted ? 0 : 0.3, 1);
    const auto model = data_->need_fitted(recipe, {}, fitting);
    std::lock_guard one(data_->evaluating);
    CompareRow row = data_->evaluator->candidate_row(model, text, how, scoring);
    row.name = data_->display_name(recipe);
    row.recipe = recipe;
    return row;
}

std::vector<TextColumn>
Session::compare_text(const std::vector<nlohmann::json>& recipes, const TextOptions& options,
                      const std::function<void(std::size_t column, const std::string& piece)>& streamed,
                      Progress& progress) {
    std::vector<std::shared_ptr<const FittedModel>> models;
    for (std::size_t i = 0; i < recipes.size(); ++i) {
        Progress fitting(progress, 0.3 * static_cast<double>(i) / static_cast<double>(recipes.size()),
                         0.3 * static_cast<double>(i + 1) / static_cast<double>(recipes.size()));
        models.push_back(recipes[i].is_null() ? nullptr : data_->need_fitted(recipes[i], {}, fitting));
    }
    std::lock_guard one(data_->evaluating);
    Evaluator& evaluator = *data_->evaluator;
    const Tokenizer& tokenizer = evaluator.tokenizer();
    std::string remark;
    const auto prompt = prompt_tokens(tokenizer, options, remark);
    if (prompt.empty())
        throw DataError(data_->card.path, "prompt", "is empty; write a few words for the models to continue");

    // The original writes first: its continuation is the text that every column is coloured on.
    progress.report(0.3, "original writes");
    const auto original_column =
        static_cast<std::size_t>(std::find(models.begin(), models.end(), nullptr) - models.begin());
    Progress writing(progress, 0.3, 0.3 + 0.7 / static_cast<double>(models.size() + 1));
    std::string original_text;
    auto all = prompt;
    const auto continued = continue_text(
        evaluator.original(), tokenizer, prompt, options,
        [&](const std::string& piece) {
            if (streamed && original_column < models.size()) streamed(original_column, piece);
        },
        original_text, writing);
    all.insert(all.end(), continued.begin(), continued.end());

    std::vector<TextColumn> columns(models.size());
    std::vector<std::vector<std::vector<TokenCandidate>>> candidates(models.size());
    for (std::size_t i = 0; i < models.size(); ++i) {
        const double low = 0.3 + 0.7 * static_cast<double>(i + 1) / static_cast<double>(models.size() + 1);
        const double high = low + 0.7 / static_cast<double>(models.size() + 1);
        Progress writes(progress, low, (low + high) / 2), scores(progress, (low + high) / 2, high);
        columns[i].name = data_->display_name(recipes[i]);
        columns[i].remark = remark;
        const bool original = models[i] == nullptr;
        std::optional<LanguageModel> own;
        if (!original) own.emplace(evaluator.candidate(models[i]));
        LanguageModel& model = original ? evaluator.original() : *own;
        if (original)
            columns[i].generated = original_text;
        else
            continue_text(
                model, tokenizer, prompt, options,
                [&](const std::string& piece) {
                    if (streamed) streamed(i, piece);
                },
                columns[i].generated, writes);
        const auto divergence = evaluator.original().compare_text(model, all, shown_candidates, scores);
        for (std::size_t t = 0; t < all.size(); ++t)
            columns[i].tokens.push_back(cell_of(tokenizer, all[t], divergence.tokens[t], original));
        for (const auto& at : divergence.candidates) {
            auto& list = candidates[i].emplace_back();
            for (const auto& candidate : at)
                list.push_back({tokenizer.piece(candidate.token), candidate.reference, candidate.candidate});
        }
    }
    std::lock_guard lock(data_->caches);
    data_->candidates = std::move(candidates);
    return columns;
}

std::vector<TokenCandidate> Session::candidates(std::size_t column, std::size_t position) const {
    std::lock_guard lock(data_->caches);
    if (column >= data_->candidates.size() || position >= data_->candidates[column].size()) return {};
    return data_->candidates[column][position];
}

} // namespace quantscope::studio
