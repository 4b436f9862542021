// The tokenizer in a Hugging Face tokenizer.json. The tokenizers library is the judge of what its keys mean.
#include <algorithm>

#include "core/text/json_reading.h"
#include "core/text/tokenizer.h"
#include "core/text/tokenizer_config.h"
#include "core/text/tokenizer_parts.h"

namespace quantscope {

namespace {

using nlohmann::json;

/// Whether a step, or one inside it, is of this kind. Nesting is bounded by the readers of the steps.
bool has_step(const json& description, const char* type) {
    if (!description.is_object()) return false;
    if (const auto* own = member(description, "type"); own && own->is_string() && *own == type) return true;
    for (const char* list : {"normalizers", "pretokenizers", "decoders", "processors"}) {
        const auto* steps = member(description, list);
        if (!steps || !steps->is_array()) continue;
        for (const auto& step : *steps)
            if (has_step(step, type)) return true;
    }
    return false;
}

class JsonReader {
public:
    JsonReader(const json& tokenizer, const std::string& file)
        : tokenizer_(tokenizer)
        , file_(file) {}

    std::unique_ptr<TokenizerParts> read() {
        if (!tokenizer_.is_object()) JsonPlace{file_, ""}.fail("is no JSON object; the tokenizer is damaged");
        parts_->file = file_;
        parts_->normalizer = read_normalizer(step("normalizer"), file_);
        parts_->pre_tokenizer = read_pre_tokenizer(step("pre_tokenizer"), file_);
        parts_->decoder = read_token_decoder(step("decoder"), file_);
        read_model();
        read_added_tokens();
        read_post_processor(step("post_processor"), {file_, "post_processor"}, 0);
        return std::move(parts_);
    }

private:
    const json& step(const char* name) const {
        static const json none;
        const auto* found = member(tokenizer_, name);
        return found ? *found : none;
    }

    void read_model() {
        const JsonPlace place{file_, "model"};
        const auto* model = member(tokenizer_, "model");
        if (!model || !model->is_object()) place.fail("is missing; the tokenizer is incomplete");
        const auto type = string_member(*model, "type", place, member(*model, "merges") ? "BPE" : "");
        if (type != "BPE")
            place.below("type").fail("the model \"" + printable(type, 60) +
                                     "\" is not known here (BPE is); text cannot be encoded");
        auto vocabulary = read_vocabulary(*model, place);
        RankedMergesOptions options;
        options.continuing_prefix = string_member(*model, "continuing_subword_prefix", place, "");
        options.end_suffix = string_member(*model, "end_of_word_suffix", place, "");
        options.fuse_unknown = flag_member(*model, "fuse_unk", place, false);
        options.byte_fallback = flag_member(*model, "byte_fallback", place, false);
        options.ignore_merges = flag_member(*model, "ignore_merges", place, false);
        if (const auto unknown = string_member(*model, "unk_token", place, ""); !unknown.empty()) {
            options.unknown = vocabulary.find(unknown);
            if (!options.unknown)
                place.below("unk_token").fail("\"" + printable(unknown, 60) + "\" is not in the vocabulary");
        }
        const auto* dropout = member(*model, "dropout");
        if (dropout && !(dropout->is_number() && dropout->get<double>() == 0))
            parts_->remarks.push_back("model.dropout: is for training and is not applied");
        const auto merges = read_merges(*model, place, vocabulary, options.continuing_prefix.size());
        const bool bytes = has_step(step("pre_tokenizer"), "ByteLevel") || has_step(step("normalizer"), "ByteLevel");
        parts_->kind = bytes ? "byte-level BPE" : "SentencePiece BPE";
        parts_->model = std::make_unique<RankedMerges>(std::move(vocabulary), merges, options);
    }

    Vocabulary read_vocabulary(const json& model, const JsonPlace& place) const {
        const auto* entries = member(model, "vocab");
        if (!entries || !entries->is_object())
            place.below("vocab").fail("is missing or no object; the tokenizer is incomplete");
        std::vector<std::pair<std::string, std::int64_t>> tokens;
        tokens.reserve(entries->size());
        for (const auto& [spelling, id] : entries->items()) {
            const bool usable =
                id.is_number_integer() && !(id.is_number_unsigned() && id.get<std::uint64_t>() > INT32_MAX);
            if (!usable)
                place.below("vocab").fail("the token \"" + printable(spelling, 60) + "\" has no integer id in range");
            tokens.emplace_back(spelling, id.get<std::int64_t>());
        }
        return Vocabulary(std::move(tokens), file_, place.below("vocab").key);
    }

