// {% if value is test %}: Jinja's tests that chat templates use.
#include <map>

#include "core/base/errors.h"
#include "core/text/jinja/functions.h"

namespace quantscope::jinja {

namespace {

using Test = bool (*)(const Value& value, Arguments& arguments, Run& run);

bool integer(const Value& v) { return v.get<std::int64_t>(); }
bool sized(const Value& v) { return v.string() || v.list() || v.mapping() || v.undefined(); }

const std::map<std::string, Test, std::less<>>& tests() {
    static const auto table = [] {
        std::map<std::string, Test, std::less<>> t;
        t["defined"] = [](const Value& v, Arguments&, Run&) { return !v.undefined(); };
        t["undefined"] = [](const Value& v, Arguments&, Run&) { return v.undefined(); };
        t["none"] = [](const Value& v, Arguments&, Run&) { return v.none(); };
        t["string"] = [](const Value& v, Arguments&, Run&) { return v.string() != nullptr; };
        t["mapping"] = [](const Value& v, Arguments&, Run&) { return v.mapping() != nullptr; };
        t["sequence"] = [](const Value& v, Arguments&, Run&) { return sized(v); };
        t["iterable"] = [](const Value& v, Arguments&, Run&) { return sized(v); };
        t["number"] = [](const Value& v, Arguments&, Run&) { return v.number(); };
        t["integer"] = [](const Value& v, Arguments&, Run&) { return integer(v); };
        t["float"] = [](const Value& v, Arguments&, Run&) { return v.get<double>() != nullptr; };
        t["boolean"] = [](const Value& v, Arguments&, Run&) { return v.get<bool>() != nullptr; };
        t["true"] = [](const Value& v, Arguments&, Run&) { return v.get<bool>() && *v.get<bool>(); };
        t["false"] = [](const Value& v, Arguments&, Run&) { return v.get<bool>() && !*v.get<bool>(); };
        t["callable"] = [](const Value& v, Arguments&, Run&) { return v.get<Callable>() != nullptr; };
        t["odd"] = [](const Value& v, Arguments&, Run& r) { return as_integer(v, "odd", r) % 2 != 0; };
        t["even"] = [](const Value& v, Arguments&, Run& r) { return as_integer(v, "even", r) % 2 == 0; };
        t["divisibleby"] = [](const Value& v, Arguments& a, Run& r) {
            return !truth(apply_operator("%", v, a.required("num", r), r));
        };
        t["equalto"] = [](const Value& v, Arguments& a, Run& r) { return equal(v, a.required("other", r), r); };
        t["eq"] = t["=="] = t["equalto"];
        t["ne"] = [](const Value& v, Arguments& a, Run& r) { return !equal(v, a.required("other", r), r); };
        t["!="] = t["ne"];
        t["lt"] = [](const Value& v, Arguments& a, Run& r) { return less(v, a.required("other", r), r); };
        t["gt"] = [](const Value& v, Arguments& a, Run& r) { return less(a.required("other", r), v, r); };
        t["le"] = [](const Value& v, Arguments& a, Run& r) {
            const auto other = a.required("other", r);
            return less(v, other, r) || equal(v, other, r);
        };
        t["ge"] = [](const Value& v, Arguments& a, Run& r) {
            const auto other = a.required("other", r);
            return less(other, v, r) || equal(v, other, r);
        };
        t["<"] = t["lessthan"] = t["lt"], t[">"] = t["greaterthan"] = t["gt"], t["<="] = t["le"], t[">="] = t["ge"];
        t["in"] = [](const Value& v, Arguments& a, Run& r) { return contains(a.required("seq", r), v, r); };
        t["lower"] = [](const Value& v, Arguments&, Run& r) {
            const auto s = text(v, r);
            return cased(s, false, r) == s && cased(s, true, r) != s;
        };
        t["upper"] = [](const Value& v, Arguments&, Run& r) {
            const auto s = text(v, r);
            return cased(s, true, r) == s && cased(s, false, r) != s;
        };
        return t;
    }();
    return table;
}

} // namespace

bool apply_test(const std::string& name, const Value& input, Arguments arguments, Run& run) {
    run.spend();
    const auto it = tests().find(name);
    if (it == tests().end()) run.fail("the test \"" + printable(name, 60) + "\" is not known here");
    const bool holds = it->second(input, arguments, run);
    arguments.finish(name, run);
    return holds;
}

} // namespace quantscope::jinja
