// The lexer: text until the next tag, then the tag's tokens.
#include "core/text/jinja/lexer.h"

#include <algorithm>
#include <cctype>

#include "core/base/errors.h"
#include "core/text/unicode.h"

namespace quantscope::jinja {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool begins_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// One kind of line end, and none at the very end.
std::string prepared(std::string_view source) {
    std::string out;
    out.reserve(source.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
        if (source[i] != '\r')
            out += source[i];
        else if (i + 1 == source.size() || source[i + 1] != '\n')
            out += '\n';
    }
    if (out.ends_with('\n')) out.pop_back();
    return out;
}

class Lexer {
public:
    Lexer(std::string source, Run& run)
        : source_(std::move(source))
        , run_(run) {}

    std::vector<Token> read() {
        while (at_ < source_.size()) {
            const auto tag = next_tag();
            add_text(tag);
            if (tag == source_.size()) break;
            const char kind = source_[tag + 1];
            at_ = tag + 2;
            if (at_ < source_.size() && (source_[at_] == '-' || source_[at_] == '+')) ++at_;
            if (kind == '#')
                skip_comment();
            else if (kind == '%' && raw_block())
                continue;
            else
                read_tag(kind == '{');
        }
        add(Token::Kind::end, {});
        return std::move(tokens_);
    }

private:
    using Kind = Token::Kind;

