// The kinds of pre-tokenizer and the reader that puts them together.
#include "core/text/pre_tokenizer.h"

#include <functional>

#include "core/text/normalizer.h"
#include "core/text/unicode.h"

namespace quantscope {

const char* const gpt2_expression = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

using Match = Pattern::Match;
using Finder = std::function<std::vector<Match>(std::string_view)>;

/// Cuts each word at what `find` finds, and puts the parts together as `behavior` says.
class Split : public PreTokenizer {
public:
    Split(Finder find, SplitBehavior behavior, bool invert)
        : find_(std::move(find))
        , behavior_(behavior)
        , invert_(invert) {}

    void apply(Words& words) const override {
        std::vector<Words::Stretch> out;
        for (const auto& stretch : words.stretches) {
            for (const auto& [begin, end] : parts(words.view(stretch))) {
                if (end > begin)
                    out.push_back({stretch.begin + begin, stretch.begin + end, stretch.begins_text && begin == 0});
            }
        }
        words.stretches = std::move(out);
    }

private:
    struct Part {
        std::size_t begin, end;
        bool matched;
    };

    std::vector<Match> parts(std::string_view text) const {
        std::vector<Part> cut;
        std::size_t at = 0;
        for (const auto& [begin, end] : find_(text)) {
            if (begin > at) cut.push_back({at, begin, invert_});
            cut.push_back({begin, end, !invert_});
            at = end;
        }
        if (at < text.size()) cut.push_back({at, text.size(), invert_});
        std::vector<Match> out;
        bool previous_matched = false;
        for (std::size_t i = 0; i < cut.size(); ++i) {
            const auto& part = cut[i];
            bool join = false; // with the part before it
            switch (behavior_) {
            case SplitBehavior::removed:
                if (part.matched) continue;
                break;
            case SplitBehavior::isolated:
                break;
            case SplitBehavior::contiguous:
                join = i > 0 && part.matched == previous_matched;
                break;
            case SplitBehavior::merged_with_previous:
                join = i > 0 && part.matched && !previous_matched;
                break;
            case SplitBehavior::merged_with_next:
                join = i > 0 && !part.matched && previous_matched;
                break;
            }
            if (join)
                out.back().second = part.end;
            else
                out.emplace_back(part.begin, part.end);
            previous_matched = part.matched;
        }
        return out;
    }

    Finder find_;
    SplitBehavior behavior_;
    bool invert_;
};

/// Every character for which `test` holds, as a match of its own.
Finder characters(bool (*test)(char32_t)) {
    return [test](std::string_view text) {
        std::vector<Match> matches;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t begin = at;
            if (test(next_character(text, at))) matches.emplace_back(begin, at);
        }
        return matches;
    };
}

std::unique_ptr<PreTokenizer> split_at(bool (*test)(char32_t), SplitBehavior behavior) {
    return std::make_unique<Split>(characters(test), behavior, false);
}

class Chain : public PreTokenizer {
public:
    explicit Chain(std::vector<std::unique_ptr<PreTokenizer>> steps)
        : steps_(std::move(steps)) {}
    void apply(Words& words) const override {
        for (const auto& step : steps_)
            step->apply(words);
    }

private:
    std::vector<std::unique_ptr<PreTokenizer>> steps_;
};

/// Builds the text anew, word by word.
template <typename Change>
void rewrite(Words& words, Change&& change) {
    Words out;
    out.text.reserve(words.text.size() + words.text.size() / 4);
    for (const auto& stretch : words.stretches) {
        const std::size_t begin = out.text.size();
        change(out.text, words.view(stretch), stretch.begins_text);
        out.stretches.push_back({begin, out.text.size(), stretch.begins_text});
    }
    words = std::move(out);
}

class ByteLevel : public PreTokenizer {
public:
    ByteLevel(bool add_prefix_space, bool split)
        : add_prefix_space_(add_prefix_space) {
        if (split) split_ = split_by(Pattern(gpt2_expression, {}, "ByteLevel"), SplitBehavior::isolated, false);
    }
    void apply(Words& words) const override {
        if (add_prefix_space_) {
            rewrite(words, [](std::string& out, std::string_view word, bool) {
                if (!word.starts_with(' ')) out += ' ';
                out += word;
            });
        }
        if (split_) split_->apply(words);
        rewrite(words, [](std::string& out, std::string_view word, bool) { out += bytes_to_letters(word); });
    }

private:
    bool add_prefix_space_;
    std::unique_ptr<PreTokenizer> split_;
};

class Metaspace : public PreTokenizer {
public:
    enum class Prepend { always, never, first };
    Metaspace(std::string replacement, Prepend prepend, bool split, const JsonPlace& place)
        : replacement_(std::move(replacement))
        , prepend_(prepend) {
        if (split)
            split_ =
                split_by(Pattern::literal(replacement_, place.file, place.key), SplitBehavior::merged_with_next, false);
    }
    void apply(Words& words) const override {
        rewrite(words, [&](std::string& out, std::string_view word, bool begins_text) {
            std::string changed;
            for (const char c : word) {
                if (c == ' ')
                    changed += replacement_;
                else
                    changed += c;
            }
            const bool wanted = prepend_ == Prepend::always || (prepend_ == Prepend::first && begins_text);
            if (wanted && !changed.starts_with(replacement_)) out += replacement_;
            out += changed;
        });
        if (split_) split_->apply(words);
    }

private:
    std::string replacement_;
    Prepend prepend_;
    std::unique_ptr<PreTokenizer> split_;
};

