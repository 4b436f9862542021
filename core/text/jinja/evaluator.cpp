// Statements and expressions, one function a kind. Scopes as Jinja has them: a loop's body and a macro have their own.
#include "core/text/jinja/evaluator.h"

#include <array>
#include <ctime>

#include "core/base/errors.h"

namespace quantscope::jinja {

namespace {

constexpr std::array<std::string_view, 5> globals{"raise_exception", "strftime_now", "namespace", "range", "dict"};

/// Today as strftime writes it. Only conversions without a locale's or a system's own meaning are passed on.
std::string time_now(const std::string& format, Run& run) {
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%') continue;
        if (++i == format.size() || std::string_view("aAbBdHIjmMpSyY%").find(format[i]) == std::string_view::npos)
            run.fail("strftime_now: the format \"" + printable(format, 60) + "\" is not known here");
    }
    if (format.size() > 200) run.fail("strftime_now: the format is longer than 200 characters");
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    localtime_r(&now, &parts);
    std::array<char, 4000> buffer{};
    return std::string(buffer.data(), std::strftime(buffer.data(), buffer.size(), format.c_str(), &parts));
}

} // namespace

std::string Evaluator::render(const Block& block) {
    std::string out;
    execute(block, out);
    return out;
}

Evaluator::Flow Evaluator::execute(const Block& block, std::string& out) {
    const Level level(run_);
    for (const auto& statement : block)
        if (const auto flow = execute(statement, out); flow != Flow::on) return flow;
    return Flow::on;
}

Evaluator::Flow Evaluator::execute(const Statement& statement, std::string& out) {
    run_.line = statement.line;
    run_.spend();
    switch (statement.kind) {
    case Statement::Kind::text:
        run_.allocate(statement.text.size());
        out += statement.text;
        break;
    case Statement::Kind::print:
        out += text(evaluate(*statement.value), run_);
        break;
    case Statement::Kind::branch:
        return branch(statement, out);
    case Statement::Kind::loop:
        return loop(statement, out);
    case Statement::Kind::assign:
        assign(statement, evaluate(*statement.value));
        break;
    case Statement::Kind::capture: {
        std::string inside;
        const auto flow = execute(statement.body, inside);
        assign(statement, std::move(inside));
        return flow;
    }
    case Statement::Kind::macro:
        scopes_.back()[statement.macro->name] = Callable{statement.macro->name, statement.macro.get()};
        break;
    case Statement::Kind::stop:
        return Flow::stop;
    case Statement::Kind::skip:
        return Flow::skip;
    }
    return Flow::on;
}

Evaluator::Flow Evaluator::branch(const Statement& statement, std::string& out) {
    for (const auto& [condition, body] : statement.branches)
        if (!condition || truth(evaluate(*condition))) return execute(body, out);
    return Flow::on;
}

Evaluator::Flow Evaluator::loop(const Statement& statement, std::string& out) {
    auto all = items_of(evaluate(*statement.value), run_);
    scopes_.emplace_back();
    std::vector<Value> items;
    for (auto& one : all) {
        if (statement.condition) {
            set_targets(statement.names, one);
            if (!truth(evaluate(*statement.condition))) continue;
        }
        items.push_back(std::move(one));
    }
    const auto count = static_cast<std::int64_t>(items.size());
    for (std::int64_t i = 0; i < count; ++i) {
        run_.spend();
        scopes_.back().clear();
        const auto at = static_cast<std::size_t>(i);
        scopes_.back()["loop"] =
            Value::mapping({{"index", i + 1},
                            {"index0", i},
                            {"revindex", count - i},
                            {"revindex0", count - i - 1},
                            {"first", i == 0},
                            {"last", i + 1 == count},
                            {"length", count},
                            {"previtem", i > 0 ? items[at - 1] : Value(Undefined{"previtem"})},
                            {"nextitem", i + 1 < count ? items[at + 1] : Value(Undefined{"nextitem"})}},
                           run_);
        set_targets(statement.names, items[at]);
        if (execute(statement.body, out) == Flow::stop) break;
    }
    scopes_.pop_back();
    return count == 0 ? execute(statement.otherwise, out) : Flow::on;
}