    /// "a b", or since 2024 ["a", "b"], where tokens may hold spaces.
    std::vector<Merge> read_merges(const json& model, const JsonPlace& model_place, const Vocabulary& vocabulary,
                                   std::size_t prefix) const {
        const auto place = model_place.below("merges");
        const auto* entries = member(model, "merges");
        if (!entries || !entries->is_array()) place.fail("is missing or no list; the tokenizer is incomplete");
        std::vector<Merge> merges;
        merges.reserve(entries->size());
        std::string both;
        for (const auto& entry : *entries) {
            std::string_view left, right;
            if (entry.is_string()) {
                const std::string_view text = entry.get_ref<const std::string&>();
                const auto space = text.find(' ');
                if (space == text.npos || text.find(' ', space + 1) != text.npos)
                    place.fail("the entry \"" + printable(text, 60) + "\" is no pair of tokens");
                left = text.substr(0, space), right = text.substr(space + 1);
            } else if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
                left = entry[0].get_ref<const std::string&>(), right = entry[1].get_ref<const std::string&>();
            } else {
                place.fail("entry " + std::to_string(merges.size()) +
                           " is no pair of tokens; the tokenizer is damaged");
            }
            both = left;
            both += right.substr(std::min(prefix, right.size()));
            const auto l = vocabulary.find(left), r = vocabulary.find(right), merged = vocabulary.find(both);
            if (!l || !r || !merged)
                place.fail("entry " + std::to_string(merges.size()) + " names the token \"" +
                           printable(!l   ? left
                                     : !r ? right
                                          : both,
                                     60) +
                           "\", which the vocabulary lacks");
            merges.push_back({*l, *r, *merged});
        }
        return merges;
    }

    void read_added_tokens() {
        const JsonPlace place{file_, "added_tokens"};
        const auto* entries = member(tokenizer_, "added_tokens");
        if (entries && !entries->is_array()) place.fail("is no list; the tokenizer is damaged");
        std::vector<AddedToken> tokens;
        for (std::size_t i = 0; entries && i < entries->size(); ++i) {
            const auto& entry = (*entries)[i];
            AddedToken token;
            token.content = string_member(entry, "content", place);
            token.id = index_member(entry, "id", place, -1);
            token.special = flag_member(entry, "special", place, false);
            token.lstrip = flag_member(entry, "lstrip", place, false);
            token.rstrip = flag_member(entry, "rstrip", place, false);
            token.normalized = flag_member(entry, "normalized", place, !token.special);
            token.single_word = flag_member(entry, "single_word", place, false);
            tokens.push_back(std::move(token));
        }
        check_added_tokens(tokens, place);
        parts_->added = AddedTokens(std::move(tokens), AddedTokens::Order::leftmost_longest, parts_->normalizer.get());
    }

    void check_added_tokens(const std::vector<AddedToken>& tokens, const JsonPlace& place) const {
        const auto& vocabulary = parts_->model->vocabulary();
        const auto limit = Vocabulary::id_limit(static_cast<std::size_t>(vocabulary.size()) + tokens.size());
        std::unordered_map<std::int32_t, std::string_view> owners;
        std::unordered_map<std::string_view, std::int32_t> ids;
        for (const auto& token : tokens) {
            const auto named = "\"" + printable(token.content, 60) + "\"";
            if (token.id < 0 || token.id >= limit) place.fail("the id of " + named + " is missing or out of range");
            const auto known = vocabulary.find(token.content);
            if (known && *known != token.id)
                place.fail(named + " has the id " + std::to_string(token.id) + " here and " + std::to_string(*known) +
                           " in the vocabulary; the tokenizer is damaged");
            if (const auto& other = vocabulary.spelling(token.id); !known && !other.empty())
                place.fail(named + " has the id " + std::to_string(token.id) + ", which the vocabulary gives to \"" +
                           printable(other, 60) + "\"; the tokenizer is damaged");
            if (!owners.try_emplace(token.id, token.content).second || !ids.try_emplace(token.content, token.id).second)
                place.fail(named + " or its id " + std::to_string(token.id) +
                           " occurs twice; the tokenizer is damaged");
        }
    }

