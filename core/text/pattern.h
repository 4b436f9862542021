// A regular expression out of a tokenizer's file, matched within limits: no pattern and no text can hang the program.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quantscope {

class Pattern {
public:
    using Match = std::pair<std::size_t, std::size_t>; ///< first byte, one past the last

    /// \param expression  as in Oniguruma or Rust: \s, \d and \w follow Unicode
    /// \param file, key   for error messages
    /// \throws FormatError when PCRE2 does not understand it
    Pattern(const std::string& expression, std::string file, std::string key);
    /// A plain string to look for.
    static Pattern literal(const std::string& text, std::string file, std::string key);

    /// All matches from left to right, without overlap; an empty one directly behind another is left out.
    /// \param text  valid UTF-8
    /// \throws DataError when a match exceeds the limits
    std::vector<Match> find_all(std::string_view text) const;
    const std::string& expression() const { return expression_; }

private:
    struct Compiled;
    Pattern() = default;
    std::string expression_, file_, key_;
    bool literal_ = false;
    std::shared_ptr<const Compiled> compiled_; ///< read-only after compiling, so that copies and threads may share it
};

} // namespace quantscope
