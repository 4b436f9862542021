// Whether bytes from a file are UTF-8 text, and what to show when they are not.
#pragma once

#include <string>
#include <string_view>

namespace quantscope {

/// Strict: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view bytes);
/// The same text with U+FFFD for every byte that is not part of a well-formed sequence.
std::string with_replacement_characters(std::string_view bytes);

} // namespace quantscope
