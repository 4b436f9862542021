// Name patterns are compared component by component; roles are guessed from the last components' words.
#include "core/model/names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/model/site.h"

namespace quantscope {

namespace {

/// Takes the first dot-separated component off `rest`.
std::string_view take_component(std::string_view& rest) {
    const auto dot = rest.find('.');
    auto component = rest.substr(0, dot);
    rest = dot == rest.npos ? std::string_view{} : rest.substr(dot + 1);
    return component;
}

/// A block number as writers spell it; −1 for anything else.
int parse_number(std::string_view text) {
    if (text.empty() || text.size() > 6 || (text.size() > 1 && text[0] == '0')) return -1;
    int number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && text[0] != '-' ? number : -1;
}

} // namespace

std::optional<int> match_name(std::string_view pattern, std::string_view name) {
    int block = -1;
    while (!pattern.empty() && !name.empty()) {
        const auto wanted = take_component(pattern), found = take_component(name);
        if (wanted == "N") {
            block = parse_number(found);
            if (block < 0) return std::nullopt;
        } else if (wanted != "*" && wanted != found) {
            return std::nullopt;
        }
    }
    if (!pattern.empty() || !name.empty()) return std::nullopt;
    return block;
}

std::string fill_name(std::string_view pattern, int block) {
    std::string name;
    while (!pattern.empty()) {
        const auto component = take_component(pattern);
        if (!name.empty()) name += '.';
        name += component == "N" ? std::to_string(block) : std::string(component);
    }
    return name;
}

std::optional<std::string_view> prefix_before(std::string_view pattern, std::string_view name) {
    const auto components = std::count(pattern.begin(), pattern.end(), '.') + 1;
    std::size_t start = name.size();
    for (auto i = 0; i < components; ++i) {
        if (start == 0) return std::nullopt;
        const auto dot = name.rfind('.', start - 1);
        if (dot == name.npos) {
            if (i + 1 < components) return std::nullopt;
            start = 0;
        } else {
            start = dot;
        }
    }
    const auto begin = start == 0 && (name.empty() || name[0] != '.') ? 0 : start + 1;
    if (!match_name(pattern, name.substr(begin))) return std::nullopt;
    return name.substr(0, begin);
}

int block_in_name(std::string_view name) {
    take_component(name);
    while (!name.empty()) {
        const auto component = take_component(name);
        if (name.empty()) break; // the last component has no dot behind it
        if (const int number = parse_number(component); number >= 0) return number;
    }
    return -1;
}

Stem split_name(std::string_view name) {
    for (std::string_view kind : {".weight", ".bias"})
        if (name.size() > kind.size() && name.ends_with(kind))
            return {name.substr(0, name.size() - kind.size()), kind.substr(1)};
    return {name, {}};
}

std::string_view guess_role(std::string_view name, std::size_t dimensions) {
    if (dimensions == 4) return role::convolution;
    static constexpr auto words = std::to_array<std::pair<std::string_view, std::string_view>>({
        {"q_proj", role::q},
        {"to_q", role::q},
        {"query", role::q},
        {"attn_q", role::q},
        {"wq", role::q},
        {"k_proj", role::k},
        {"to_k", role::k},
        {"key", role::k},
        {"attn_k", role::k},
        {"wk", role::k},
        {"v_proj", role::v},
        {"to_v", role::v},
        {"value", role::v},
        {"attn_v", role::v},
        {"wv", role::v},
        {"o_proj", role::o},
        {"out_proj", role::o},
        {"attn_output", role::o},
        {"wo", role::o},
        {"dense", role::o},
        {"qkv", role::qkv},
        {"qkv_proj", role::qkv},
        {"c_attn", role::qkv},
        {"query_key_value", role::qkv},
        {"attn_qkv", role::qkv},
        {"Wqkv", role::qkv},
        {"in_proj_weight", role::qkv},
        {"gate_proj", role::gate},
        {"ffn_gate", role::gate},
        {"w1", role::gate},
        {"wi_0", role::gate},
        {"up_proj", role::up},
        {"ffn_up", role::up},
        {"w3", role::up},
        {"wi_1", role::up},
        {"wi", role::up},
        {"down_proj", role::down},
        {"ffn_down", role::down},
        {"w2", role::down},
        {"fc1", role::fc1},
        {"c_fc", role::fc1},
        {"dense_h_to_4h", role::fc1},
        {"linear1", role::fc1},
        {"fc2", role::fc2},
        {"dense_4h_to_h", role::fc2},
        {"linear2", role::fc2},
        {"proj", role::proj},
        {"c_proj", role::proj},
        {"router", role::router},
        {"ffn_gate_inp", role::router},
        {"shared_expert_gate", role::router},
        {"lm_head", role::head},
        {"embed_out", role::head},
        {"output", role::head},
        {"classifier", role::head},
        {"wte", role::embedding},
        {"wpe", role::embedding},
        {"token_embd", role::embedding},
    });
    const auto dot = name.rfind('.');
    const auto last = dot == name.npos ? name : name.substr(dot + 1);
    // "mlp.gate" and "block_sparse_moe.gate" choose experts; only "gate_proj" is half of a gated layer.
    if (last == "gate") return role::router;
    for (const auto& [word, meaning] : words)
        if (last == word) return meaning;
    if (name.find("adaLN") != name.npos || name.find("adaln") != name.npos) return role::ada_ln;
    if (name.find("embed") != name.npos) return role::embedding;
    return role::other;
}

} // namespace quantscope
