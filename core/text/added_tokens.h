// Tokens that are found in the text before anything else is done to it: "<|im_end|>", "<s>", and what a file adds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/text/normalizer.h"

namespace quantscope {

struct AddedToken {
    std::int32_t id = 0;
    std::string content;
    bool special = false;    ///< a control token: found only where special tokens are asked for, left out of plain text
    bool lstrip = false;     ///< swallows the white space before it
    bool rstrip = false;     ///< … and after it
    bool normalized = false; ///< is looked for in the normalized text
    bool single_word = false; ///< only where no word character touches it
    std::string shown{};      ///< what it decodes to: as it is looked for, normalized or not (set by AddedTokens)
};

/// A stretch of text, or (token ≥ 0) a token that was found.
struct Fragment {
    std::string text;
    std::int32_t token = -1;
    bool begins_text = false; ///< nothing stands before it
};

class AddedTokens {
public:
    enum class Order {
        leftmost_longest, ///< the tokenizers library
        longest_first,    ///< llama.cpp: the longest token takes its places in the whole text, then the next one
    };
    AddedTokens() = default;
    AddedTokens(std::vector<AddedToken> tokens, Order order, const Normalizer* normalizer);

    /// \param text        valid UTF-8
    /// \param special     false: special tokens are ordinary text
    /// \param normalizer  may be null; applied to what is no token
    std::vector<Fragment> split(std::string_view text, bool special, const Normalizer* normalizer) const;
    const std::vector<AddedToken>& tokens() const { return tokens_; }
    const AddedToken* find(std::int32_t id) const;

private:
    /// All contents, byte by byte, for finding the longest that begins at a place.
    struct Trie {
        struct Node {
            std::int32_t token = -1;
            std::unordered_map<char, std::uint32_t> next;
        };
        std::vector<Node> nodes{Node{}};
        void add(std::string_view content, std::int32_t token);
        /// index of the longest token at `at`, or −1; \param length of the match
        std::int32_t longest(std::string_view text, std::size_t at, std::size_t& length) const;
    };
    void split_leftmost(const Trie& trie, const Fragment& fragment, bool special, std::vector<Fragment>& out) const;
    std::vector<Fragment> split_longest_first(std::string_view text, bool special) const;

    std::vector<AddedToken> tokens_;
    std::unordered_map<std::int32_t, std::size_t> by_id_;
    Order order_ = Order::leftmost_longest;
    Trie raw_, normalized_;
    std::vector<std::size_t> by_length_; ///< indices of tokens_, the longest first
};

} // namespace quantscope
