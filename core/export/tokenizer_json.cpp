// Builds tokenizer.json from GGUF metadata. What the keys mean is llama.cpp's business (as in core/text); what is
// written is what the tokenizers library reads.
#include "core/export/tokenizer_json.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "core/base/errors.h"
#include "core/text/gguf_pre_tokenizers.h"

namespace quantscope {

using nlohmann::json;

namespace {

enum TokenType { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

constexpr const char* word_start = "\xE2\x96\x81"; ///< U+2581, SentencePiece's space

/// Where characters of a UTF-8 text begin, without the first.
std::vector<std::size_t> inner_boundaries(const std::string& text) {
    std::vector<std::size_t> boundaries;
    for (std::size_t i = 1; i < text.size(); ++i)
        if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) boundaries.push_back(i);
    return boundaries;
}

class Builder {
public:
    Builder(const json& metadata, const std::string& file)
        : metadata_(metadata)
        , file_(file) {}

    TokenizerFiles build() {
        const std::string kind = text("tokenizer.ggml.model");
        if (kind != "gpt2" && kind != "llama") {
            files_.remarks.push_back(kind.empty() ? "The source has no vocabulary, so the export has no tokenizer."
                                                  : "The vocabulary is of the kind '" + printable(kind, 40) +
                                                        "', for which no tokenizer.json can be made; take it from the "
                                                        "original model.");
            return std::move(files_);
        }
        read_tokens();
        read_special_tokens(kind == "llama");
        files_.tokenizer = {{"version", "1.0"},         {"truncation", nullptr}, {"padding", nullptr},
                            {"added_tokens", added()},  {"normalizer", nullptr}, {"pre_tokenizer", nullptr},
                            {"post_processor", nullptr}};
        kind == "gpt2" ? build_byte_level() : build_sentencepiece();
        add_template();
        build_config();
        return std::move(files_);
    }

private:
    [[noreturn]] void fail(const char* key, const std::string& problem) const {
        throw FormatError(file_, key, problem);
    }

    const json* value(const char* key) const {
        const auto found = metadata_.find(key);
        return found == metadata_.end() ? nullptr : &*found;
    }
    std::string text(const char* key) const {
        const json* found = value(key);
        return found && found->is_string() ? found->get<std::string>() : std::string();
    }
    bool flag(const char* key, bool otherwise) const {
        const json* found = value(key);
        return found && found->is_boolean() ? found->get<bool>() : otherwise;
    }
    const json& list(const char* key, std::size_t needed) const {
        const json* found = value(key);
        if (!found || !found->is_array() || found->size() < needed)
            fail(key, "is missing or too short; the file's tokenizer is incomplete");
        return *found;
    }
    std::optional<std::size_t> id(const char* key) const {
        const json* found = value(key);
        if (!found || !found->is_number_unsigned() || found->get<std::uint64_t>() >= tokens_.size())
            return std::nullopt;
        return found->get<std::size_t>();
    }

    void read_tokens() {
        const json& tokens = list("tokenizer.ggml.tokens", 1);
        types_.assign(tokens.size(), normal);
        if (value("tokenizer.ggml.token_type")) {
            const json& types = list("tokenizer.ggml.token_type", tokens.size());
            for (std::size_t i = 0; i < tokens.size(); ++i)
                if (types[i].is_number_integer()) types_[i] = types[i].get<int>();
        }
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            if (!tokens[i].is_string()) fail("tokenizer.ggml.tokens", "holds something else than texts");
            std::string token = tokens[i].get<std::string>();
            if (token.empty()) token = "[EMPTY_" + std::to_string(i) + "]";
            if (!ids_.emplace(token, i).second) { // two ids cannot share a spelling in tokenizer.json
                token += "_" + std::to_string(i);
                ids_.emplace(token, i);
            }
            tokens_.push_back(std::move(token));
        }
    }

