// Recursive descent over expressions; depth is counted, so that no source can exhaust the stack.
#include "core/text/jinja/expression_parser.h"

#include <algorithm>
#include <charconv>

#include "core/base/errors.h"

namespace quantscope::jinja {

namespace {

/// The binary operators from the loosest to the tightest; "not" and the comparisons stand between "and" and "+".
const std::vector<std::vector<std::string_view>> levels{{"or"}, {"and"}, {}, {"+", "-"}, {"~"}, {"*", "/", "//", "%"}};
constexpr std::size_t comparisons = 2;

} // namespace

const Token& ExpressionParser::take() {
    const auto& taken = tokens_[at_];
    if (taken.kind != Token::Kind::end) ++at_;
    run_.line = taken.line;
    return taken;
}

bool ExpressionParser::take_sign(std::string_view sign) { return at_sign(sign) && (take(), true); }
bool ExpressionParser::take_name(std::string_view name) { return at_name(name) && (take(), true); }

void ExpressionParser::unexpected() const {
    run_.line = token().line;
    const auto& text = token().text;
    run_.fail(text.empty() ? std::string("a tag ends too early") : "did not expect \"" + printable(text, 60) + "\"");
}

void ExpressionParser::expect_sign(std::string_view sign) {
    if (!take_sign(sign)) unexpected();
}

std::string ExpressionParser::expect_name() {
    if (token().kind != Token::Kind::name) unexpected();
    return take().text;
}

ExpressionPointer ExpressionParser::node(Kind kind, std::vector<ExpressionPointer> parts, std::string name,
                                         std::vector<Argument> arguments) {
    auto made = std::make_unique<Expression>();
    made->kind = kind;
    made->line = run_.line;
    for (const auto& part : parts)
        if (part) made->depth = std::max(made->depth, part->depth + 1);
    for (const auto& argument : arguments)
        made->depth = std::max(made->depth, argument.value->depth + 1);
    if (made->depth > 150) run_.fail("holds an expression nested deeper than 150 levels");
    made->parts = std::move(parts);
    made->name = std::move(name);
    made->arguments = std::move(arguments);
    return made;
}

template <class... Parts>
ExpressionPointer ExpressionParser::node_of(Kind kind, std::string name, Parts... parts) {
    std::vector<ExpressionPointer> list;
    (list.push_back(std::move(parts)), ...);
    return node(kind, std::move(list), std::move(name));
}

ExpressionPointer ExpressionParser::literal(Value value) {
    auto made = node(Kind::literal);
    made->value = std::move(value);
    return made;
}

ExpressionPointer ExpressionParser::expression_list() {
    auto first = expression();
    if (!at_sign(",")) return first;
    std::vector<ExpressionPointer> items;
    items.push_back(std::move(first));
    while (take_sign(",")) {
        if (token().kind == Token::Kind::block_end || token().kind == Token::Kind::print_end) break;
        items.push_back(expression());
    }
    return node(Kind::list, std::move(items), "tuple");
}

ExpressionPointer ExpressionParser::expression(bool with_choice) {
    const Level level(run_);
    auto value = binary_levels(0);
    while (with_choice && take_name("if")) {
        auto condition = binary_levels(0);
        auto otherwise = take_name("else") ? expression() : nullptr;
        value = node_of(Kind::choice, {}, std::move(value), std::move(condition), std::move(otherwise));
    }
    return value;
}

ExpressionPointer ExpressionParser::binary_levels(std::size_t level) {
    if (level == comparisons) return negation();
    if (level == levels.size()) return unary();
    auto left = binary_levels(level + 1);
    for (;;) {
        const auto& operators = levels[level];
        const auto kind = token().kind;
        const bool here = (kind == Token::Kind::sign || kind == Token::Kind::name) &&
                          std::find(operators.begin(), operators.end(), token().text) != operators.end();
        if (!here) return left;
        const auto name = take().text;
        auto right = binary_levels(level + 1);
        left = node_of(Kind::binary, name, std::move(left), std::move(right));
    }
}

ExpressionPointer ExpressionParser::negation() {
    const Level level(run_);
    if (take_name("not")) return node_of(Kind::unary, "not", negation());
    return comparison();
}

ExpressionPointer ExpressionParser::comparison() {
    std::vector<ExpressionPointer> parts;
    std::vector<std::string> operators;
    parts.push_back(binary_levels(comparisons + 1));
    for (;;) {
        if (token().kind == Token::Kind::sign &&
            (at_sign("==") || at_sign("!=") || at_sign("<") || at_sign("<=") || at_sign(">") || at_sign(">="))) {
            operators.push_back(take().text);
        } else if (take_name("in")) {
            operators.emplace_back("in");
        } else if (at_name("not") && tokens_[at_ + 1].kind == Token::Kind::name && tokens_[at_ + 1].text == "in") {
            take(), take();
            operators.emplace_back("not in");
        } else {
            break;
        }
        parts.push_back(binary_levels(comparisons + 1));
    }
    if (operators.empty()) return std::move(parts[0]);
    auto made = node(Kind::compare, std::move(parts));
    made->operators = std::move(operators);
    return made;
}

ExpressionPointer ExpressionParser::unary(bool with_filters) {
    const Level level(run_);
    ExpressionPointer value;
    if (at_sign("-") || at_sign("+")) {
        const auto sign = take().text;
        value = node_of(Kind::unary, sign, unary(false));
    } else {
        value = power();
    }
    return with_filters ? filters_and_tests(std::move(value)) : std::move(value);
}

ExpressionPointer ExpressionParser::power() {
    auto value = postfix(primary());
    if (!take_sign("**")) return value;
    return node_of(Kind::binary, "**", std::move(value), unary(false));
}

ExpressionPointer ExpressionParser::primary() {
    const auto& first = token();
    switch (first.kind) {
    case Token::Kind::name: {
        const auto name = take().text;
        if (name == "true" || name == "True") return literal(true);
        if (name == "false" || name == "False") return literal(false);
        if (name == "none" || name == "None") return literal(None{});
        return node(Kind::name, {}, name);
    }
    case Token::Kind::string: {
        std::string text;
        while (token().kind == Token::Kind::string)
            text += take().text;
        return literal(std::move(text));
    }
    case Token::Kind::integer: {
        std::int64_t value = 0;
        const auto& text = take().text;
        if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc())
            run_.fail("the number " + printable(text, 60) + " is out of range");
        return literal(value);
    }
    case Token::Kind::number: {
        double value = 0;
        const auto& text = take().text;
        if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc())
            run_.fail("the number " + printable(text, 60) + " is out of range");
        return literal(value);
    }
    default:
        break;
    }
    if (take_sign("(")) return sequence(")");
    if (take_sign("[")) return sequence("]");
    if (take_sign("{")) return mapping();
    unexpected();
}