void Evaluator::set_targets(const std::vector<std::string>& names, Value value) {
    if (names.size() == 1) {
        scopes_.back()[names[0]] = std::move(value);
        return;
    }
    auto parts = items_of(value, run_);
    if (parts.size() != names.size())
        run_.fail("cannot give " + std::to_string(parts.size()) + " values to " + std::to_string(names.size()) +
                  " names");
    for (std::size_t i = 0; i < names.size(); ++i)
        scopes_.back()[names[i]] = std::move(parts[i]);
}

void Evaluator::assign(const Statement& statement, Value value) {
    if (statement.text.empty()) return set_targets(statement.names, std::move(value));
    auto* space = name(statement.names[0]).space();
    if (!space)
        run_.fail("\"" + printable(statement.names[0], 60) + "\" is no namespace and cannot be given attributes");
    run_.allocate(statement.text.size() + 64);
    space->values[statement.text] = std::move(value);
}

Value Evaluator::evaluate(const Expression& expression) {
    const Level level(run_);
    run_.line = expression.line;
    run_.spend();
    using Kind = Expression::Kind;
    const auto& parts = expression.parts;
    switch (expression.kind) {
    case Kind::literal:
        return expression.value;
    case Kind::name:
        return name(expression.name);
    case Kind::list:
        return list(expression);
    case Kind::mapping:
        return mapping(expression);
    case Kind::attribute:
        return attribute(evaluate(*parts[0]), expression.name, run_);
    case Kind::subscript: {
        const auto object = evaluate(*parts[0]);
        return item(object, evaluate(*parts[1]), run_);
    }
    case Kind::slice:
        return slice(expression);
    case Kind::call:
        return call(expression);
    case Kind::filter: {
        const auto input = evaluate(*parts[0]);
        return apply_filter(expression.name, input, arguments(expression), run_);
    }
    case Kind::test: {
        const auto input = evaluate(*parts[0]);
        return apply_test(expression.name, input, arguments(expression), run_);
    }
    case Kind::unary: {
        const auto value = evaluate(*parts[0]);
        if (expression.name == "not") return !truth(value);
        if (expression.name == "+") return value;
        return apply_operator("-", std::int64_t{0}, value, run_);
    }
    case Kind::binary:
        return binary(expression);
    case Kind::compare:
        return compare(expression);
    case Kind::choice:
        if (truth(evaluate(*parts[1]))) return evaluate(*parts[0]);
        return evaluate_or(parts[2], Undefined{"the value of an if without else"});
    }
    return {};
}

Value Evaluator::evaluate_or(const ExpressionPointer& expression, Value otherwise) {
    return expression ? evaluate(*expression) : std::move(otherwise);
}

Value Evaluator::name(const std::string& name) {
    for (auto i = scopes_.size(); i-- > 0;) {
        if (i > 0 && i < visible_from_) continue;
        if (const auto it = scopes_[i].find(name); it != scopes_[i].end()) return it->second;
    }
    if (const auto* value = variables_.find(name)) return *value;
    for (const auto global : globals)
        if (global == name) return Callable{name, nullptr};
    return Undefined{name};
}

Value Evaluator::list(const Expression& expression) {
    std::vector<Value> items;
    for (const auto& part : expression.parts)
        items.push_back(evaluate(*part));
    return Value::list(std::move(items), run_, expression.name == "tuple");
}

Value Evaluator::mapping(const Expression& expression) {
    std::vector<std::pair<std::string, Value>> entries;
    for (std::size_t i = 0; i + 1 < expression.parts.size(); i += 2) {
        const auto key = evaluate(*expression.parts[i]);
        if (!key.string())
            run_.fail(std::string("a mapping's key is a ") + key.kind() + "; only strings are known here");
        entries.emplace_back(*key.string(), evaluate(*expression.parts[i + 1]));
    }
    return Value::mapping(std::move(entries), run_);
}

Value Evaluator::slice(const Expression& expression) {
    const auto object = evaluate(*expression.parts[0]);
    std::optional<std::int64_t> bounds[3];
    for (std::size_t i = 0; i < 3; ++i) {
        const auto value = evaluate_or(expression.parts[i + 1], None{});
        if (!value.none()) bounds[i] = as_integer(value, "a slice's bound", run_);
    }
    return jinja::slice(object, bounds[0], bounds[1], bounds[2].value_or(1), run_);
}

Value Evaluator::binary(const Expression& expression) {
    auto left = evaluate(*expression.parts[0]);
    if (expression.name == "and" && !truth(left)) return left;
    if (expression.name == "or" && truth(left)) return left;
    auto right = evaluate(*expression.parts[1]);
    if (expression.name == "and" || expression.name == "or") return right;
    return apply_operator(expression.name, left, right, run_);
}