    void add(Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), run_.line}); }

    std::size_t next_tag() const {
        for (auto at = source_.find('{', at_); at != std::string::npos; at = source_.find('{', at + 1))
            if (at + 1 < source_.size() && (source_[at + 1] == '{' || source_[at + 1] == '%' || source_[at + 1] == '#'))
                return at;
        return source_.size();
    }

    /// The text up to the tag, without the white space that the tag takes away.
    void add_text(std::size_t tag) {
        const auto text = shortened(std::string_view(source_).substr(at_, tag - at_), tag);
        if (!text.empty()) add(Kind::text, std::string(text));
        move_to(tag);
    }

    std::string_view shortened(std::string_view text, std::size_t tag) const {
        if (tag >= source_.size()) return text;
        const char sign = tag + 2 < source_.size() ? source_[tag + 2] : ' ';
        if (sign == '-') {
            while (!text.empty() && is_space(text.back()))
                text.remove_suffix(1);
            return text;
        }
        if (sign == '+' || source_[tag + 1] == '{') return text;
        const auto line_end = text.rfind('\n');
        const auto line = line_end == text.npos ? 0 : line_end + 1;
        if (line == 0 && !line_begins_) return text;
        const bool blank = std::all_of(text.begin() + static_cast<std::ptrdiff_t>(line), text.end(), is_space);
        return blank ? text.substr(0, line) : text;
    }

    void move_to(std::size_t place) {
        run_.line += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                                 source_.begin() + static_cast<std::ptrdiff_t>(place), '\n'));
        at_ = place;
    }

    bool at(std::string_view word) const { return std::string_view(source_).substr(at_).starts_with(word); }

    /// Behind the two characters that end a tag. \param control  '-', '+' or anything else
    void end_tag(char control, bool trims_line_end) {
        auto end = at_;
        if (control == '-')
            while (end < source_.size() && is_space(source_[end]))
                ++end;
        else if (trims_line_end && control != '+' && end < source_.size() && source_[end] == '\n')
            ++end;
        line_begins_ = end > at_ && source_[end - 1] == '\n';
        move_to(end);
    }

    void skip_comment() {
        const auto end = source_.find("#}", at_);
        if (end == std::string::npos) run_.fail("a comment {# is never closed");
        const char control = end > at_ ? source_[end - 1] : ' ';
        move_to(end + 2);
        end_tag(control, true);
    }

    /// {% raw %} … {% endraw %}: its inside is text. \returns false for any other block, with nothing read
    bool raw_block() {
        auto end = at_;
        char control = ' ';
        if (!raw_tag(end, "raw", control)) return false;
        move_to(end);
        end_tag(control, true);
        for (auto tag = source_.find("{%", at_); tag != std::string::npos; tag = source_.find("{%", tag + 2)) {
            end = tag + 2;
            if (end < source_.size() && (source_[end] == '-' || source_[end] == '+')) ++end;
            if (!raw_tag(end, "endraw", control)) continue;
            add_text(tag);
            move_to(end);
            end_tag(control, true);
            return true;
        }
        run_.fail("a {% raw %} is never closed");
    }

    bool raw_tag(std::size_t& end, std::string_view word, char& control) const {
        const auto skip = [&] {
            while (end < source_.size() && is_space(source_[end]))
                ++end;
        };
        skip();
        if (source_.compare(end, word.size(), word) != 0) return false;
        end += word.size();
        skip();
        control = end < source_.size() ? source_[end] : ' ';
        if (control == '-' || control == '+') ++end;
        if (source_.compare(end, 2, "%}") != 0) return false;
        end += 2;
        return true;
    }

    void read_tag(bool print) {
        add(print ? Kind::print_begin : Kind::block_begin, {});
        const std::string_view closing = print ? "}}" : "%}";
        std::vector<char> open;
        for (;;) {
            while (at_ < source_.size() && is_space(source_[at_]))
                move_to(at_ + 1);
            if (at_ >= source_.size()) run_.fail(print ? "a {{ is never closed" : "a {% is never closed");
            const char c = source_[at_];
            if (open.empty()) {
                const bool signed_end = (c == '-' || c == '+') && source_.compare(at_ + 1, 2, closing) == 0;
                if (signed_end || at(closing)) {
                    at_ += signed_end ? 3 : 2;
                    add(print ? Kind::print_end : Kind::block_end, {});
                    return end_tag(signed_end ? c : ' ', !print);
                }
            }
            if (begins_name(c))
                read_name();
            else if (is_digit(c))
                read_number();
            else if (c == '"' || c == '\'')
                read_string(c);
            else
                read_sign(open);
        }
    }

    void read_name() {
        const auto begin = at_;
        while (at_ < source_.size() && (begins_name(source_[at_]) || is_digit(source_[at_])))
            ++at_;
        add(Kind::name, source_.substr(begin, at_ - begin));
    }

    void read_number() {
        const auto begin = at_;
        const auto digits = [&] {
            while (at_ < source_.size() && (is_digit(source_[at_]) || source_[at_] == '_'))
                ++at_;
        };
        digits();
        bool real = false;
        if (at_ + 1 < source_.size() && source_[at_] == '.' && is_digit(source_[at_ + 1])) {
            real = true;
            ++at_;
            digits();
        }
        auto exponent = at_ + 1;
        if (at_ < source_.size() && (source_[at_] == 'e' || source_[at_] == 'E')) {
            if (exponent < source_.size() && (source_[exponent] == '-' || source_[exponent] == '+')) ++exponent;
            if (exponent < source_.size() && is_digit(source_[exponent])) {
                real = true;
                at_ = exponent;
                digits();
            }
        }
        auto text = source_.substr(begin, at_ - begin);
        std::erase(text, '_');
        add(real ? Kind::number : Kind::integer, std::move(text));
    }

    void read_string(char quote) {
        std::string text;
        const int first_line = run_.line;
        for (move_to(at_ + 1); at_ < source_.size() && source_[at_] != quote;) {
            if (source_[at_] == '\\' && at_ + 1 < source_.size()) {
                read_escape(text);
            } else {
                text += source_[at_];
                move_to(at_ + 1);
            }
        }
        if (at_ >= source_.size()) run_.fail("a string is never closed");
        ++at_;
        tokens_.push_back({Kind::string, std::move(text), first_line});
    }

    /// Python's escapes in strings; one that is not known stays as it stands.
    void read_escape(std::string& text) {
        const char c = source_[at_ + 1];
        constexpr std::string_view names = "nrtbfva0\\'\"", meanings("\n\r\t\b\f\v\a\0\\'\"", 11);
        if (const auto place = names.find(c); place != names.npos) {
            text += meanings[place];
        } else if (c == 'x' || c == 'u' || c == 'U') {
            const std::size_t length = c == 'x' ? 2 : c == 'u' ? 4 : 8;
            const auto digits = source_.substr(at_ + 2, length);
            const bool good = digits.size() == length && std::all_of(digits.begin(), digits.end(), [](char d) {
                                  return std::isxdigit(static_cast<unsigned char>(d));
                              });
            const auto character = good ? std::stoul(digits, nullptr, 16) : 0x110000;
            if (character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
                run_.fail("a string holds an escape that is no character");
            append_utf8(text, static_cast<char32_t>(character));
            at_ += length;
        } else if (c != '\n') {
            text += {'\\', c};
        }
        move_to(at_ + 2);
    }

    void read_sign(std::vector<char>& open) {
        const char c = source_[at_];
        for (const std::string_view two : {"==", "!=", "<=", ">=", "//", "**"}) {
            if (!at(two)) continue;
            at_ += 2;
            return add(Kind::sign, std::string(two));
        }
        if (std::string_view("+-*/%~<>=()[]{}.,:|").find(c) == std::string_view::npos)
            run_.fail("the sign \"" + printable(source_.substr(at_, 1)) + "\" is not known here");
        if (c == '(' || c == '[' || c == '{') open.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
        if (c == ')' || c == ']' || c == '}') {
            if (open.empty() || open.back() != c) run_.fail(std::string("a ") + c + " closes nothing");
            open.pop_back();
        }
        ++at_;
        add(Kind::sign, std::string(1, c));
    }

    std::string source_;
    Run& run_;
    std::size_t at_ = 0;
    bool line_begins_ = true;
    std::vector<Token> tokens_;
};

} // namespace

std::vector<Token> tokens_of(std::string_view source, Run& run) {
    if (source.size() > 1'000'000) run.fail("is longer than 1 MB");
    run.line = 1;
    auto tokens = Lexer(prepared(source), run).read();
    run.line = 1;
    return tokens;
}

} // namespace quantscope::jinja
