// What a Tokenizer is made of, for the readers in this folder that put one together.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/text/added_tokens.h"
#include "core/text/normalizer.h"
#include "core/text/pre_tokenizer.h"
#include "core/text/subword_model.h"
#include "core/text/token_decoder.h"

namespace quantscope {

struct TokenizerParts {
    std::string file, kind;                      ///< kind: "byte-level BPE" or "SentencePiece BPE"
    std::unique_ptr<Normalizer> normalizer;      ///< may be null
    std::unique_ptr<PreTokenizer> pre_tokenizer; ///< may be null: the whole text is one word
    std::unique_ptr<SubwordModel> model;
    std::unique_ptr<TokenDecoder> decoder;
    AddedTokens added;
    std::vector<std::int32_t> before, after; ///< put around a text that is encoded with add_special
    std::optional<std::int32_t> bos, eos;
    std::vector<std::int32_t> end_tokens;
    std::string chat_template;
    std::vector<std::string> remarks;

    /// The id of a token, added ones first.
    std::optional<std::int32_t> find(std::string_view spelling) const;
    const std::string& spelling(std::int32_t id) const;
    std::int32_t size() const;
    void add_end_token(std::optional<std::int32_t> id); ///< unless it is known, or no id of this vocabulary
    /// Adds the special tokens that end a turn in every family we know, whatever the file calls them.
    void add_known_end_tokens();
};

/// The token texts that always end a turn ("<|im_end|>", "<end_of_turn>", …).
bool is_known_end_token(std::string_view spelling);

} // namespace quantscope