    void read_special_tokens(bool sentencepiece) {
        bos_ = id("tokenizer.ggml.bos_token_id");
        eos_ = id("tokenizer.ggml.eos_token_id");
        if (sentencepiece) { // llama.cpp's defaults for this kind
            if (!bos_ && tokens_.size() > 1) bos_ = 1;
            if (!eos_ && tokens_.size() > 2) eos_ = 2;
        }
    }

    json added() const {
        json added = json::array();
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            const bool special = types_[i] == control || types_[i] == unknown;
            if (!special && types_[i] != user_defined) continue;
            added.push_back({{"id", i},
                             {"content", tokens_[i]},
                             {"single_word", false},
                             {"lstrip", false},
                             {"rstrip", false},
                             {"normalized", false},
                             {"special", special}});
        }
        return added;
    }

    json vocabulary() const {
        json vocabulary = json::object();
        for (std::size_t i = 0; i < tokens_.size(); ++i)
            vocabulary[tokens_[i]] = i;
        return vocabulary;
    }

    json bpe(json merges) const {
        return {{"type", "BPE"},
                {"dropout", nullptr},
                {"unk_token", nullptr},
                {"continuing_subword_prefix", nullptr},
                {"end_of_word_suffix", nullptr},
                {"fuse_unk", false},
                {"byte_fallback", false},
                {"ignore_merges", false},
                {"vocab", vocabulary()},
                {"merges", std::move(merges)}};
    }

