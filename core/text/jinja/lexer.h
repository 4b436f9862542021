// Takes a template's source apart into text and the tokens inside {{ }} and {% %}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/text/jinja/value.h"

namespace quantscope::jinja {

struct Token {
    enum class Kind { text, print_begin, print_end, block_begin, block_end, name, string, integer, number, sign, end };
    Kind kind = Kind::end;
    std::string text; ///< a string's with its escapes resolved
    int line = 1;
};

/// White space as the transformers library sets it: a line's white space before {% and the line's end behind %} go
/// away. \throws FormatError naming the line
std::vector<Token> tokens_of(std::string_view source, Run& run);

} // namespace quantscope::jinja