std::unique_ptr<PreTokenizer> read_metaspace(const nlohmann::json& description, const JsonPlace& place) {
    auto prepend = flag_member(description, "add_prefix_space", place, true) ? Metaspace::Prepend::always
                                                                             : Metaspace::Prepend::never;
    const auto scheme = string_member(description, "prepend_scheme", place, "");
    if (scheme == "always")
        prepend = Metaspace::Prepend::always;
    else if (scheme == "never")
        prepend = Metaspace::Prepend::never;
    else if (scheme == "first")
        prepend = Metaspace::Prepend::first;
    else if (!scheme.empty())
        place.below("prepend_scheme").fail("\"" + printable(scheme, 60) + "\" is not known here");
    return std::make_unique<Metaspace>(string_member(description, "replacement", place, "\xe2\x96\x81"), prepend,
                                       flag_member(description, "split", place, true), place);
}

SplitBehavior read_behavior(const nlohmann::json& description, const JsonPlace& place) {
    const auto name = string_member(description, "behavior", place, "Isolated");
    if (name == "Removed") return SplitBehavior::removed;
    if (name == "Isolated") return SplitBehavior::isolated;
    if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
    if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
    if (name == "Contiguous") return SplitBehavior::contiguous;
    place.below("behavior").fail("\"" + printable(name, 60) + "\" is not known here; text cannot be encoded");
}

/// Runs of equal length in characters, the last one shorter.
Finder fixed_length(std::size_t length) {
    return [length](std::string_view text) {
        std::vector<Match> matches;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t begin = at;
            for (std::size_t i = 0; i < length && at < text.size(); ++i)
                next_character(text, at);
            matches.emplace_back(begin, at);
        }
        return matches;
    };
}

std::unique_ptr<PreTokenizer> read(const nlohmann::json& description, const JsonPlace& place, int depth) {
    if (depth > 20) place.fail("is nested more than 20 deep; the tokenizer is refused");
    const auto type = string_member(description, "type", place);
    if (type == "Sequence") {
        const auto* list = member(description, "pretokenizers");
        if (!list || !list->is_array()) place.below("pretokenizers").fail("is missing; the tokenizer is incomplete");
        std::vector<std::unique_ptr<PreTokenizer>> steps;
        for (const auto& step : *list)
            steps.push_back(read(step, place.below("pretokenizers"), depth + 1));
        return one_after_another(std::move(steps));
    }
    if (type == "ByteLevel") {
        return byte_level(flag_member(description, "add_prefix_space", place, true),
                          flag_member(description, "use_regex", place, true));
    }
    if (type == "Split") {
        return split_by(read_pattern(description, place), read_behavior(description, place),
                        flag_member(description, "invert", place, false));
    }
    if (type == "Digits") {
        const bool individual = flag_member(description, "individual_digits", place, false);
        return split_at(is_number, individual ? SplitBehavior::isolated : SplitBehavior::contiguous);
    }
    if (type == "Metaspace") return read_metaspace(description, place);
    if (type == "WhitespaceSplit") return split_at(is_white_space, SplitBehavior::removed);
    if (type == "Whitespace")
        return split_by(Pattern(R"(\w+|[^\w\s]+)", place.file, place.key), SplitBehavior::removed, true);
    if (type == "Punctuation") return split_at(is_punctuation, read_behavior(description, place));
    if (type == "BertPreTokenizer") {
        std::vector<std::unique_ptr<PreTokenizer>> steps;
        steps.push_back(split_at(is_white_space, SplitBehavior::removed));
        steps.push_back(split_at(is_punctuation, SplitBehavior::isolated));
        return one_after_another(std::move(steps));
    }
    if (type == "CharDelimiterSplit") {
        return split_by(Pattern::literal(string_member(description, "delimiter", place), place.file, place.key),
                        SplitBehavior::removed, false);
    }
    if (type == "FixedLength") {
        const auto length = index_member(description, "length", place, 5);
        if (length == 0) place.below("length").fail("is 0; the tokenizer is damaged");
        return std::make_unique<Split>(fixed_length(static_cast<std::size_t>(length)), SplitBehavior::isolated, false);
    }
    place.fail("the pre-tokenizer \"" + printable(type, 60) + "\" is not known here; text cannot be encoded");
}

} // namespace

std::unique_ptr<PreTokenizer> split_by(Pattern pattern, SplitBehavior behavior, bool invert) {
    return std::make_unique<Split>(
        [pattern = std::move(pattern)](std::string_view text) { return pattern.find_all(text); }, behavior, invert);
}

std::unique_ptr<PreTokenizer> byte_level(bool add_prefix_space, bool words) {
    return std::make_unique<ByteLevel>(add_prefix_space, words);
}

std::unique_ptr<PreTokenizer> one_after_another(std::vector<std::unique_ptr<PreTokenizer>> steps) {
    return std::make_unique<Chain>(std::move(steps));
}

std::unique_ptr<PreTokenizer> read_pre_tokenizer(const nlohmann::json& description, const std::string& file) {
    if (description.is_null()) return nullptr;
    return read(description, {file, "pre_tokenizer"}, 0);
}

} // namespace quantscope
