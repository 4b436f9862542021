// Encoding and decoding with the parts that a reader has put together.
#include "core/text/tokenizer.h"

#include <algorithm>
#include <unordered_map>

#include "core/text/tokenizer_parts.h"
#include "core/text/unicode.h"

namespace quantscope {

namespace {

/// "49152" as "49,152".
std::string grouped(std::int64_t number) {
    auto digits = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), 1, ',');
    return digits;
}

/// The words of one text, each encoded once.
class RememberedWords {
public:
    explicit RememberedWords(const SubwordModel& model)
        : model_(model) {}
    void encode(std::string_view word, std::vector<std::int32_t>& ids) {
        if (word.size() > 64) return model_.encode(word, ids); // hardly comes again
        const auto [it, fresh] = places_.try_emplace(std::string(word));
        if (fresh) {
            it->second.first = ids_.size();
            model_.encode(word, ids_);
            it->second.second = ids_.size();
        }
        ids.insert(ids.end(), ids_.begin() + static_cast<std::ptrdiff_t>(it->second.first),
                   ids_.begin() + static_cast<std::ptrdiff_t>(it->second.second));
    }

private:
    const SubwordModel& model_;
    std::unordered_map<std::string, std::pair<std::size_t, std::size_t>> places_;
    std::vector<std::int32_t> ids_;
};

} // namespace

bool is_known_end_token(std::string_view spelling) {
    static constexpr std::string_view known[] = {
        "<|im_end|>",
        "<|eot_id|>",
        "<|eom_id|>",
        "<|end_of_text|>",
        "<|endoftext|>",
        "<end_of_turn>",
        "<|end|>",
        "<|return|>",
        "<|call|>",
        "<|flush|>",
        "<|calls|>",
        "</s>",
        "<EOT>",
        "_<EOT>",
        "[EOT]",
        "[EOS]",
        "<eos>",
        "<end_of_utterance>",
        "<turn|>",
        "<|end_of_turn|>",
        "<\xef\xbd\x9c"
        "end\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>",
    };
    return std::find(std::begin(known), std::end(known), spelling) != std::end(known);
}

std::optional<std::int32_t> TokenizerParts::find(std::string_view spelling) const {
    for (const auto& token : added.tokens())
        if (token.content == spelling) return token.id;
    return model->vocabulary().find(spelling);
}

const std::string& TokenizerParts::spelling(std::int32_t id) const {
    const auto* token = added.find(id);
    return token ? token->content : model->vocabulary().spelling(id);
}

std::int32_t TokenizerParts::size() const {
    auto size = model->vocabulary().size();
    for (const auto& token : added.tokens())
        size = std::max(size, token.id + 1);
    return size;
}

void TokenizerParts::add_end_token(std::optional<std::int32_t> id) {
    if (!id || *id < 0 || *id >= size()) return;
    if (std::find(end_tokens.begin(), end_tokens.end(), *id) == end_tokens.end()) end_tokens.push_back(*id);
}

void TokenizerParts::add_known_end_tokens() {
    for (const auto& token : added.tokens())
        if (token.special && is_known_end_token(token.content)) add_end_token(token.id);
}

Tokenizer::Tokenizer(std::unique_ptr<TokenizerParts> parts)
    : parts_(std::move(parts)) {}
Tokenizer::~Tokenizer() = default;

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, bool add_special, bool parse_special) const {
    std::vector<std::int32_t> ids;
    if (add_special) ids = parts_->before;
    RememberedWords words_of_text(*parts_->model);
    for (auto& fragment : parts_->added.split(valid_utf8(text), parse_special, parts_->normalizer.get())) {
        if (fragment.token >= 0) {
            ids.push_back(fragment.token);
            continue;
        }
        Words words;
        words.stretches.push_back({0, fragment.text.size(), fragment.begins_text});
        words.text = std::move(fragment.text);
        if (parts_->pre_tokenizer) parts_->pre_tokenizer->apply(words);
        for (const auto& stretch : words.stretches)
            words_of_text.encode(words.view(stretch), ids);
    }
    if (add_special) ids.insert(ids.end(), parts_->after.begin(), parts_->after.end());
    return ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> tokens, bool keep_special) const {
    std::vector<std::string> spellings;
    for (const auto id : tokens) {
        if (id < 0 || id >= vocabulary_size() || (!keep_special && is_special(id))) continue;
        const auto* added = parts_->added.find(id);
        spellings.push_back(added ? added->shown : spelling(id));
    }
    parts_->decoder->apply(spellings);
    std::string text;
    for (const auto& part : spellings)
        text += part;
    return valid_utf8(text);
}

std::string Tokenizer::piece(std::int32_t token) const {
    if (token < 0 || token >= vocabulary_size()) return {};
    if (parts_->added.find(token)) return spelling(token);
    const auto bytes = parts_->decoder->bytes(spelling(token));
    if (is_valid_utf8(bytes)) return bytes;
    std::string shown;
    for (std::size_t at = 0; at < bytes.size();) {
        const auto begin = at;
        next_character(bytes, at);
        const std::string_view one = std::string_view(bytes).substr(begin, at - begin);
        if (is_valid_utf8(one))
            shown += one;
        else
            for (const char c : one)
                shown += byte_spelling(static_cast<std::uint8_t>(c));
    }
    return shown;
}

std::int32_t Tokenizer::vocabulary_size() const { return parts_->size(); }
std::optional<std::int32_t> Tokenizer::find(std::string_view token) const { return parts_->find(token); }
const std::string& Tokenizer::spelling(std::int32_t token) const { return parts_->spelling(token); }
bool Tokenizer::is_special(std::int32_t token) const {
    const auto* added = parts_->added.find(token);
    return added && added->special;
}
std::optional<std::int32_t> Tokenizer::bos() const { return parts_->bos; }
std::optional<std::int32_t> Tokenizer::eos() const { return parts_->eos; }
std::span<const std::int32_t> Tokenizer::end_tokens() const { return parts_->end_tokens; }
bool Tokenizer::ends_turn(std::int32_t token) const {
    return std::find(parts_->end_tokens.begin(), parts_->end_tokens.end(), token) != parts_->end_tokens.end();
}
bool Tokenizer::adds_bos() const { return parts_->bos && !parts_->before.empty() && parts_->before[0] == *parts_->bos; }
const std::string& Tokenizer::chat_template() const { return parts_->chat_template; }
std::string Tokenizer::describe() const { return parts_->kind + ", " + grouped(vocabulary_size()) + " tokens"; }
std::span<const std::string> Tokenizer::remarks() const { return parts_->remarks; }

std::string TokenStream::push(std::int32_t token) {
    window_.push_back(token);
    auto text = tokenizer_.decode(window_, keep_special_);
    const bool whole = !text.ends_with("\xef\xbf\xbd") && text.starts_with(given_text_);
    if (!whole && window_.size() < given_ + 8) return {}; // at most four bytes make a character; more are broken
    auto fresh = text.substr(std::min(text.size(), given_text_.size()));
    // The next window begins with the tokens just given out: their decoding shows what the decoder does at its start.
    window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(given_));
    given_ = window_.size();
    given_text_ = tokenizer_.decode(window_, keep_special_);
    return fresh;
}

std::string TokenStream::finish() {
    const auto text = tokenizer_.decode(window_, keep_special_);
    auto fresh = text.substr(std::min(text.size(), given_text_.size()));
    window_.clear(), given_text_.clear(), given_ = 0;
    return fresh;
}

} // namespace quantscope
