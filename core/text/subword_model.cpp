// Both kinds of merging with a heap over a linked list of symbols: n log n in the length of the word.
#include "core/text/subword_model.h"

#include <algorithm>
#include <queue>

#include "core/text/unicode.h"

namespace quantscope {

namespace {

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
}

void find_byte_tokens(const Vocabulary& vocabulary, std::int32_t* ids) {
    for (unsigned byte = 0; byte < 256; ++byte)
        ids[byte] = vocabulary.find(byte_spelling(static_cast<std::uint8_t>(byte))).value_or(-1);
}

} // namespace

RankedMerges::RankedMerges(Vocabulary vocabulary, const std::vector<Merge>& merges, RankedMergesOptions options)
    : SubwordModel(std::move(vocabulary))
    , options_(std::move(options)) {
    find_byte_tokens(vocabulary_, byte_ids_);
    ranks_.reserve(merges.size());
    for (std::size_t rank = 0; rank < merges.size(); ++rank)
        ranks_[pair_key(merges[rank].left, merges[rank].right)] = {static_cast<std::uint32_t>(rank),
                                                                   merges[rank].merged};
}

const RankedMerges::Ranked* RankedMerges::find(std::int32_t left, std::int32_t right) const {
    const auto it = ranks_.find(pair_key(left, right));
    return it == ranks_.end() ? nullptr : &it->second;
}

void RankedMerges::encode(std::string_view word, std::vector<std::int32_t>& ids) const {
    if (word.empty()) return;
    if (options_.ignore_merges) {
        if (const auto whole = vocabulary_.find(word)) return ids.push_back(*whole);
    }
    const std::size_t first = ids.size();
    split(word, ids);
    if (ids.size() > first + 1) merge(ids, first);
}

/// One symbol a character; what the vocabulary lacks becomes bytes, the unknown token, or nothing.
void RankedMerges::split(std::string_view word, std::vector<std::int32_t>& ids) const {
    const bool plain = options_.continuing_prefix.empty() && options_.end_suffix.empty();
    bool after_unknown = false;
    std::string spelled;
    for (std::size_t at = 0; at < word.size();) {
        const std::size_t begin = at;
        next_character(word, at);
        std::string_view symbol = word.substr(begin, at - begin);
        if (!plain) {
            spelled.clear();
            if (begin > 0) spelled += options_.continuing_prefix;
            spelled += symbol;
            if (at == word.size()) spelled += options_.end_suffix;
            symbol = spelled;
        }
        if (const auto id = vocabulary_.find(symbol)) {
            ids.push_back(*id);
            after_unknown = false;
        } else {
            append_unknown(symbol, ids, after_unknown);
        }
    }
}

void RankedMerges::append_unknown(std::string_view character, std::vector<std::int32_t>& ids,
                                  bool& after_unknown) const {
    if (options_.byte_fallback) {
        const bool all = std::all_of(character.begin(), character.end(),
                                     [&](char c) { return byte_ids_[static_cast<std::uint8_t>(c)] >= 0; });
        if (all) {
            for (const char c : character)
                ids.push_back(byte_ids_[static_cast<std::uint8_t>(c)]);
            after_unknown = false;
            return;
        }
    }
    if (!options_.unknown) return;
    if (!(options_.fuse_unknown && after_unknown)) ids.push_back(*options_.unknown);
    after_unknown = true;
}

