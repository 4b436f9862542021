// Finding added tokens, in the order of the tokenizers library or of llama.cpp.
#include "core/text/added_tokens.h"

#include <algorithm>
#include <numeric>

#include "core/text/unicode.h"

namespace quantscope {

namespace {

bool ends_with_word(std::string_view text) {
    if (text.empty()) return false;
    std::size_t at = previous_character(text, text.size());
    return is_word(next_character(text, at));
}

bool starts_with_word(std::string_view text) {
    std::size_t at = 0;
    return !text.empty() && is_word(next_character(text, at));
}

std::size_t white_space_before(std::string_view text, std::size_t end) {
    while (end > 0) {
        std::size_t at = previous_character(text, end);
        const std::size_t begin = at;
        if (!is_white_space(next_character(text, at))) break;
        end = begin;
    }
    return end;
}

std::size_t white_space_after(std::string_view text, std::size_t begin) {
    while (begin < text.size()) {
        std::size_t next = begin;
        if (!is_white_space(next_character(text, next))) break;
        begin = next;
    }
    return begin;
}

} // namespace

void AddedTokens::Trie::add(std::string_view content, std::int32_t token) {
    std::uint32_t node = 0;
    for (const char c : content) {
        const auto [it, fresh] = nodes[node].next.try_emplace(c, static_cast<std::uint32_t>(nodes.size()));
        node = it->second;
        if (fresh) nodes.emplace_back();
    }
    nodes[node].token = token;
}

std::int32_t AddedTokens::Trie::longest(std::string_view text, std::size_t at, std::size_t& length) const {
    std::int32_t found = -1;
    std::uint32_t node = 0;
    for (std::size_t i = at; i < text.size(); ++i) {
        const auto it = nodes[node].next.find(text[i]);
        if (it == nodes[node].next.end()) break;
        node = it->second;
        if (nodes[node].token >= 0) found = nodes[node].token, length = i + 1 - at;
    }
    return found;
}

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, Order order, const Normalizer* normalizer)
    : tokens_(std::move(tokens))
    , order_(order) {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
        auto& token = tokens_[i];
        by_id_[token.id] = i;
        if (token.content.empty()) continue;
        const bool changed = token.normalized && normalizer;
        token.shown = changed ? normalizer->apply(token.content) : token.content;
        if (!token.shown.empty())
            (token.normalized ? normalized_ : raw_).add(token.shown, static_cast<std::int32_t>(i));
        by_length_.push_back(i);
    }
    std::stable_sort(by_length_.begin(), by_length_.end(), [&](std::size_t a, std::size_t b) {
        return tokens_[a].content.size() > tokens_[b].content.size();
    });
}

const AddedToken* AddedTokens::find(std::int32_t id) const {
    const auto it = by_id_.find(id);
    return it == by_id_.end() ? nullptr : &tokens_[it->second];
}

std::vector<Fragment> AddedTokens::split(std::string_view text, bool special, const Normalizer* normalizer) const {
    const auto normal = [&](std::string&& part) { return normalizer ? normalizer->apply(std::move(part)) : part; };
    if (order_ == Order::longest_first) {
        auto fragments = split_longest_first(text, special);
        for (auto& fragment : fragments)
            if (fragment.token < 0) fragment.text = normal(std::move(fragment.text));
        return fragments;
    }
    std::vector<Fragment> raw, out;
    split_leftmost(raw_, {std::string(text), -1, true}, special, raw);
    for (auto& fragment : raw) {
        if (fragment.token >= 0) {
            out.push_back(std::move(fragment));
            continue;
        }
        fragment.text = normal(std::move(fragment.text));
        split_leftmost(normalized_, fragment, special, out);
    }
    return out;
}

void AddedTokens::split_leftmost(const Trie& trie, const Fragment& fragment, bool special,
                                 std::vector<Fragment>& out) const {
    const std::string_view text = fragment.text;
    std::size_t done = 0;
    const auto keep_text = [&](std::size_t end) {
        if (end > done)
            out.push_back({std::string(text.substr(done, end - done)), -1, fragment.begins_text && done == 0});
    };
    for (std::size_t at = 0; at < text.size();) {
        std::size_t length = 0;
        const auto found = trie.longest(text, at, length);
        if (found < 0) {
            ++at;
            continue;
        }
        const auto& token = tokens_[static_cast<std::size_t>(found)];
        std::size_t begin = at, end = at + length;
        at = end;
        if (begin < done || (token.special && !special)) continue;
        if (token.single_word && (ends_with_word(text.substr(0, begin)) || starts_with_word(text.substr(end))))
            continue;
        if (token.lstrip) begin = std::max(done, white_space_before(text, begin));
        if (token.rstrip) end = white_space_after(text, end);
        keep_text(begin);
        out.push_back({{}, token.id, false});
        done = end;
    }
    keep_text(text.size());
}

std::vector<Fragment> AddedTokens::split_longest_first(std::string_view text, bool special) const {
    // Most tokens do not occur: one walk over the text finds those that do, so that only they are looked for.
    std::vector<bool> occurs(tokens_.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::uint32_t node = 0;
        for (std::size_t i = at; i < text.size(); ++i) {
            const auto it = raw_.nodes[node].next.find(text[i]);
            if (it == raw_.nodes[node].next.end()) break;
            node = it->second;
            if (raw_.nodes[node].token >= 0) occurs[static_cast<std::size_t>(raw_.nodes[node].token)] = true;
        }
    }
    std::vector<Fragment> fragments;
    if (!text.empty()) fragments.push_back({std::string(text), -1, true});
    for (const auto index : by_length_) {
        const auto& token = tokens_[index];
        if (!occurs[index] || (token.special && !special)) continue;
        std::vector<Fragment> next;
        for (auto& fragment : fragments) {
            if (fragment.token >= 0) {
                next.push_back(std::move(fragment));
                continue;
            }
            std::size_t done = 0;
            const auto keep_text = [&](std::size_t end) {
                if (end > done)
                    next.push_back({fragment.text.substr(done, end - done), -1, fragment.begins_text && done == 0});
            };
            for (auto at = fragment.text.find(token.content); at != std::string::npos;
                 at = fragment.text.find(token.content, done)) {
                keep_text(at);
                next.push_back({{}, token.id, false});
                done = at + token.content.size();
            }
            keep_text(fragment.text.size());
        }
        fragments = std::move(next);
    }
    return fragments;
}

} // namespace quantscope
