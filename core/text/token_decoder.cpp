// The kinds of decoder and the reader that puts them together.
#include "core/text/token_decoder.h"

#include "core/text/json_reading.h"
#include "core/text/normalizer.h"
#include "core/text/unicode.h"

namespace quantscope {

namespace {

constexpr const char* replacement_character = "\xef\xbf\xbd";

class ByteLevel : public TokenDecoder {
public:
    void apply(std::vector<std::string>& tokens) const override {
        std::string all;
        for (auto& token : tokens)
            all += bytes(std::move(token));
        tokens = {valid_utf8(all)};
    }
    std::string bytes(std::string token) const override {
        auto decoded = letters_to_bytes(token);
        return decoded ? *decoded : token;
    }
};

/// Runs of "<0xE4>" become their text, or one U+FFFD a byte when they are none.
class ByteFallback : public TokenDecoder {
public:
    void apply(std::vector<std::string>& tokens) const override {
        std::vector<std::string> out;
        std::string run;
        const auto end_run = [&] {
            if (run.empty()) return;
            if (is_valid_utf8(run))
                out.push_back(run);
            else
                for (std::size_t i = 0; i < run.size(); ++i)
                    out.emplace_back(replacement_character);
            run.clear();
        };
        for (auto& token : tokens) {
            if (const auto byte = spelled_byte(token)) {
                run += static_cast<char>(*byte);
                continue;
            }
            end_run();
            out.push_back(std::move(token));
        }
        end_run();
        tokens = std::move(out);
    }
    std::string bytes(std::string token) const override {
        const auto byte = spelled_byte(token);
        return byte ? std::string(1, static_cast<char>(*byte)) : token;
    }
};

class Replace : public TokenDecoder {
public:
    Replace(Pattern pattern, std::string content)
        : pattern_(std::move(pattern))
        , content_(std::move(content)) {}
    void apply(std::vector<std::string>& tokens) const override {
        for (auto& token : tokens)
            token = bytes(std::move(token));
    }
    std::string bytes(std::string token) const override {
        std::string out;
        std::size_t at = 0;
        for (const auto& [begin, end] : pattern_.find_all(token)) {
            out.append(token, at, begin - at);
            out += content_;
            at = end;
        }
        return out.append(token, at);
    }

private:
    Pattern pattern_;
    std::string content_;
};

class Fuse : public TokenDecoder {
public:
    void apply(std::vector<std::string>& tokens) const override {
        std::string all;
        for (const auto& token : tokens)
            all += token;
        tokens = {all};
    }
};

/// Takes up to so many of one character from each token's ends; after a Fuse that is the text's ends.
class Strip : public TokenDecoder {
public:
    Strip(std::string content, std::int32_t start, std::int32_t stop)
        : content_(std::move(content))
        , start_(start)
        , stop_(stop) {}
    void apply(std::vector<std::string>& tokens) const override {
        for (auto& token : tokens) {
            std::size_t begin = 0, end = token.size();
            for (std::int32_t i = 0; i < start_ && token.compare(begin, content_.size(), content_) == 0; ++i)
                begin += content_.size();
            for (std::int32_t i = 0; i < stop_ && end >= begin + content_.size(); ++i) {
                if (token.compare(end - content_.size(), content_.size(), content_) != 0) break;
                end -= content_.size();
            }
            token = token.substr(begin, end - begin);
        }
    }
    std::string bytes(std::string token) const override { return token; }

private:
    std::string content_;
    std::int32_t start_, stop_;
};

class Metaspace : public TokenDecoder {
public:
    Metaspace(std::string replacement, bool prefixed)
        : replacement_(std::move(replacement))
        , prefixed_(prefixed) {}
    void apply(std::vector<std::string>& tokens) const override {
        for (std::size_t i = 0; i < tokens.size(); ++i)
            tokens[i] = decoded(tokens[i], prefixed_ && i == 0);
    }
    std::string bytes(std::string token) const override { return decoded(token, false); }

private:
    /// In the first token the signs are the encoder's own and go away; elsewhere they are spaces.
    std::string decoded(const std::string& token, bool first) const {
        std::string out;
        for (std::size_t at = 0; at < token.size();) {
            if (token.compare(at, replacement_.size(), replacement_) == 0) {
                if (!first) out += ' ';
                at += replacement_.size();
            } else {
                out += token[at++];
            }
        }
        return out;
    }
    std::string replacement_;
    bool prefixed_;
};

/// "##ing" joins what stands before it; other tokens are words of their own.
class WordPiece : public TokenDecoder {
public:
    explicit WordPiece(std::string prefix)
        : prefix_(std::move(prefix)) {}
    void apply(std::vector<std::string>& tokens) const override {
        for (std::size_t i = 1; i < tokens.size(); ++i) {
            if (tokens[i].starts_with(prefix_))
                tokens[i].erase(0, prefix_.size());
            else
                tokens[i].insert(0, 1, ' ');
        }
    }

private:
    std::string prefix_;
};

/// "</w>" ends a word.
class WordEnd : public TokenDecoder {
public:
    explicit WordEnd(std::string suffix)
        : suffix_(std::move(suffix)) {}
    void apply(std::vector<std::string>& tokens) const override {
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            const std::string between = i + 1 < tokens.size() ? " " : "";
            for (auto at = tokens[i].find(suffix_); at != std::string::npos && !suffix_.empty();
                 at = tokens[i].find(suffix_, at + between.size()))
                tokens[i].replace(at, suffix_.size(), between);
        }
    }

private:
    std::string suffix_;
};

class JoinedBySpaces : public TokenDecoder {
public:
    void apply(std::vector<std::string>& tokens) const override {
        for (std::size_t i = 1; i < tokens.size(); ++i)
            tokens[i].insert(0, 1, ' ');
    }
};

class Chain : public TokenDecoder {
public:
    std::vector<std::unique_ptr<TokenDecoder>> steps;
    void apply(std::vector<std::string>& tokens) const override {
        for (const auto& step : steps)
            step->apply(tokens);
    }
    std::string bytes(std::string token) const override {
        for (const auto& step : steps)
            token = step->bytes(std::move(token));
        return token;
    }
};

std::unique_ptr<TokenDecoder> read(const nlohmann::json& description, const JsonPlace& place, int depth) {
    if (depth > 20) place.fail("is nested more than 20 deep; the tokenizer is refused");
    const auto type = string_member(description, "type", place);
    if (type == "Sequence") {
        auto chain = std::make_unique<Chain>();
        const auto* list = member(description, "decoders");
        if (!list || !list->is_array()) place.below("decoders").fail("is missing; the tokenizer is incomplete");
        for (const auto& step : *list)
            chain->steps.push_back(read(step, place.below("decoders"), depth + 1));
        return chain;
    }
    if (type == "ByteLevel") return byte_level_decoder();
    if (type == "ByteFallback") return std::make_unique<ByteFallback>();
    if (type == "Fuse") return std::make_unique<Fuse>();
    if (type == "Replace")
        return std::make_unique<Replace>(read_pattern(description, place),
                                         string_member(description, "content", place));
    if (type == "Strip") {
        auto content = string_member(description, "content", place);
        if (content.empty()) place.below("content").fail("is empty; the tokenizer is damaged");
        return std::make_unique<Strip>(std::move(content), index_member(description, "start", place, 0),
                                       index_member(description, "stop", place, 0));
    }
    if (type == "Metaspace") {
        const bool prefixed = flag_member(description, "add_prefix_space", place, true) &&
                              string_member(description, "prepend_scheme", place, "always") != "never";
        auto replacement = string_member(description, "replacement", place, "\xe2\x96\x81");
        if (replacement.empty()) place.below("replacement").fail("is empty; the tokenizer is damaged");
        return std::make_unique<Metaspace>(std::move(replacement), prefixed);
    }
    if (type == "WordPiece") return std::make_unique<WordPiece>(string_member(description, "prefix", place, "##"));
    if (type == "BPEDecoder") return std::make_unique<WordEnd>(string_member(description, "suffix", place, "</w>"));
    place.fail("the decoder \"" + printable(type, 60) + "\" is not known here; tokens cannot be turned into text");
}

} // namespace

std::unique_ptr<TokenDecoder> byte_level_decoder() { return std::make_unique<ByteLevel>(); }

std::unique_ptr<TokenDecoder> sentencepiece_decoder(bool strip_first_space) {
    auto chain = std::make_unique<Chain>();
    chain->steps.push_back(std::make_unique<Replace>(Pattern::literal("\xe2\x96\x81", {}, {}), " "));
    chain->steps.push_back(std::make_unique<ByteFallback>());
    chain->steps.push_back(std::make_unique<Fuse>());
    if (strip_first_space) chain->steps.push_back(std::make_unique<Strip>(" ", 1, 0));
    return chain;
}

std::unique_ptr<TokenDecoder> read_token_decoder(const nlohmann::json& description, const std::string& file) {
    if (description.is_null()) return std::make_unique<JoinedBySpaces>();
    return read(description, {file, "decoder"}, 0);
}

} // namespace quantscope
