// Tokenizer files that are damaged or mean harm: each is refused by an error that says why, within bounded time.
#include <QtTest>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>

#include "core/base/errors.h"
#include "core/text/tokenizer.h"

using namespace quantscope;
using nlohmann::json;

Q_DECLARE_METATYPE(json)

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr qint64 slowness = 5; // of a build with sanitizers
#else
constexpr qint64 slowness = 1;
#endif

std::string read(const std::string& name) {
    std::ifstream file(QUANTSCOPE_GOLDENS "/text/" + name, std::ios::binary);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
}

/// A tokenizer of three letters; every attack changes one thing.
json small() {
    return {{"model", {{"type", "BPE"}, {"vocab", {{"a", 0}, {"b", 1}, {"c", 2}, {"ab", 3}}}, {"merges", {"a b"}}}},
            {"added_tokens", json::array()}};
}

json small_gguf(const char* model) {
    return {{"tokenizer.ggml.model", model},
            {"tokenizer.ggml.pre", "gpt-2"},
            {"tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "a", "b", "ab"}},
            {"tokenizer.ggml.token_type", {2, 3, 3, 1, 1, 1}},
            {"tokenizer.ggml.scores", {0, 0, 0, -1, -2, -3}},
            {"tokenizer.ggml.merges", {"a b"}}};
}

json nested(const char* type, const char* list, int depth) {
    json value = {{"type", type}, {list, json::array()}};
    for (int i = 0; i < depth; ++i)
        value = {{"type", type}, {list, json::array({value})}};
    return value;
}

json token(const char* content, json id) { return {{"content", content}, {"id", std::move(id)}, {"special", true}}; }

json split(const std::string& expression) {
    return {{"type", "Split"}, {"pattern", {{"Regex", expression}}}, {"behavior", "Isolated"}, {"invert", false}};
}

template <class Open>
void refuse(Open open, const QString& words) {
    QElapsedTimer clock;
    clock.start();
    try {
        open();
        QFAIL("was accepted");
    } catch (const FormatError& error) {
        QVERIFY2(QString::fromStdString(error.what()).contains(words), error.what());
        QVERIFY2(QString::fromStdString(error.what()).startsWith("the file: "), error.what());
    }
    QVERIFY2(clock.elapsed() < 1000 * slowness, qPrintable(QString::number(clock.elapsed())));
}

} // namespace

