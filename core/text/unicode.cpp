// UTF-8 decoding, character classes by utf8proc, and the two spellings of single bytes.
#include "core/text/unicode.h"

#include <array>
#include <cstdlib>
#include <memory>
#include <utf8proc.h>

namespace quantscope {

namespace {

struct Decoded {
    char32_t character = 0xfffd;
    std::size_t length = 1; ///< of the character, or of the broken sequence that one U+FFFD stands for
    bool valid = false;
    bool cut = false; ///< broken only because the text ends
};

/// Table 3-7 of the Unicode standard: what may follow each first byte.
Decoded decode_one(std::string_view bytes, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    const std::uint8_t lead = byte(at);
    if (lead < 0x80) return {lead, 1, true, false};
    std::size_t length = 0;
    std::uint8_t low = 0x80, high = 0xbf;
    char32_t character = 0;
    if (lead >= 0xc2 && lead <= 0xdf)
        length = 2, character = lead & 0x1f;
    else if (lead >= 0xe0 && lead <= 0xef)
        length = 3, character = lead & 0x0f;
    else if (lead >= 0xf0 && lead <= 0xf4)
        length = 4, character = lead & 0x07;
    else
        return {};
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
    for (std::size_t i = 1; i < length; ++i) {
        if (at + i >= bytes.size()) return {0xfffd, i, false, true};
        if (byte(at + i) < low || byte(at + i) > high) return {0xfffd, i, false, false};
        character = character << 6 | (byte(at + i) & 0x3f);
        low = 0x80, high = 0xbf;
    }
    return {character, length, true, false};
}

utf8proc_category_t category(char32_t character) { return utf8proc_category(static_cast<utf8proc_int32_t>(character)); }

bool between(utf8proc_category_t value, utf8proc_category_t first, utf8proc_category_t last) {
    return value >= first && value <= last;
}

/// Printable Latin-1 letters stand for themselves; the other 68 bytes take the code points from 256 on, in order.
struct ByteLetters {
    std::array<char32_t, 256> letter{};
    std::array<std::int16_t, 512> byte{};
    ByteLetters() {
        byte.fill(-1);
        char32_t next = 256;
        for (unsigned b = 0; b < 256; ++b) {
            const bool itself = (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
            letter[b] = itself ? b : next++;
            byte[letter[b]] = static_cast<std::int16_t>(b);
        }
    }
};

const ByteLetters& byte_letters() {
    static const ByteLetters letters;
    return letters;
}

} // namespace

std::string valid_utf8(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    for (std::size_t at = 0; at < bytes.size();) {
        const auto one = decode_one(bytes, at);
        if (one.valid)
            text.append(bytes, at, one.length);
        else
            text += "\xef\xbf\xbd";
        at += one.length;
    }
    return text;
}

bool is_valid_utf8(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        const auto one = decode_one(bytes, at);
        if (!one.valid) return false;
        at += one.length;
    }
    return true;
}

std::size_t incomplete_utf8_tail(std::string_view bytes) {
    for (std::size_t back = 1; back <= 3 && back <= bytes.size(); ++back) {
        const auto one = decode_one(bytes, bytes.size() - back);
        if (one.cut && one.length == back) return back;
    }
    return 0;
}

char32_t next_character(std::string_view text, std::size_t& at) {
    const auto one = decode_one(text, at);
    at += one.length;
    return one.character;
}

std::size_t previous_character(std::string_view text, std::size_t end) {
    std::size_t begin = end - 1;
    while (begin > 0 && end - begin < 4 && (static_cast<std::uint8_t>(text[begin]) & 0xc0) == 0x80)
        --begin;
    return begin;
}

std::size_t count_characters(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text)
        count += (static_cast<std::uint8_t>(c) & 0xc0) != 0x80;
    return count;
}

void append_utf8(std::string& text, char32_t character) {
    std::array<utf8proc_uint8_t, 4> bytes{};
    const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(character), bytes.data());
    text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(length));
}

