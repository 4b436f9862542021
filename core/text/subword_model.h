// What turns one pre-tokenized word into ids: pairs of neighbours are merged, the most wanted pair first.
// Two kinds: merges ranked in a list (BPE of Sennrich et al. 2016, as GPT-2 and tokenizer.json have it), and merges
// into whatever token of the vocabulary scores best (SentencePiece's BPE, as GGUF keeps it).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/text/vocabulary.h"

namespace quantscope {

class SubwordModel {
public:
    virtual ~SubwordModel() = default;
    /// Appends the ids of one word. \param word  valid UTF-8
    virtual void encode(std::string_view word, std::vector<std::int32_t>& ids) const = 0;
    const Vocabulary& vocabulary() const { return vocabulary_; }

protected:
    explicit SubwordModel(Vocabulary vocabulary)
        : vocabulary_(std::move(vocabulary)) {}
    Vocabulary vocabulary_;
};

struct RankedMergesOptions {
    std::optional<std::int32_t> unknown;       ///< for characters that the vocabulary lacks; none: they are dropped
    bool fuse_unknown = false;                 ///< neighbouring unknown characters become one token
    bool byte_fallback = false;                ///< … or first their UTF-8 bytes "<0xE4>", when all are there
    bool ignore_merges = false;                ///< a word that is a token needs no merging
    std::string continuing_prefix, end_suffix; ///< spelled around the characters of a word ("##", "</w>")
};

/// One entry of a merge list, as ids.
struct Merge {
    std::int32_t left = 0, right = 0, merged = 0;
};

class RankedMerges : public SubwordModel {
public:
    /// \param merges  the most wanted first; of a pair that occurs twice the later rank holds, as in the tokenizers
    /// library
    RankedMerges(Vocabulary vocabulary, const std::vector<Merge>& merges, RankedMergesOptions options);
    void encode(std::string_view word, std::vector<std::int32_t>& ids) const override;
    const RankedMergesOptions& options() const { return options_; }

private:
    struct Ranked {
        std::uint32_t rank = 0;
        std::int32_t merged = 0;
    };
    const Ranked* find(std::int32_t left, std::int32_t right) const;
    void split(std::string_view word, std::vector<std::int32_t>& ids) const;
    void append_unknown(std::string_view character, std::vector<std::int32_t>& ids, bool& after_unknown) const;
    void merge(std::vector<std::int32_t>& ids, std::size_t first) const;

    RankedMergesOptions options_;
    std::unordered_map<std::uint64_t, Ranked> ranks_;
    std::int32_t byte_ids_[256]; ///< of "<0x00>"…"<0xFF>"; −1 where absent
};

class ScoredMerges : public SubwordModel {
public:
    /// \param scores   per id; the highest is merged first
    /// \param unknown  for bytes that have no token of their own; none: they are dropped
    ScoredMerges(Vocabulary vocabulary, std::vector<float> scores, std::optional<std::int32_t> unknown);
    void encode(std::string_view word, std::vector<std::int32_t>& ids) const override;

private:
    void append_bytes(std::string_view character, std::vector<std::int32_t>& ids) const;

    std::vector<float> scores_;
    std::optional<std::int32_t> unknown_;
    std::int32_t byte_ids_[256];
};

} // namespace quantscope