Value Evaluator::compare(const Expression& expression) {
    auto left = evaluate(*expression.parts[0]);
    for (std::size_t i = 0; i < expression.operators.size(); ++i) {
        auto right = evaluate(*expression.parts[i + 1]);
        const auto& sign = expression.operators[i];
        const bool holds = sign == "=="   ? equal(left, right, run_)
                           : sign == "!=" ? !equal(left, right, run_)
                           : sign == "<"  ? less(left, right, run_)
                           : sign == ">"  ? less(right, left, run_)
                           : sign == "<=" ? less(left, right, run_) || equal(left, right, run_)
                           : sign == ">=" ? less(right, left, run_) || equal(left, right, run_)
                                          : contains(right, left, run_) == (sign == "in");
        if (!holds) return false;
        left = std::move(right);
    }
    return true;
}

Arguments Evaluator::arguments(const Expression& expression) {
    Arguments made;
    for (const auto& argument : expression.arguments) {
        if (argument.name.empty())
            made.by_position.push_back(evaluate(*argument.value));
        else
            made.by_name.emplace_back(argument.name, evaluate(*argument.value));
    }
    return made;
}

Value Evaluator::call(const Expression& expression) {
    const auto& callee = *expression.parts[0];
    if (callee.kind == Expression::Kind::attribute) {
        const auto object = evaluate(*callee.parts[0]);
        return call_method(object, callee.name, arguments(expression), run_);
    }
    const auto function = evaluate(callee);
    const auto* callable = function.get<Callable>();
    if (!callable) {
        const auto named =
            callee.kind == Expression::Kind::name ? "\"" + printable(callee.name, 60) + "\"" : "the value";
        run_.fail(named + " is called, and is no function that is known here");
    }
    auto given = arguments(expression);
    return callable->macro ? call_macro(*callable->macro, std::move(given))
                           : call_global(callable->name, std::move(given));
}

Value Evaluator::call_macro(const Macro& macro, Arguments given) {
    const Level level(run_);
    Scope scope;
    for (const auto& [name, otherwise] : macro.parameters) {
        auto value = given.take(name);
        scope[name] = value ? std::move(*value) : evaluate_or(otherwise, Undefined{name});
    }
    given.finish(macro.name, run_);
    const auto visible = std::exchange(visible_from_, scopes_.size());
    scopes_.push_back(std::move(scope));
    std::string out;
    execute(macro.body, out);
    scopes_.pop_back();
    visible_from_ = visible;
    return out;
}

Value Evaluator::call_global(const std::string& name, Arguments given) {
    if (name == "raise_exception") {
        const auto message = text(given.required("message", run_), run_);
        throw DataError(run_.file, "chat template, line " + std::to_string(run_.line),
                        "the model's template refuses this conversation: " + message);
    }
    if (name == "strftime_now") return time_now(given.string("format", run_), run_);
    if (name == "namespace") {
        run_.allocate(sizeof(Namespace) + 64 * given.by_name.size());
        auto& made = namespaces_.emplace_back();
        for (auto& [key, value] : given.by_name)
            made.values[key] = std::move(value);
        given.by_name.clear();
        given.finish(name, run_);
        return &made;
    }
    if (name == "dict") {
        auto entries = std::exchange(given.by_name, {});
        given.finish(name, run_);
        return Value::mapping(std::move(entries), run_);
    }
    std::int64_t start = 0, stop = as_integer(given.required("stop", run_), "range", run_), step = 1;
    if (const auto second = given.take("stop")) start = std::exchange(stop, as_integer(*second, "range", run_));
    if (const auto third = given.take("step")) step = as_integer(*third, "range", run_);
    given.finish(name, run_);
    constexpr std::int64_t most = 1'000'000'000;
    if (step == 0 || start < -most || start > most || stop < -most || stop > most || step < -most || step > most)
        run_.fail("range is called with a step of 0 or numbers beyond 1,000,000,000");
    std::vector<Value> items;
    for (auto i = start; step > 0 ? i < stop : i > stop; i += step) {
        if (items.size() >= 100'000) run_.fail("range counts further than 100,000");
        items.emplace_back(i);
    }
    return Value::list(std::move(items), run_);
}

} // namespace quantscope::jinja
