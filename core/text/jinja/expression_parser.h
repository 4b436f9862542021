// The part of the parser that reads expressions: precedence as in Jinja.
#pragma once

#include <string_view>
#include <vector>

#include "core/text/jinja/lexer.h"
#include "core/text/jinja/syntax.h"

namespace quantscope::jinja {

class ExpressionParser {
public:
    ExpressionParser(const std::vector<Token>& tokens, Run& run)
        : tokens_(tokens)
        , run_(run) {}

protected:
    using Kind = Expression::Kind;

    /// With several separated by commas, a list of them (Jinja's tuple without parentheses).
    ExpressionPointer expression_list();
    ExpressionPointer expression(bool with_choice = true);
    ExpressionPointer binary_levels(std::size_t level); ///< from "or" down

    const Token& token() const { return tokens_[at_]; }
    const Token& take();
    bool at_sign(std::string_view sign) const { return token().kind == Token::Kind::sign && token().text == sign; }
    bool at_name(std::string_view name) const { return token().kind == Token::Kind::name && token().text == name; }
    bool take_sign(std::string_view sign);
    bool take_name(std::string_view name);
    void expect_sign(std::string_view sign);
    std::string expect_name();
    [[noreturn]] void unexpected() const;

    const std::vector<Token>& tokens_;
    Run& run_;
    std::size_t at_ = 0;

private:
    ExpressionPointer node(Kind kind, std::vector<ExpressionPointer> parts = {}, std::string name = {},
                           std::vector<Argument> arguments = {});
    template <class... Parts>
    ExpressionPointer node_of(Kind kind, std::string name, Parts... parts);
    ExpressionPointer negation();
    ExpressionPointer comparison();
    ExpressionPointer unary(bool with_filters = true);
    ExpressionPointer power();
    ExpressionPointer primary();
    ExpressionPointer postfix(ExpressionPointer value);
    ExpressionPointer filters_and_tests(ExpressionPointer value);
    ExpressionPointer test(ExpressionPointer value);
    ExpressionPointer subscript(ExpressionPointer value);
    ExpressionPointer sequence(std::string_view closing);
    ExpressionPointer mapping();
    ExpressionPointer literal(Value value);
    std::vector<Argument> arguments();
};

} // namespace quantscope::jinja