    void build_byte_level() {
        const std::string name = text("tokenizer.ggml.pre");
        const GgufPreTokenizer* pre = find_gguf_pre_tokenizer(name);
        if (!pre) {
            files_.remarks.push_back("The pre-tokenizer '" + printable(name, 40) +
                                     "' is not known here; \"default\" stands in, and text may be encoded otherwise.");
            pre = find_gguf_pre_tokenizer("default");
        }
        json steps = json::array();
        for (const char* expression : pre->expressions)
            steps.push_back(
                {{"type", "Split"}, {"pattern", {{"Regex", expression}}}, {"behavior", "Isolated"}, {"invert", false}});
        const json byte_level = {
            {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}};
        steps.push_back(byte_level);
        files_.tokenizer["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", steps}};
        files_.tokenizer["decoder"] = byte_level;
        files_.tokenizer["model"] = bpe(listed_merges());
        files_.tokenizer["model"]["ignore_merges"] = pre->ignore_merges;
        adds_bos_ = flag("tokenizer.ggml.add_bos_token", pre->adds_bos);
    }

    /// Merges that the vocabulary can carry out: the library refuses a file with any other.
    json listed_merges() const {
        json merges = json::array();
        for (const json& entry : list("tokenizer.ggml.merges", 0)) {
            const std::string pair = entry.is_string() ? entry.get<std::string>() : std::string();
            const auto space = pair.find(' ', 1);
            if (space == std::string::npos) continue;
            const std::string left = pair.substr(0, space), right = pair.substr(space + 1);
            if (ids_.contains(left) && ids_.contains(right) && ids_.contains(left + right))
                merges.push_back({left, right});
        }
        return merges;
    }

    void build_sentencepiece() {
        const bool prefix = flag("tokenizer.ggml.add_space_prefix", true);
        json steps = json::array();
        if (prefix) steps.push_back({{"type", "Prepend"}, {"prepend", word_start}});
        steps.push_back({{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", word_start}});
        files_.tokenizer["normalizer"] = {{"type", "Sequence"}, {"normalizers", steps}};
        json back = {{{"type", "Replace"}, {"pattern", {{"String", word_start}}}, {"content", " "}},
                     {{"type", "ByteFallback"}},
                     {{"type", "Fuse"}}};
        if (prefix) back.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
        files_.tokenizer["decoder"] = {{"type", "Sequence"}, {"decoders", back}};
        json model = bpe(merges_of_scores());
        const auto unknown_id = id("tokenizer.ggml.unknown_token_id");
        if (unknown_id)
            model["unk_token"] = tokens_[*unknown_id];
        else if (ids_.contains("<unk>"))
            model["unk_token"] = "<unk>";
        model["fuse_unk"] = model["byte_fallback"] = true;
        files_.tokenizer["model"] = std::move(model);
        adds_bos_ = flag("tokenizer.ggml.add_bos_token", true);
    }

    /// SentencePiece joins the pair whose result scores best; a list of merges in that order does the same.
    /// Source: transformers, convert_slow_tokenizer.py, generate_merges.
    json merges_of_scores() const {
        const json& scores = list("tokenizer.ggml.scores", tokens_.size());
        struct Pair {
            double score;
            std::size_t left_length, right_length, left, right;
        };
        std::vector<Pair> pairs;
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (types_[i] != normal && types_[i] != user_defined) continue;
            const double score = scores[i].is_number() ? scores[i].get<double>() : 0;
            const auto boundaries = inner_boundaries(tokens_[i]);
            const std::size_t first = pairs.size();
            for (std::size_t k = 0; k < boundaries.size(); ++k) {
                const auto left = ids_.find(tokens_[i].substr(0, boundaries[k]));
                const auto right = ids_.find(tokens_[i].substr(boundaries[k]));
                if (left != ids_.end() && right != ids_.end())
                    pairs.push_back({score, k + 1, boundaries.size() - k, left->second, right->second});
            }
            std::sort(pairs.begin() + static_cast<std::ptrdiff_t>(first), pairs.end(),
                      [](auto& a, auto& b) { return std::tie(a.left, a.right) < std::tie(b.left, b.right); });
        }
        std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
            return std::tie(a.score, a.left_length, a.right_length) > std::tie(b.score, b.left_length, b.right_length);
        });
        json merges = json::array();
        for (const Pair& pair : pairs)
            merges.push_back({tokens_[pair.left], tokens_[pair.right]});
        return merges;
    }

    /// Puts the tokens around the text that the file asks for.
    void add_template() {
        const bool begins = adds_bos_ && bos_, ends = flag("tokenizer.ggml.add_eos_token", false) && eos_;
        if (!begins && !ends) return;
        json special = json::object();
        const auto token = [&](std::size_t which, int type) {
            special[tokens_[which]] = {{"id", tokens_[which]}, {"ids", {which}}, {"tokens", {tokens_[which]}}};
            return json{{"SpecialToken", {{"id", tokens_[which]}, {"type_id", type}}}};
        };
        const auto sequence = [&](json& steps, const char* name, int type) {
            if (begins) steps.push_back(token(*bos_, type));
            steps.push_back({{"Sequence", {{"id", name}, {"type_id", type}}}});
            if (ends) steps.push_back(token(*eos_, type));
        };
        json single = json::array(), pair = json::array();
        sequence(single, "A", 0);
        sequence(pair, "A", 0);
        sequence(pair, "B", 1);
        files_.tokenizer["post_processor"] = {
            {"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", special}};
    }

    void build_config() {
        json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                       {"clean_up_tokenization_spaces", false},
                       {"add_bos_token", adds_bos_ && bos_.has_value()},
                       {"add_eos_token", flag("tokenizer.ggml.add_eos_token", false)}};
        const auto name = [&](const char* key, const std::optional<std::size_t>& which) {
            if (which) config[key] = tokens_[*which];
        };
        name("bos_token", bos_);
        name("eos_token", eos_);
        name("unk_token", id("tokenizer.ggml.unknown_token_id"));
        name("pad_token", id("tokenizer.ggml.padding_token_id"));
        if (const std::string chat = text("tokenizer.chat_template"); !chat.empty()) config["chat_template"] = chat;
        files_.config = std::move(config);
    }

    const json& metadata_;
    const std::string& file_;
    TokenizerFiles files_;
    std::vector<std::string> tokens_;
    std::vector<int> types_;
    std::unordered_map<std::string, std::size_t> ids_;
    std::optional<std::size_t> bos_, eos_;
    bool adds_bos_ = false;
};

} // namespace

TokenizerFiles tokenizer_json_from_gguf(const json& metadata, const std::string& file) {
    if (!metadata.is_object()) return {};
    return Builder(metadata, file).build();
}

} // namespace quantscope