std::string normal_form(std::string_view text, NormalForm form) {
    bool ascii = true;
    for (const char c : text)
        ascii &= static_cast<std::uint8_t>(c) < 0x80;
    if (ascii) return std::string(text);
    int options = UTF8PROC_STABLE;
    options |= form == NormalForm::nfc || form == NormalForm::nfkc ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
    if (form == NormalForm::nfkc || form == NormalForm::nfkd) options |= UTF8PROC_COMPAT;
    utf8proc_uint8_t* mapped = nullptr;
    const auto length =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                     &mapped, static_cast<utf8proc_option_t>(options));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
    if (length < 0) return std::string(text); // only when out of memory or not UTF-8, which valid_utf8 excludes
    return std::string(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length));
}

char32_t lower_case(char32_t character) {
    return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(character)));
}

char32_t upper_case(char32_t character) {
    return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(character)));
}

bool is_white_space(char32_t c) {
    return (c >= 0x09 && c <= 0x0d) || c == 0x85 || between(category(c), UTF8PROC_CATEGORY_ZS, UTF8PROC_CATEGORY_ZP);
}

bool is_punctuation(char32_t c) {
    if (c < 0x80) return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
    return between(category(c), UTF8PROC_CATEGORY_PC, UTF8PROC_CATEGORY_PO);
}

bool is_number(char32_t c) { return between(category(c), UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NO); }

bool is_word(char32_t c) {
    const auto kind = category(c);
    return between(kind, UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_NL) || kind == UTF8PROC_CATEGORY_PC;
}

bool is_mark(char32_t c) { return between(category(c), UTF8PROC_CATEGORY_MN, UTF8PROC_CATEGORY_ME); }

bool is_accent(char32_t c) { return category(c) == UTF8PROC_CATEGORY_MN; }

bool is_control(char32_t c) {
    if (c == '\t' || c == '\n' || c == '\r') return false;
    const auto kind = category(c);
    return between(kind, UTF8PROC_CATEGORY_CC, UTF8PROC_CATEGORY_CO) || kind == UTF8PROC_CATEGORY_CN;
}

bool is_cjk(char32_t c) {
    return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x20000 && c <= 0x2a6df) ||
           (c >= 0x2a700 && c <= 0x2ceaf) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

char32_t byte_to_letter(std::uint8_t byte) { return byte_letters().letter[byte]; }

std::optional<std::uint8_t> letter_to_byte(char32_t letter) {
    if (letter >= 512 || byte_letters().byte[letter] < 0) return std::nullopt;
    return static_cast<std::uint8_t>(byte_letters().byte[letter]);
}

std::string bytes_to_letters(std::string_view bytes) {
    std::string letters;
    letters.reserve(bytes.size() + bytes.size() / 2);
    for (const char c : bytes) {
        const char32_t letter = byte_to_letter(static_cast<std::uint8_t>(c));
        if (letter < 0x80)
            letters += static_cast<char>(letter);
        else
            letters += {static_cast<char>(0xc0 | letter >> 6), static_cast<char>(0x80 | (letter & 0x3f))};
    }
    return letters;
}

std::optional<std::string> letters_to_bytes(std::string_view letters) {
    std::string bytes;
    for (std::size_t at = 0; at < letters.size();) {
        const auto byte = letter_to_byte(next_character(letters, at));
        if (!byte) return std::nullopt;
        bytes += static_cast<char>(*byte);
    }
    return bytes;
}

std::string byte_spelling(std::uint8_t byte) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    return std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + ">";
}

std::optional<std::uint8_t> spelled_byte(std::string_view spelling) {
    if (spelling.size() != 6 || spelling.substr(0, 3) != "<0x" || spelling[5] != '>') return std::nullopt;
    unsigned value = 0;
    for (const char c : spelling.substr(3, 2)) {
        const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                               : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A' + 10)
                               : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                                                      : 99;
        if (digit == 99) return std::nullopt;
        value = value * 16 + digit;
    }
    return static_cast<std::uint8_t>(value);
}

} // namespace quantscope