class tst_hostile_tokenizer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void a_damaged_tokenizer_json_is_refused_data() {
        QTest::addColumn<json>("file");
        QTest::addColumn<QString>("words");
        const auto row = [](const char* name, const char* pointer, const json& value, const char* words) {
            auto file = small();
            file[json::json_pointer(pointer)] = value;
            QTest::newRow(name) << file << words;
        };
        row("no model", "/model", nullptr, "model: is missing");
        row("model is a list", "/model", json::array(), "model: is missing");
        row("unknown model", "/model/type", "Unigram", "\"Unigram\" is not known");
        row("no vocabulary", "/model/vocab", nullptr, "model.vocab: is missing");
        row("vocabulary is a list", "/model/vocab", json::array({"a"}), "model.vocab");
        row("negative id", "/model/vocab/a", -1, "out of range");
        row("huge id", "/model/vocab/a", 2'000'000'000, "out of range");
        row("larger id", "/model/vocab/a", 18446744073709551615ULL, "no integer id in range");
        row("id is text", "/model/vocab/a", "0", "no integer id");
        row("id is a fraction", "/model/vocab/a", 0.5, "no integer id");
        row("two tokens of one id", "/model/vocab/a", 1, "belongs to two tokens");
        row("no merges", "/model/merges", nullptr, "model.merges: is missing");
        row("merge of three", "/model/merges/0", "a b c", "no pair");
        row("merge of one", "/model/merges/0", "ab", "no pair");
        row("merge is a number", "/model/merges/0", 7, "no pair");
        row("merge of a list of three", "/model/merges/0", json::array({"a", "b", "c"}), "no pair");
        row("merge of unknown tokens", "/model/merges/0", "a x", "\"x\", which the vocabulary lacks");
        row("merge into an unknown token", "/model/merges/0", "b a", "\"ba\", which the vocabulary lacks");
        row("unknown token that is unknown", "/model/unk_token", "<unk>", "model.unk_token");
        row("flag is text", "/model/byte_fallback", "yes", "model.byte_fallback");
        row("unknown normalizer", "/normalizer", {{"type", "Precompiled"}}, "\"Precompiled\" is not known");
        row("unknown pre-tokenizer", "/pre_tokenizer", {{"type", "UnicodeScripts"}}, "\"UnicodeScripts\" is not known");
        row("unknown decoder", "/decoder", {{"type", "CTC"}}, "\"CTC\" is not known");
        row("unknown post-processor", "/post_processor", {{"type", "Else"}}, "\"Else\" is not known");
        row("step without type", "/normalizer", {{"x", 1}}, "normalizer.type");
        row("deep normalizer", "/normalizer", nested("Sequence", "normalizers", 40), "nested more than 20 deep");
        row("deep pre-tokenizer", "/pre_tokenizer", nested("Sequence", "pretokenizers", 40),
            "nested more than 20 deep");
        row("deep decoder", "/decoder", nested("Sequence", "decoders", 40), "nested more than 20 deep");
        row("deep post-processor", "/post_processor", nested("Sequence", "processors", 40), "nested more than 20 deep");
        row("broken expression", "/pre_tokenizer", split("(a"), "is not understood");
        row("long expression", "/pre_tokenizer", split(std::string(30'000, 'a')), "longer than 20,000");
        row("deep expression", "/pre_tokenizer", split(std::string(500, '(') + std::string(500, ')')),
            "is not understood");
        row("huge expression", "/pre_tokenizer", split("(((((a{1000}){1000}){1000}){1000}){1000})"),
            "is not understood");
        row("added token without id", "/added_tokens/0", token("x", nullptr), "missing or out of range");
        row("added token of negative id", "/added_tokens/0", token("x", -5), "is no index");
        row("added token of huge id", "/added_tokens/0", token("x", 2'000'000'000), "out of range");
        row("added token against the vocabulary", "/added_tokens/0", token("a", 3), "in the vocabulary");
        row("added token takes an id", "/added_tokens/0", token("x", 3), "which the vocabulary gives");
        row("added token twice", "/added_tokens", json::array({token("x", 7), token("x", 8)}), "occurs twice");
        row("added tokens of one id", "/added_tokens", json::array({token("x", 7), token("y", 7)}), "occurs twice");
        const json special = {{"SpecialToken", {{"id", "<s>"}}}};
        row("template without meaning", "/post_processor", {{"type", "TemplateProcessing"}, {"single", {special}}},
            "has no ids");
        row("template with a wild id", "/post_processor",
            {{"type", "TemplateProcessing"}, {"single", {special}}, {"special_tokens", {{"<s>", {{"ids", {9999}}}}}}},
            "outside of the vocabulary");
    }
    void a_damaged_tokenizer_json_is_refused() {
        QFETCH(json, file);
        QFETCH(QString, words);
        refuse([&] { Tokenizer::from_tokenizer_json(file, nullptr, "the file"); }, words);
    }

    void a_damaged_gguf_vocabulary_is_refused_data() {
        QTest::addColumn<json>("file");
        QTest::addColumn<QString>("words");
        const auto row = [](const char* name, const char* model, const char* key, const json& value,
                            const char* words) {
            auto file = small_gguf(model);
            file[key] = value;
            QTest::newRow(name) << file << words;
        };
        row("unknown kind", "t5", "x", 1, "\"t5\" is not known");
        row("no tokens", "gpt2", "tokenizer.ggml.tokens", nullptr, "tokens: is missing");
        row("tokens are none", "gpt2", "tokenizer.ggml.tokens", json::array(), "tokens: is empty");
        row("tokens are numbers", "gpt2", "tokenizer.ggml.tokens", {1, 2, 3, 4, 5, 6}, "else than strings");
        row("tokens occur twice", "gpt2", "tokenizer.ggml.tokens", {"a", "a", "b", "c", "d", "e"}, "has two ids");
        row("too few types", "gpt2", "tokenizer.ggml.token_type", {1, 1}, "has 2 entries for 6");
        row("types are text", "gpt2", "tokenizer.ggml.token_type", {"1", "1", "1", "1", "1", "1"},
            "else than integers");
        row("no merges", "gpt2", "tokenizer.ggml.merges", nullptr, "merges: is missing");
        row("merges are numbers", "gpt2", "tokenizer.ggml.merges", {1}, "else than strings");
        row("merges without space", "gpt2", "tokenizer.ggml.merges", {"ab"}, "no pair");
        row("empty merge", "gpt2", "tokenizer.ggml.merges", {""}, "no pair");
        row("no scores", "llama", "tokenizer.ggml.scores", nullptr, "scores: is missing");
        row("too few scores", "llama", "tokenizer.ggml.scores", {1}, "has 1 entries for 6");
        row("scores are no numbers", "llama", "tokenizer.ggml.scores", {0, 0, nullptr, 0, 0, 0}, "else than numbers");
        row("bos is text", "gpt2", "tokenizer.ggml.bos_token_id", "1", "bos_token_id");
        row("template is a number", "gpt2", "tokenizer.chat_template", 3, "chat_template");
    }
    void a_damaged_gguf_vocabulary_is_refused() {
        QFETCH(json, file);
        QFETCH(QString, words);
        refuse([&] { Tokenizer::from_gguf(file, "the file"); }, words);
    }

    void stray_ids_and_unknown_names_are_remarked() {
        auto file = small_gguf("gpt2");
        file["tokenizer.ggml.bos_token_id"] = 4'000'000'000u;
        QVERIFY_EXCEPTION_THROWN(Tokenizer::from_gguf(file, "the file"), FormatError);
        file["tokenizer.ggml.bos_token_id"] = 6;
        file["tokenizer.ggml.pre"] = "from-the-future";
        file["tokenizer.ggml.merges"] = {"a b", "a q"};
        const auto tokenizer = Tokenizer::from_gguf(file, "the file");
        QCOMPARE(tokenizer->remarks().size(), std::size_t{3});
        QVERIFY(!tokenizer->bos());
        QCOMPARE(tokenizer->encode("abab", true, true), (std::vector<std::int32_t>{5, 5}));
    }

    void merges_that_go_in_circles_end() {
        auto file = small(); // every token is the merge of others, ab of itself's parts in two ways
        file["model"]["vocab"] = {{"a", 0}, {"aa", 1}, {"aaa", 2}, {"aaaa", 3}};
        file["model"]["merges"] = {"aa a", "a aa", "a a", "aa aa", "a aaa", "a a"};
        const auto tokenizer = Tokenizer::from_tokenizer_json(file, nullptr, "the file");
        QElapsedTimer clock;
        clock.start();
        QCOMPARE(tokenizer->decode(tokenizer->encode(std::string(300'000, 'a'), true, true)).size() > 300'000, true);
        QVERIFY2(clock.elapsed() < 2000 * slowness, qPrintable(QString::number(clock.elapsed())));
    }

    void an_expression_without_end_is_stopped_data() {
        QTest::addColumn<QString>("expression");
        for (const char* one :
             {"(a+)+$", "(a|aa)+b", "(?:a*)*c", "(a|a)*d", "(.*)(.*)(.*)(.*)(.*)(.*)(.*)x", "(?=(a+))*y"})
            QTest::newRow(one) << one;
    }
    void an_expression_without_end_is_stopped() {
        QFETCH(QString, expression);
        auto file = small();
        file["pre_tokenizer"] = split(expression.toStdString());
        QElapsedTimer clock;
        clock.start();
        try {
            const auto tokenizer = Tokenizer::from_tokenizer_json(file, nullptr, "the file");
            tokenizer->encode(std::string(5'000, 'a') + "!", true, true); // may succeed, if it is quick
        } catch (const DataError& error) {
            QVERIFY2(QString(error.what()).contains("cannot be split"), error.what());
        } catch (const FormatError& error) {
            QVERIFY2(QString(error.what()).contains("is not understood"), error.what());
        }
        QVERIFY2(clock.elapsed() < 15'000, qPrintable(QString::number(clock.elapsed())));
    }

    void a_cut_sentencepiece_model_is_refused_or_read() {
        const auto whole = read("sentencepiece.model");
        QVERIFY(!whole.empty());
        for (std::size_t length = 0; length < whole.size(); length += 7)
            open(whole.substr(0, length));
        std::mt19937 random(7);
        for (int i = 0; i < 1500; ++i) {
            auto bytes = whole;
            for (int flips = 0; flips < 3; ++flips)
                bytes[random() % bytes.size()] ^= static_cast<char>(1u << random() % 8);
            open(bytes);
        }
    }

    void mutated_tokenizers_are_refused_or_work() {
        std::mt19937 random(11);
        for (const char* name : {"llama2", "qwen2", "odd_splits"}) {
            const auto whole = read(std::string("tokenizer_") + name + ".json");
            for (int i = 0; i < 300; ++i) {
                auto bytes = whole;
                const bool in_front = i % 2; // the steps stand there, and behind them the long vocabulary
                for (int flips = 0; flips < 2; ++flips)
                    bytes[random() % (in_front ? 3000 : bytes.size())] =
                        static_cast<char>(" \"{}[]0123-eaZ"[random() % 14]);
                const auto file = json::parse(bytes, nullptr, false);
                if (file.is_discarded()) continue;
                try {
                    const auto tokenizer = Tokenizer::from_tokenizer_json(file, nullptr, "the file");
                    tokenizer->decode(tokenizer->encode("Hello  wörld\n12 <s>", true, true));
                } catch (const Error&) {
                }
            }
        }
    }

private:
    static void open(const std::string& bytes) {
        try {
            const auto tokenizer = Tokenizer::from_sentencepiece(bytes, nullptr, "the file");
            tokenizer->decode(tokenizer->encode("Hello wörld", true, true));
        } catch (const FormatError&) {
        }
    }
};

QTEST_APPLESS_MAIN(tst_hostile_tokenizer)
#include "tst_hostile_tokenizer.moc"
