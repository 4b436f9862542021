// Runs a parsed template.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/text/jinja/functions.h"
#include "core/text/jinja/syntax.h"

namespace quantscope::jinja {

class Evaluator {
public:
    Evaluator(Run& run, const Mapping& variables)
        : run_(run)
        , variables_(variables) {}
    std::string render(const Block& block);

private:
    enum class Flow { on, stop, skip };
    using Scope = std::unordered_map<std::string, Value>;

    Flow execute(const Block& block, std::string& out);
    Flow execute(const Statement& statement, std::string& out);
    Flow branch(const Statement& statement, std::string& out);
    Flow loop(const Statement& statement, std::string& out);
    void assign(const Statement& statement, Value value);
    void set_targets(const std::vector<std::string>& names, Value value);

    Value evaluate(const Expression& expression);
    Value evaluate_or(const ExpressionPointer& expression, Value otherwise);
    Value name(const std::string& name);
    Value list(const Expression& expression);
    Value mapping(const Expression& expression);
    Value slice(const Expression& expression);
    Value binary(const Expression& expression);
    Value compare(const Expression& expression);
    Value call(const Expression& expression);
    Value call_macro(const Macro& macro, Arguments arguments);
    Value call_global(const std::string& name, Arguments arguments);
    Arguments arguments(const Expression& expression);

    Run& run_;
    const Mapping& variables_;
    std::vector<Scope> scopes_{1};
    std::size_t visible_from_ = 1; ///< scopes between the outermost and this one belong to the macro's caller
    std::deque<Namespace> namespaces_;
};

} // namespace quantscope::jinja
