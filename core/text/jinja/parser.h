// Reads tokens into statements and expressions.
#pragma once

#include "core/text/jinja/lexer.h"
#include "core/text/jinja/syntax.h"

namespace quantscope::jinja {

/// \throws FormatError naming the line and a tag or sign that is not known
Block parse(const std::vector<Token>& tokens, Run& run);

} // namespace quantscope::jinja
