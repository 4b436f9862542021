// From the spellings of tokens back to text (tokenizer.json, "decoder").
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace quantscope {

class TokenDecoder {
public:
    virtual ~TokenDecoder() = default;
    /// Rewrites the spellings; all joined are the text. Bytes that are no UTF-8 have become U+FFFD.
    virtual void apply(std::vector<std::string>& tokens) const = 0;
    /// The bytes of one token in the middle of a text, broken characters and all.
    virtual std::string bytes(std::string token) const {
        std::vector<std::string> one{std::move(token)};
        apply(one);
        std::string text;
        for (const auto& part : one)
            text += part;
        return text;
    }
};

/// \param description  the object under "decoder"; null: spellings joined by spaces, as the tokenizers library does
/// \throws FormatError naming a kind that is not known
std::unique_ptr<TokenDecoder> read_token_decoder(const nlohmann::json& description, const std::string& file);

std::unique_ptr<TokenDecoder> byte_level_decoder();
/// "▁" is a space, "<0xE4>" a byte. \param strip_first_space  the one that the encoder put in front
std::unique_ptr<TokenDecoder> sentencepiece_decoder(bool strip_first_space);

} // namespace quantscope