/// Behind "(" or "[": one value in parentheses, a tuple or a list.
ExpressionPointer ExpressionParser::sequence(std::string_view closing) {
    std::vector<ExpressionPointer> items;
    bool comma = false;
    while (!take_sign(closing)) {
        if (!items.empty() && !comma) unexpected();
        items.push_back(expression());
        comma = take_sign(",");
    }
    if (closing == ")" && items.size() == 1 && !comma) return std::move(items[0]);
    return node(Kind::list, std::move(items), closing == ")" ? "tuple" : "");
}

ExpressionPointer ExpressionParser::mapping() {
    std::vector<ExpressionPointer> parts;
    while (!take_sign("}")) {
        if (!parts.empty()) {
            expect_sign(",");
            if (take_sign("}")) break;
        }
        parts.push_back(expression());
        expect_sign(":");
        parts.push_back(expression());
    }
    return node(Kind::mapping, std::move(parts));
}

ExpressionPointer ExpressionParser::postfix(ExpressionPointer value) {
    for (;;) {
        if (take_sign(".")) {
            if (token().kind == Token::Kind::integer)
                run_.fail("an attribute that is a number is not known here; write [0]");
            value = node_of(Kind::attribute, expect_name(), std::move(value));
        } else if (take_sign("[")) {
            value = subscript(std::move(value));
        } else if (at_sign("(")) {
            auto list = arguments();
            std::vector<ExpressionPointer> callee;
            callee.push_back(std::move(value));
            value = node(Kind::call, std::move(callee), {}, std::move(list));
        } else {
            return value;
        }
    }
}

ExpressionPointer ExpressionParser::subscript(ExpressionPointer value) {
    ExpressionPointer bounds[3];
    int colons = 0;
    while (!at_sign("]")) {
        if (take_sign(":")) {
            if (++colons > 2) unexpected();
            continue;
        }
        if (bounds[colons]) unexpected();
        bounds[colons] = expression();
    }
    take();
    if (colons == 0) {
        if (!bounds[0]) unexpected();
        return node_of(Kind::subscript, {}, std::move(value), std::move(bounds[0]));
    }
    return node_of(Kind::slice, {}, std::move(value), std::move(bounds[0]), std::move(bounds[1]), std::move(bounds[2]));
}

std::vector<Argument> ExpressionParser::arguments() {
    std::vector<Argument> list;
    expect_sign("(");
    while (!take_sign(")")) {
        if (!list.empty()) {
            expect_sign(",");
            if (take_sign(")")) break;
        }
        std::string name;
        const auto& next = tokens_[std::min(at_ + 1, tokens_.size() - 1)];
        if (token().kind == Token::Kind::name && next.kind == Token::Kind::sign && next.text == "=") {
            name = take().text;
            take();
        }
        if (at_sign("*") || at_sign("**")) run_.fail("unpacking arguments with * is not known here");
        list.push_back({std::move(name), expression()});
    }
    return list;
}

ExpressionPointer ExpressionParser::filters_and_tests(ExpressionPointer value) {
    for (;;) {
        if (take_sign("|")) {
            auto name = expect_name();
            while (take_sign("."))
                name += "." + expect_name();
            auto list = at_sign("(") ? arguments() : std::vector<Argument>();
            std::vector<ExpressionPointer> input;
            input.push_back(std::move(value));
            value = node(Kind::filter, std::move(input), std::move(name), std::move(list));
        } else if (take_name("is")) {
            value = test(std::move(value));
        } else {
            return value;
        }
    }
}

ExpressionPointer ExpressionParser::test(ExpressionPointer value) {
    const bool negated = take_name("not");
    auto name = expect_name();
    std::vector<Argument> list;
    const auto kind = token().kind;
    const bool keyword =
        kind == Token::Kind::name && (at_name("else") || at_name("or") || at_name("and") || at_name("is") ||
                                      at_name("if") || at_name("in") || at_name("not"));
    if (at_sign("(")) {
        list = arguments();
    } else if ((kind == Token::Kind::name && !keyword) || kind == Token::Kind::string || kind == Token::Kind::integer ||
               kind == Token::Kind::number || at_sign("[") || at_sign("{")) {
        list.push_back({{}, postfix(primary())}); // x is divisibleby 3
    }
    std::vector<ExpressionPointer> input;
    input.push_back(std::move(value));
    auto made = node(Kind::test, std::move(input), std::move(name), std::move(list));
    return negated ? node_of(Kind::unary, "not", std::move(made)) : std::move(made);
}

} // namespace quantscope::jinja