void RankedMerges::merge(std::vector<std::int32_t>& ids, std::size_t first) const {
    struct Candidate {
        std::uint32_t rank, left;
        std::int32_t merged;
        bool operator<(const Candidate& other) const { // the heap gives the largest: lowest rank, then leftmost
            return rank != other.rank ? rank > other.rank : left > other.left;
        }
    };
    struct Symbol {
        std::int32_t id, previous, next; ///< id −1: swallowed by its left neighbour
    };
    std::vector<Symbol> symbols;
    symbols.reserve(ids.size() - first);
    for (std::size_t i = first; i < ids.size(); ++i) {
        const auto place = static_cast<std::int32_t>(i - first);
        symbols.push_back({ids[i], place - 1, i + 1 < ids.size() ? place + 1 : -1});
    }
    std::priority_queue<Candidate> heap;
    const auto offer = [&](std::int32_t left) {
        if (left < 0 || symbols[left].next < 0) return;
        if (const auto* found = find(symbols[left].id, symbols[symbols[left].next].id))
            heap.push({found->rank, static_cast<std::uint32_t>(left), found->merged});
    };
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i)
        offer(static_cast<std::int32_t>(i));
    while (!heap.empty()) {
        const auto top = heap.top();
        heap.pop();
        auto& left = symbols[top.left];
        if (left.id < 0 || left.next < 0) continue;
        auto& right = symbols[left.next];
        const auto* still = find(left.id, right.id);
        if (!still || still->merged != top.merged) continue; // one of the two has changed since
        left.id = top.merged;
        right.id = -1;
        left.next = right.next;
        if (left.next >= 0) symbols[left.next].previous = static_cast<std::int32_t>(top.left);
        offer(left.previous);
        offer(static_cast<std::int32_t>(top.left));
    }
    ids.resize(first);
    for (std::int32_t i = 0; i >= 0; i = symbols[i].next)
        ids.push_back(symbols[i].id);
}

ScoredMerges::ScoredMerges(Vocabulary vocabulary, std::vector<float> scores, std::optional<std::int32_t> unknown)
    : SubwordModel(std::move(vocabulary))
    , scores_(std::move(scores))
    , unknown_(unknown) {
    scores_.resize(static_cast<std::size_t>(vocabulary_.size()));
    find_byte_tokens(vocabulary_, byte_ids_);
}

void ScoredMerges::encode(std::string_view word, std::vector<std::int32_t>& ids) const {
    struct Symbol {
        std::size_t begin, length; ///< length 0: swallowed by its left neighbour
        std::int32_t previous, next;
    };
    struct Candidate {
        float score;
        std::int32_t left;
        std::size_t length; ///< of both together, to notice that one of them has changed
        std::int32_t right;
        bool operator<(const Candidate& other) const { // highest score, then leftmost
            return score != other.score ? score < other.score : left > other.left;
        }
    };
    if (word.empty()) return;
    std::vector<Symbol> symbols;
    for (std::size_t at = 0; at < word.size();) {
        const std::size_t begin = at;
        next_character(word, at);
        const auto place = static_cast<std::int32_t>(symbols.size());
        symbols.push_back({begin, at - begin, place - 1, at < word.size() ? place + 1 : -1});
    }
    std::priority_queue<Candidate> heap;
    const auto offer = [&](std::int32_t left) {
        if (left < 0 || symbols[left].next < 0) return;
        const std::int32_t right = symbols[left].next;
        const std::size_t length = symbols[left].length + symbols[right].length;
        if (length > vocabulary_.longest()) return;
        if (const auto id = vocabulary_.find(word.substr(symbols[left].begin, length)))
            heap.push({scores_[static_cast<std::size_t>(*id)], left, length, right});
    };
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i)
        offer(static_cast<std::int32_t>(i));
    while (!heap.empty()) {
        const auto top = heap.top();
        heap.pop();
        auto &left = symbols[top.left], &right = symbols[top.right];
        if (left.length == 0 || right.length == 0 || left.length + right.length != top.length) continue;
        left.length = top.length;
        right.length = 0;
        left.next = right.next;
        if (left.next >= 0) symbols[left.next].previous = top.left;
        offer(left.previous);
        offer(top.left);
    }
    for (std::int32_t i = 0; i >= 0; i = symbols[i].next) {
        const auto text = word.substr(symbols[i].begin, symbols[i].length);
        if (const auto id = vocabulary_.find(text))
            ids.push_back(*id);
        else
            append_bytes(text, ids);
    }
}

/// A character without a token: its bytes, spelled "<0xE4>" or as a token of that one byte.
void ScoredMerges::append_bytes(std::string_view character, std::vector<std::int32_t>& ids) const {
    for (const char c : character) {
        if (const auto id = byte_ids_[static_cast<std::uint8_t>(c)]; id >= 0)
            ids.push_back(id);
        else if (const auto single = vocabulary_.find(std::string_view(&c, 1)))
            ids.push_back(*single);
        else if (unknown_)
            ids.push_back(*unknown_);
    }
}

} // namespace quantscope
