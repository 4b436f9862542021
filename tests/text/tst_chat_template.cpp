// Chat templates against what the transformers library rendered, and templates that mean harm.
#include <QtTest>
#include <fstream>

#include "core/base/errors.h"
#include "core/text/chat_template.h"

using namespace quantscope;
using nlohmann::ordered_json;

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr qint64 slowness = 5; // of a build with sanitizers
#else
constexpr qint64 slowness = 1;
#endif

const ordered_json& goldens() {
    static const auto all = [] {
        std::ifstream file(QUANTSCOPE_GOLDENS "/text/chat_templates.json");
        return ordered_json::parse(file);
    }();
    return all;
}

/// The golden's text, or that the template was refused.
void check(const std::string& source, const ordered_json& variables, const ordered_json& golden) {
    std::string rendered;
    try {
        rendered = render_template(source, variables, "test");
    } catch (const Error& error) {
        QVERIFY2(golden.contains("refused"), error.what());
        return;
    }
    QVERIFY2(!golden.contains("refused"), ("should be refused and gives " + rendered).c_str());
    QCOMPARE(rendered, golden["expected"].get<std::string>());
}

} // namespace

class tst_chat_template : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void every_family_renders_as_transformers_does_data() {
        QTest::addColumn<int>("index");
        for (int i = 0; i < static_cast<int>(goldens()["conversations"].size()); ++i)
            QTest::newRow(goldens()["conversations"][i]["name"].get<std::string>().c_str()) << i;
    }
    void every_family_renders_as_transformers_does() {
        QFETCH(int, index);
        const auto& one = goldens()["conversations"][index];
        check(goldens()["templates"][one["template"].get<std::string>()], one["variables"], one);
    }

    void every_construct_means_what_jinja_means_data() {
        QTest::addColumn<int>("index");
        for (int i = 0; i < static_cast<int>(goldens()["snippets"].size()); ++i)
            QTest::addRow("%d %s", i, goldens()["snippets"][i]["source"].get<std::string>().c_str()) << i;
    }
    void every_construct_means_what_jinja_means() {
        QFETCH(int, index);
        const auto& one = goldens()["snippets"][index];
        check(one["source"], goldens()["variables"], one);
    }

    void an_unknown_construct_is_named_data() {
        QTest::addColumn<QString>("source");
        QTest::addColumn<QString>("words");
        const auto row = [](const char* source, const char* words) { QTest::newRow(source) << source << words; };
        row("{% include 'x' %}", "\"include\"");
        row("{% call f() %}{% endcall %}", "\"call\"");
        row("\n\n{{ 1|filesizeformat }}", "line 3: the filter \"filesizeformat\"");
        row("{{ 1 is weird }}", "the test \"weird\"");
        row("{{ 'a'.format(1) }}", "the method \"format\"");
        row("{{ [].append(1) }}", "the method \"append\"");
        row("{{ ''.__class__.__mro__ }}", "\"__class__\" is undefined");
        row("{{ x() }}", "\"x\" is called");
        row("{{ x.y }}", "\"x\" is undefined");
        row("{% for a in b recursive %}{% endfor %}", "recursive");
        row("{{ 'a' % 1 }}", "formatting");
        row("{{ 'a'|trim(wrong=1) }}", "the argument \"wrong\"");
        row("{{ 1 ? 2 }}", "the sign \"?\"");
        row("{{ strftime_now('%Z%n') }}", "strftime_now");
        row("{% if 1 %}", "never closed");
        row("{% endif %}", "endif");
        row("{{ 1 ", "never closed");
        row("{{ 'abc", "never closed");
        row("{# x", "never closed");
        row("{% raw %}", "never closed");
        row("{% break %}", "outside of a loop");
        row("{{ 1 + 'a' }}", "cannot compute");
        row("{{ 1 / 0 }}", "divides by zero");
        row("{{ 9223372036854775807 + 1 }}", "out of range");
        row("{{ 99999999999999999999 }}", "out of range");
        row("{{ (-9223372036854775807 - 1) // -1 }}", "out of range");
    }
    void an_unknown_construct_is_named() {
        QFETCH(QString, source);
        QFETCH(QString, words);
        try {
            render_template(source.toStdString(), ordered_json::object(), "model.gguf");
            QFAIL("was rendered");
        } catch (const FormatError& error) {
            QVERIFY2(QString(error.what()).contains(words), error.what());
            QVERIFY2(QString(error.what()).startsWith("model.gguf: chat template, line "), error.what());
        }
    }

    void a_template_may_refuse_the_conversation() {
        QVERIFY_EXCEPTION_THROWN(render_template("{{ raise_exception('no') }}", ordered_json::object(), "f"),
                                 DataError);
    }

    void strftime_now_gives_a_date() {
        const auto date = render_template("{{ strftime_now('%d %b %Y') }}", ordered_json::object(), "f");
        QVERIFY2(QRegularExpression("^\\d\\d [A-Z][a-z]{2} 20\\d\\d$").match(QString::fromStdString(date)).hasMatch(),
                 date.c_str());
    }

    void no_template_takes_long_or_much_data() {
        QTest::addColumn<QString>("source");
        const auto row = [](const char* name, const QString& source) { QTest::newRow(name) << source; };
        const auto times = [](const char* text, int count) { return QString(text).repeated(count); };
        row("endless loops", "{% for a in range(99999) %}{% for b in range(99999) %}{{ b }}{% endfor %}{% endfor %}");
        row("doubling text",
            "{% set n = namespace(s='aaaaaaaa') %}{% for a in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}");
        row("doubling lists",
            "{% set n = namespace(s=[1]) %}{% for a in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}");
        row("shared lists",
            "{% set n = namespace(s=[1]) %}{% for a in range(50) %}{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s }}");
        row("compared lists", "{% set n = namespace(s=[1], t=[1]) %}{% for a in range(50) %}{% set n.s = [n.s, n.s] %}"
                              "{% set n.t = [n.t, n.t] %}{% endfor %}{{ n.s == n.t }}");
        row("nested lists", "{% set n = namespace(s=[]) %}{% for a in range(9999) %}{% set n.s = [n.s] %}{% endfor %}");
        row("a namespace in itself", "{% set n = namespace() %}{% set n.n = n %}{% set n.l = [n] %}{{ n.l }}");
        row("repetition", "{{ 'abc' * 9999999999 }}");
        row("a long range", "{{ range(1000000000) }}");
        row("a range without end", "{{ range(0, 9000000000000000000, 8999999999999999999) }}");
        row("a power", "{{ 1 ** 9000000000000000000 }}");
        row("endless recursion", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}");
        row("parentheses", "{{ " + times("(", 100'000) + " }}");
        row("brackets", "{{ " + times("[", 100'000) + times("]", 100'000) + " }}");
        row("not", "{{ " + times("not ", 100'000) + "1 }}");
        row("minus", "{{ " + times("-", 100'000) + "1 }}");
        row("plus", "{{ 1" + times("+1", 100'000) + " }}");
        row("choices", "{{ 1" + times(" if 1 else 1", 50'000) + " }}");
        row("filters", "{{ 1" + times("|string", 100'000) + " }}");
        row("attributes", "{{ a" + times(".b", 100'000) + " }}");
        row("ifs", times("{% if 1 %}", 90'000));
        row("long source", times(" ", 2'000'000));
        row("replacing", "{% set n = namespace(s='aaaaaaaa') %}{% for a in range(99) %}{% set n.s = n.s|replace('a', "
                         "'aaaa') %}{% endfor %}");
        row("splitting", "{% for a in range(99999) %}{% set x = ('a ' * 20000).split() %}{% endfor %}");
    }
    void no_template_takes_long_or_much() {
        QFETCH(QString, source);
        QElapsedTimer clock;
        clock.start();
        QVERIFY_EXCEPTION_THROWN(render_template(source.toStdString(), ordered_json::object(), "f"), FormatError);
        QVERIFY2(clock.elapsed() < 2000 * slowness, qPrintable(QString::number(clock.elapsed())));
    }

    void any_cut_of_a_template_is_rendered_or_refused() {
        const auto& one = goldens()["conversations"][0];
        const std::string source = goldens()["templates"]["qwen3"];
        for (std::size_t length = 0; length < source.size(); length += 3) {
            try {
                render_template(source.substr(0, length), one["variables"], "f");
            } catch (const Error&) {
            }
        }
    }
};

QTEST_APPLESS_MAIN(tst_chat_template)
#include "tst_chat_template.moc"
