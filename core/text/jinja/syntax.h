// What a parsed template consists of.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/text/jinja/value.h"

namespace quantscope::jinja {

struct Expression;
using ExpressionPointer = std::unique_ptr<Expression>;

struct Argument {
    std::string name; ///< empty: by position
    ExpressionPointer value;
};

struct Expression {
    enum class Kind {
        literal,   ///< value
        name,      ///< name
        list,      ///< parts; a tuple when that is its name
        mapping,   ///< parts: key, value, key, value, …
        attribute, ///< parts[0].name
        subscript, ///< parts[0][parts[1]]
        slice,     ///< parts[0][parts[1]:parts[2]:parts[3]], each of the three may be null
        call,      ///< parts[0](arguments)
        filter,    ///< parts[0] | name(arguments)
        test,      ///< parts[0] is name(arguments)
        unary,     ///< name parts[0]: "not", "-", "+"
        binary,    ///< parts[0] name parts[1]
        compare,   ///< parts[0] operators[0] parts[1] operators[1] …
        choice,    ///< parts[0] if parts[1] else parts[2], which may be null
    };
    Kind kind = Kind::literal;
    int line = 1, depth = 1;
    std::string name;
    Value value;
    std::vector<ExpressionPointer> parts;
    std::vector<Argument> arguments;
    std::vector<std::string> operators;
};

struct Statement;
using Block = std::vector<Statement>;

struct Macro {
    std::string name;
    std::vector<std::pair<std::string, ExpressionPointer>> parameters; ///< with the default, or null
    Block body;
};

struct Statement {
    enum class Kind { text, print, branch, loop, assign, capture, macro, stop, skip };
    Kind kind = Kind::text;
    int line = 1;
    std::string text;                                          ///< text; assign: the attribute of a namespace
    std::vector<std::string> names;                            ///< loop, assign, capture: the targets
    ExpressionPointer value;                                   ///< print, loop, assign
    ExpressionPointer condition;                               ///< loop: which items count
    std::vector<std::pair<ExpressionPointer, Block>> branches; ///< branch: a null condition is "else"
    Block body, otherwise;                                     ///< loop, capture
    std::shared_ptr<const Macro> macro;
};

} // namespace quantscope::jinja
