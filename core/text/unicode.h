// UTF-8 and the few facts about characters that tokenizers ask for; the tables are utf8proc's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quantscope {

/// Text that is UTF-8 for certain: each longest broken sequence becomes one U+FFFD, as the Unicode standard (3.9,
/// "maximal subpart") and Python's decoder have it. Surrogates and code points above U+10FFFF are broken.
std::string valid_utf8(std::string_view bytes);
bool is_valid_utf8(std::string_view bytes);

/// How many bytes at the end of `bytes` may still become a character when more bytes follow: 0…3.
std::size_t incomplete_utf8_tail(std::string_view bytes);

/// The character at `at` of valid UTF-8, and `at` moved behind it. \param at  < text.size()
char32_t next_character(std::string_view text, std::size_t& at);
/// Where the character that ends before `end` begins. \param end  > 0
std::size_t previous_character(std::string_view text, std::size_t end);
std::size_t count_characters(std::string_view text);
void append_utf8(std::string& text, char32_t character);

enum class NormalForm { nfc, nfd, nfkc, nfkd };
/// \param text  valid UTF-8, which may hold U+0000
std::string normal_form(std::string_view text, NormalForm form);

char32_t lower_case(char32_t character);
char32_t upper_case(char32_t character);
bool is_white_space(char32_t character); ///< Unicode's White_Space
bool is_punctuation(char32_t character); ///< ASCII punctuation and Unicode's P
bool is_number(char32_t character);      ///< Unicode's N
bool is_word(char32_t character);        ///< letter, mark, number or connector: \w of the Rust and Oniguruma regexes
bool is_mark(char32_t character);        ///< anything that combines: Unicode's M
bool is_accent(char32_t character);      ///< a mark that takes no room of its own: Unicode's Mn
bool is_control(char32_t character);     ///< Unicode's C, without tab and the ends of line
bool is_cjk(char32_t character);         ///< the ideographs that BERT takes apart

/// GPT-2's spelling of arbitrary bytes as printable characters: byte to code point, and back where there is one.
/// Source: Radford et al. 2019, the encoder that was published with the model.
char32_t byte_to_letter(std::uint8_t byte);
std::optional<std::uint8_t> letter_to_byte(char32_t letter);
/// The text of byte-level tokens.
std::string bytes_to_letters(std::string_view bytes);
/// Nothing when the text holds a character that stands for no byte.
std::optional<std::string> letters_to_bytes(std::string_view letters);

/// "<0xE4>", as SentencePiece spells a byte.
std::string byte_spelling(std::uint8_t byte);
std::optional<std::uint8_t> spelled_byte(std::string_view spelling);

} // namespace quantscope
