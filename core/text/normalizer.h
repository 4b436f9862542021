// What is done to text before it is taken apart: Unicode normal forms, replacements, stripping (tokenizer.json,
// "normalizer").
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/text/json_reading.h"
#include "core/text/pattern.h"

namespace quantscope {

class Normalizer {
public:
    virtual ~Normalizer() = default;
    /// \param text  valid UTF-8; so is the result
    virtual std::string apply(std::string text) const = 0;
};

/// \param description  the object under "normalizer"; null gives null
/// \throws FormatError naming a kind that is not known
std::unique_ptr<Normalizer> read_normalizer(const nlohmann::json& description, const std::string& file);

/// The "pattern" of a Replace or Split: {"String": …} or {"Regex": …}. \throws FormatError
Pattern read_pattern(const nlohmann::json& description, const JsonPlace& place);

/// SentencePiece's convention: spaces become "▁", and a text gets one in front.
std::unique_ptr<Normalizer> sentencepiece_normalizer(bool prefix);

} // namespace quantscope
