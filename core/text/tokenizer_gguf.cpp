// The tokenizer inside a GGUF file. llama.cpp is the judge of what its keys mean.
#include <algorithm>

#include "core/text/gguf_pre_tokenizers.h"
#include "core/text/json_reading.h"
#include "core/text/tokenizer.h"
#include "core/text/tokenizer_parts.h"

namespace quantscope {

namespace {

enum TokenType { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

class GgufReader {
public:
    GgufReader(const nlohmann::json& metadata, const std::string& file)
        : metadata_(metadata)
        , file_(file) {}

    std::unique_ptr<TokenizerParts> read() {
        parts_->file = file_;
        const JsonPlace place{file_, ""};
        const auto model = string_member(metadata_, "tokenizer.ggml.model", place);
        if (model != "gpt2" && model != "llama")
            at("tokenizer.ggml.model")
                .fail("the tokenizer \"" + printable(model, 60) +
                      "\" is not known here (gpt2 and llama are); text cannot be encoded");
        read_tokens();
        model == "gpt2" ? read_byte_level() : read_sentencepiece();
        read_special_tokens();
        parts_->chat_template = string_member(metadata_, "tokenizer.chat_template", place, "");
        return std::move(parts_);
    }

private:
    JsonPlace at(const char* key) const { return {file_, key}; }

    const nlohmann::json& list(const char* key, std::size_t needed) const {
        const auto* value = member(metadata_, key);
        if (!value || !value->is_array()) at(key).fail("is missing; the file's tokenizer is incomplete");
        if (needed && value->size() < needed)
            at(key).fail("has " + std::to_string(value->size()) + " entries for " + std::to_string(needed) +
                         " tokens; the file's tokenizer is damaged");
        return *value;
    }

    void read_tokens() {
        const auto& tokens = list("tokenizer.ggml.tokens", 0);
        if (tokens.empty()) at("tokenizer.ggml.tokens").fail("is empty; the file's tokenizer is incomplete");
        if (tokens.size() > 100'000'000) at("tokenizer.ggml.tokens").fail("has more than 100 million entries; refused");
        types_.assign(tokens.size(), normal);
        if (member(metadata_, "tokenizer.ggml.token_type")) {
            const auto& types = list("tokenizer.ggml.token_type", tokens.size());
            for (std::size_t i = 0; i < tokens.size(); ++i) {
                if (!types[i].is_number_integer())
                    at("tokenizer.ggml.token_type").fail("holds something else than integers");
                types_[i] = types[i].get<int>();
            }
        }
        std::vector<std::pair<std::string, std::int64_t>> spelled;
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            if (!tokens[i].is_string()) at("tokenizer.ggml.tokens").fail("holds something else than strings");
            auto text = tokens[i].get<std::string>();
            if (text.empty()) text = "[EMPTY_" + std::to_string(i) + "]";
            spelled.emplace_back(std::move(text), static_cast<std::int64_t>(i));
        }
        vocabulary_ = Vocabulary(std::move(spelled), file_, "tokenizer.ggml.tokens");
    }

    /// All tokens that are found in the text as they stand. Those that end a turn are control tokens, whatever the
    /// file says of them.
    AddedTokens added_tokens() const {
        std::vector<AddedToken> added;
        for (std::int32_t id = 0; id < vocabulary_.size(); ++id) {
            const auto type = types_[static_cast<std::size_t>(id)];
            const auto& text = vocabulary_.spelling(id);
            const bool special = type == control || type == unknown || is_known_end_token(text);
            if (special || type == user_defined) added.push_back({id, text, special, false, false, false, false});
        }
        return AddedTokens(std::move(added), AddedTokens::Order::longest_first, nullptr);
    }

    void read_byte_level() {
        parts_->kind = "byte-level BPE";
        parts_->added = added_tokens();
        auto name = string_member(metadata_, "tokenizer.ggml.pre", {file_, ""}, "");
        const auto* pre = find_gguf_pre_tokenizer(name);
        if (!pre) {
            parts_->remarks.push_back(
                name.empty()
                    ? "tokenizer.ggml.pre: the file names no pre-tokenizer; llama.cpp's \"default\" stands in, and "
                      "text may be encoded otherwise than in training"
                    : "tokenizer.ggml.pre: the pre-tokenizer \"" + printable(name, 60) +
                          "\" is not known here; \"default\" stands in, and text may be encoded otherwise than in "
                          "training");
            name = "default";
            pre = find_gguf_pre_tokenizer(name);
        }
        std::vector<std::unique_ptr<PreTokenizer>> steps;
        for (const auto* expression : pre->expressions)
            steps.push_back(split_by(Pattern(expression, file_, "tokenizer.ggml.pre"), SplitBehavior::isolated, false));
        steps.push_back(byte_level(false, false));
        parts_->pre_tokenizer = one_after_another(std::move(steps));
        parts_->decoder = byte_level_decoder();
        add_bos_ = pre->adds_bos;
        RankedMergesOptions options;
        options.ignore_merges = pre->ignore_merges;
        const auto merges = read_merges();
        parts_->model = std::make_unique<RankedMerges>(std::move(vocabulary_), merges, options);
    }

