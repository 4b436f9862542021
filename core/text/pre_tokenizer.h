// Takes normalized text apart into the words that are encoded each for itself (tokenizer.json, "pre_tokenizer").
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/text/pattern.h"

namespace quantscope {

/// Text and the stretches of it that are words; what lies between them is dropped.
struct Words {
    struct Stretch {
        std::size_t begin = 0, end = 0;
        bool begins_text = false; ///< nothing stands before it, not even a special token
    };
    std::string text;
    std::vector<Stretch> stretches;

    std::string_view view(const Stretch& s) const { return std::string_view(text).substr(s.begin, s.end - s.begin); }
};

class PreTokenizer {
public:
    virtual ~PreTokenizer() = default;
    virtual void apply(Words& words) const = 0;
};

enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

/// \param description  the object under "pre_tokenizer"; null gives null
/// \throws FormatError naming a kind that is not known
std::unique_ptr<PreTokenizer> read_pre_tokenizer(const nlohmann::json& description, const std::string& file);

std::unique_ptr<PreTokenizer> split_by(Pattern pattern, SplitBehavior behavior, bool invert);
/// Spells each byte as a letter. \param words  also split as GPT-2 does
std::unique_ptr<PreTokenizer> byte_level(bool add_prefix_space, bool words);
std::unique_ptr<PreTokenizer> one_after_another(std::vector<std::unique_ptr<PreTokenizer>> steps);

/// The regular expression of GPT-2 (Radford et al. 2019).
extern const char* const gpt2_expression;

} // namespace quantscope
