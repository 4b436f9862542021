// PCRE2 behind Pattern: Unicode classes as the tokenizers' own regex engines have them, limits, just-in-time code.
#include "core/text/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <chrono>
#include <pcre2.h>

#include "core/base/errors.h"

namespace quantscope {

namespace {

constexpr std::size_t max_expression = 20'000;
constexpr std::uint32_t match_limit = 5'000'000, depth_limit = 200'000, heap_limit_kib = 64 * 1024;

template <auto free_function>
struct Freed {
    template <typename T>
    void operator()(T* p) const {
        free_function(p);
    }
};
using Code = std::unique_ptr<pcre2_code, Freed<pcre2_code_free>>;
using CompileContext = std::unique_ptr<pcre2_compile_context, Freed<pcre2_compile_context_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Freed<pcre2_match_context_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Freed<pcre2_match_data_free>>;
using JitStack = std::unique_ptr<pcre2_jit_stack, Freed<pcre2_jit_stack_free>>;

/// PCRE2 10.42 counts U+180E as \s and leaves marks and connectors out of \w; Oniguruma and Rust follow the Unicode
/// properties. So those two are spelled out. Inside a class a negated one cannot be, and stays as it is.
std::string with_unicode_classes(const std::string& expression) {
    std::string out;
    bool in_class = false;
    for (std::size_t i = 0; i < expression.size(); ++i) {
        const char c = expression[i];
        if (c == '\\' && i + 1 < expression.size()) {
            const char escaped = expression[++i];
            if (escaped == 's')
                out += "\\p{White_Space}";
            else if (escaped == 'S')
                out += "\\P{White_Space}";
            else if (escaped == 'w')
                out += in_class ? "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}" : "[\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}]";
            else if (escaped == 'W' && !in_class)
                out += "[^\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}]";
            else
                out += {c, escaped};
            continue;
        }
        if (c == '[' && in_class && i + 1 < expression.size() && expression[i + 1] != ':') {
            out += "\\["; // a lone bracket inside a class is itself
            continue;
        }
        if (c == '[' && !in_class) {
            in_class = true;
            out += c;
            if (i + 1 < expression.size() && expression[i + 1] == '^') out += expression[++i];
            if (i + 1 < expression.size() && expression[i + 1] == ']') out += "\\]", ++i;
            continue;
        }
        if (c == ']') in_class = false;
        out += c;
    }
    return out;
}

std::string pcre2_message(int code) {
    std::string text(256, '\0');
    const int length = pcre2_get_error_message(code, reinterpret_cast<PCRE2_UCHAR*>(text.data()), text.size());
    text.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
    return text;
}

} // namespace

struct Pattern::Compiled {
    Code code;
};

Pattern::Pattern(const std::string& expression, std::string file, std::string key)
    : expression_(expression)
    , file_(std::move(file))
    , key_(std::move(key)) {
    if (expression.size() > max_expression)
        throw FormatError(file_, key_, "the regular expression is longer than 20,000 bytes; the tokenizer is refused");
    const auto adapted = with_unicode_classes(expression);
    const CompileContext context(pcre2_compile_context_create(nullptr));
    pcre2_set_parens_nest_limit(context.get(), 100);
    int error = 0;
    PCRE2_SIZE offset = 0;
    auto compiled = std::make_shared<Compiled>();
    compiled->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(adapted.data()), adapted.size(),
                                       PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &offset,
                                       context.get()));
    if (!compiled->code)
        throw FormatError(file_, key_,
                          "the regular expression is not understood (" + pcre2_message(error) +
                              "): " + printable(expression, 100));
    pcre2_jit_compile(compiled->code.get(), PCRE2_JIT_COMPLETE); // without it matching is slower, never different
    compiled_ = std::move(compiled);
}

Pattern Pattern::literal(const std::string& text, std::string file, std::string key) {
    Pattern pattern;
    pattern.expression_ = text;
    pattern.file_ = std::move(file), pattern.key_ = std::move(key);
    pattern.literal_ = true;
    return pattern;
}

std::vector<Pattern::Match> Pattern::find_all(std::string_view text) const {
    std::vector<Match> matches;
    if (literal_) {
        if (expression_.empty()) return matches;
        for (auto at = text.find(expression_); at != text.npos; at = text.find(expression_, at + expression_.size()))
            matches.emplace_back(at, at + expression_.size());
        return matches;
    }
    const MatchContext context(pcre2_match_context_create(nullptr));
    pcre2_set_match_limit(context.get(), match_limit);
    pcre2_set_depth_limit(context.get(), depth_limit);
    pcre2_set_heap_limit(context.get(), heap_limit_kib);
    const JitStack stack(pcre2_jit_stack_create(32 * 1024, 4 * 1024 * 1024, nullptr));
    pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
    const MatchData data(pcre2_match_data_create_from_pattern(compiled_->code.get(), nullptr));
    const auto refuse = [&](const std::string& why) {
        throw DataError(file_, key_,
                        "this text cannot be split by the tokenizer's regular expression (" + why +
                            "); use another text, or a tokenizer with a simpler one");
    };
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + std::chrono::seconds(10) + std::chrono::microseconds(text.size() * 10);
    const auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    std::size_t at = 0, searches = 0;
    if (text.empty()) return matches;
    while (at <= text.size()) {
        // The text is known to be UTF-8; checking it again in each search would cost the square of its length.
        int found =
            pcre2_match(compiled_->code.get(), subject, text.size(), at, PCRE2_NO_UTF_CHECK, data.get(), context.get());
        if (found == PCRE2_ERROR_JIT_STACKLIMIT)
            found = pcre2_match(compiled_->code.get(), subject, text.size(), at, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                                data.get(), context.get());
        if (found == PCRE2_ERROR_NOMATCH) break;
        if (found < 0) refuse(pcre2_message(found));
        if (++searches % 16 == 0 && Clock::now() > deadline) refuse("it takes too long");
        const auto* offsets = pcre2_get_ovector_pointer(data.get());
        const std::size_t begin = offsets[0], end = offsets[1];
        const bool behind_a_match = !matches.empty() && matches.back().second == begin;
        if (end > begin || (end == begin && !behind_a_match)) matches.emplace_back(begin, end);
        at = end > at ? end : at + 1;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80)
            ++at;
    }
    return matches;
}

} // namespace quantscope