    /// Each entry is two tokens with a space between; the space may also be a token's first byte.
    std::vector<Merge> read_merges() {
        const auto& entries = list("tokenizer.ggml.merges", 0);
        std::vector<Merge> merges;
        merges.reserve(entries.size());
        std::size_t strays = 0;
        for (const auto& entry : entries) {
            if (!entry.is_string()) at("tokenizer.ggml.merges").fail("holds something else than strings");
            const auto& text = entry.get_ref<const std::string&>();
            const auto space = text.find(' ', 1);
            if (space == std::string::npos)
                at("tokenizer.ggml.merges")
                    .fail("the entry \"" + printable(text, 60) +
                          "\" is no pair of tokens; the "
                          "file's tokenizer is damaged");
            const auto left = text.substr(0, space), right = text.substr(space + 1);
            const auto l = vocabulary_.find(left), r = vocabulary_.find(right), both = vocabulary_.find(left + right);
            if (l && r && both)
                merges.push_back({*l, *r, *both});
            else
                ++strays;
        }
        if (strays > 0)
            parts_->remarks.push_back("tokenizer.ggml.merges: " + std::to_string(strays) +
                                      " entries name tokens that the vocabulary lacks; they are left out");
        return merges;
    }

    void read_sentencepiece() {
        parts_->kind = "SentencePiece BPE";
        parts_->added = added_tokens();
        const bool prefix = flag_member(metadata_, "tokenizer.ggml.add_space_prefix", {file_, ""}, true);
        parts_->normalizer = sentencepiece_normalizer(prefix);
        parts_->decoder = sentencepiece_decoder(prefix);
        add_bos_ = true;
        const auto count = static_cast<std::size_t>(vocabulary_.size());
        const auto& entries = list("tokenizer.ggml.scores", count);
        std::vector<float> scores(count);
        for (std::size_t i = 0; i < count; ++i) {
            // Not a number would break the order of the heap; JSON keeps such values as null.
            if (!entries[i].is_number()) at("tokenizer.ggml.scores").fail("holds something else than numbers");
            scores[i] = entries[i].get<float>();
            if (!(scores[i] == scores[i])) at("tokenizer.ggml.scores").fail("holds something else than numbers");
        }
        auto unknown_id = id_of("tokenizer.ggml.unknown_token_id");
        if (!unknown_id) unknown_id = vocabulary_.find("<unk>");
        parts_->model = std::make_unique<ScoredMerges>(std::move(vocabulary_), std::move(scores), unknown_id);
    }

    std::optional<std::int32_t> id_of(const char* key) const {
        if (!member(metadata_, key)) return std::nullopt;
        const auto id = index_member(metadata_, key, {file_, ""}, 0);
        if (static_cast<std::size_t>(id) >= types_.size()) return std::nullopt;
        return id;
    }

    void read_special_tokens() {
        for (const char* key : {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"})
            if (member(metadata_, key) && !id_of(key))
                parts_->remarks.push_back(std::string(key) + ": lies outside of the vocabulary and is left out");
        parts_->bos = id_of("tokenizer.ggml.bos_token_id");
        parts_->eos = id_of("tokenizer.ggml.eos_token_id");
        if (parts_->kind == "SentencePiece BPE") { // llama.cpp's defaults for this kind
            if (!member(metadata_, "tokenizer.ggml.bos_token_id") && types_.size() > 1) parts_->bos = 1;
            if (!member(metadata_, "tokenizer.ggml.eos_token_id") && types_.size() > 2) parts_->eos = 2;
        }
        const JsonPlace place{file_, ""};
        if (flag_member(metadata_, "tokenizer.ggml.add_bos_token", place, add_bos_) && parts_->bos)
            parts_->before.push_back(*parts_->bos);
        if (flag_member(metadata_, "tokenizer.ggml.add_eos_token", place, false) && parts_->eos)
            parts_->after.push_back(*parts_->eos);
        parts_->add_end_token(parts_->eos);
        parts_->add_end_token(id_of("tokenizer.ggml.eot_token_id"));
        parts_->add_end_token(id_of("tokenizer.ggml.eom_token_id"));
        parts_->add_known_end_tokens();
    }

    const nlohmann::json& metadata_;
    const std::string& file_;
    std::unique_ptr<TokenizerParts> parts_ = std::make_unique<TokenizerParts>();
    Vocabulary vocabulary_;
    std::vector<int> types_;
    bool add_bos_ = false;
};

} // namespace

std::unique_ptr<Tokenizer> Tokenizer::from_gguf(const nlohmann::json& metadata, const std::string& file) {
    return std::make_unique<Tokenizer>(GgufReader(metadata, file).read());
}

} // namespace quantscope