    void read_post_processor(const json& processor, const JsonPlace& place, int depth) {
        if (processor.is_null()) return;
        if (depth > 20) place.fail("is nested more than 20 deep; the tokenizer is refused");
        const auto type = string_member(processor, "type", place);
        if (type == "ByteLevel") return; // changes positions only
        if (type == "Sequence") {
            const auto* list = member(processor, "processors");
            if (!list || !list->is_array()) place.below("processors").fail("is missing; the tokenizer is incomplete");
            for (const auto& inner : *list)
                read_post_processor(inner, place.below("processors"), depth + 1);
        } else if (type == "TemplateProcessing") {
            read_template(processor, place);
        } else if (type == "RobertaProcessing" || type == "BertProcessing") {
            parts_->before.insert(parts_->before.begin(), pair_id(processor, "cls", place));
            parts_->after.push_back(pair_id(processor, "sep", place));
        } else {
            place.fail("the post-processor \"" + printable(type, 60) + "\" is not known here; text cannot be encoded");
        }
    }

    /// "cls": ["<s>", 1]
    std::int32_t pair_id(const json& processor, const char* name, const JsonPlace& place) const {
        const auto* pair = member(processor, name);
        if (!pair || !pair->is_array() || pair->size() != 2 || !(*pair)[1].is_number_integer())
            place.below(name).fail("is no pair of token and id; the tokenizer is damaged");
        return checked((*pair)[1], place.below(name));
    }

    std::int32_t checked(const json& id, const JsonPlace& place) const {
        const bool fits =
            id.is_number_integer() && id.get<std::int64_t>() >= 0 && id.get<std::int64_t>() < parts_->size();
        if (!fits) place.fail("names an id outside of the vocabulary; the tokenizer is damaged");
        return id.get<std::int32_t>();
    }

    /// "single": tokens before and after the sequence A.
    void read_template(const json& processor, const JsonPlace& place) {
        const auto* single = member(processor, "single");
        if (!single || !single->is_array() || single->size() > 100)
            place.below("single").fail("is missing or no short list; the tokenizer is damaged");
        std::vector<std::int32_t> before, after;
        bool behind_text = false;
        for (const auto& item : *single) {
            if (const auto* sequence = member(item, "Sequence")) {
                if (behind_text || string_member(*sequence, "id", place.below("single"), "A") != "A")
                    place.below("single").fail("repeats the text; that is not known here");
                behind_text = true;
                continue;
            }
            const auto* special = member(item, "SpecialToken");
            if (!special) place.below("single").fail("holds something else than SpecialToken and Sequence");
            const auto name = string_member(*special, "id", place.below("single"));
            const auto* meanings = member(processor, "special_tokens");
            const auto* meaning = meanings ? member(*meanings, name.c_str()) : nullptr;
            const auto* ids = meaning ? member(*meaning, "ids") : nullptr;
            const auto where = place.below("special_tokens").below(printable(name, 60));
            if (!ids || !ids->is_array() || ids->size() > 100) where.fail("has no ids; the tokenizer is incomplete");
            for (const auto& id : *ids)
                (behind_text ? after : before).push_back(checked(id, where));
        }
        parts_->before.insert(parts_->before.begin(), before.begin(), before.end());
        parts_->after.insert(parts_->after.end(), after.begin(), after.end());
    }

    const json& tokenizer_;
    const std::string& file_;
    std::unique_ptr<TokenizerParts> parts_ = std::make_unique<TokenizerParts>();
};

} // namespace

std::unique_ptr<Tokenizer> Tokenizer::from_tokenizer_json(const json& tokenizer, const json& tokenizer_config,
                                                          const std::string& file, const json& generation_config) {
    auto parts = JsonReader(tokenizer, file).read();
    const auto* processor = member(tokenizer, "post_processor");
    const bool places_tokens =
        processor && (has_step(*processor, "TemplateProcessing") || has_step(*processor, "RobertaProcessing") ||
                      has_step(*processor, "BertProcessing"));
    apply_tokenizer_config(*parts, tokenizer_config, generation_config, places_tokens);
    return std::make_unique<Tokenizer>(std::move(parts));
}

} // namespace quantscope
