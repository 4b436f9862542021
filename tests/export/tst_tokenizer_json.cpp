// tokenizer.json made of GGUF vocabularies: it gives the same ids as the GGUF file itself does. (What the tokenizers
// library makes of it is checked on the default model by check_with_transformers.py.)
#include <QtTest>
#include <random>

#include "core/base/errors.h"
#include "core/export/tokenizer_json.h"
#include "core/text/tokenizer.h"

using namespace quantscope;
using nlohmann::json;

namespace {

const std::string space = "\xE2\x96\x81"; // SentencePiece's

/// A byte's character in byte-level vocabularies: printable bytes are themselves, the others follow from U+0100 on.
std::string byte_character(int byte) {
    const auto printable = [](int b) { return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174; };
    int code = byte;
    if (!printable(byte)) {
        code = 256;
        for (int b = 0; b < byte; ++b)
            code += !printable(b);
    }
    if (code < 128) return {char(code)};
    return {char(0xC0 | code >> 6), char(0x80 | (code & 63))};
}

json byte_level() {
    json tokens = json::array(), types = json::array();
    const auto add = [&](const std::string& token, int type) {
        tokens.push_back(token);
        types.push_back(type);
    };
    add("<|end|>", 3);
    for (int byte = 0; byte < 256; ++byte)
        add(byte_character(byte), 1);
    json merges = json::array();
    const std::string g = byte_character(' ');
    for (const auto& [left, right] : std::vector<std::pair<std::string, std::string>>{
             {"t", "h"}, {"th", "e"}, {g, "the"}, {g, "t"}, {"a", "t"}, {"1", "2"}, {g, g}, {"the", "at"}}) {
        add(left + right, 1);
        merges.push_back(left + " " + right);
    }
    merges.push_back("x nothing"); // a stray: both readers leave it out
    add("<tool>", 4);
    return {{"tokenizer.ggml.model", "gpt2"},
            {"tokenizer.ggml.pre", "smollm"},
            {"tokenizer.ggml.tokens", tokens},
            {"tokenizer.ggml.token_type", types},
            {"tokenizer.ggml.merges", merges},
            {"tokenizer.ggml.bos_token_id", 0u},
            {"tokenizer.ggml.eos_token_id", 0u},
            {"tokenizer.ggml.add_bos_token", true},
            {"tokenizer.chat_template", "{{ messages }}"}};
}

json sentencepiece() {
    json tokens = {"<unk>", "<s>", "</s>"}, types = {2, 3, 3}, scores = {0.0, 0.0, 0.0};
    for (int byte = 0; byte < 256; ++byte) {
        char name[8];
        std::snprintf(name, sizeof name, "<0x%02X>", byte);
        tokens.push_back(name);
        types.push_back(6);
        scores.push_back(0.0);
    }
    double score = 0;
    for (const std::string& piece :
         {space + "t", std::string("he"), space + "the", std::string("at"), space + "a", std::string("th"),
          std::string("the"), space + space, std::string("eat"), space, std::string("t"), std::string("h"),
          std::string("e"), std::string("a"), std::string("x"), std::string("\xC3\xA9")}) {
        tokens.push_back(piece);
        types.push_back(1);
        scores.push_back(score -= 1);
    }
    return {{"tokenizer.ggml.model", "llama"},       {"tokenizer.ggml.tokens", tokens},
            {"tokenizer.ggml.token_type", types},    {"tokenizer.ggml.scores", scores},
            {"tokenizer.ggml.bos_token_id", 1u},     {"tokenizer.ggml.eos_token_id", 2u},
            {"tokenizer.ggml.unknown_token_id", 0u}, {"tokenizer.ggml.padding_token_id", 0u}};
}

} // namespace

class TestTokenizerJson : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void both_give_the_same_ids_data() {
        QTest::addColumn<QString>("metadata");
        const auto row = [](const char* name, const json& metadata) {
            QTest::newRow(name) << QString::fromStdString(metadata.dump());
        };
        row("byte-level", byte_level());
        json other = byte_level();
        other["tokenizer.ggml.pre"] = "llama-bpe";
        row("byte-level, merges ignored", other);
        row("SentencePiece", sentencepiece());
        other = sentencepiece();
        other["tokenizer.ggml.add_space_prefix"] = false;
        other["tokenizer.ggml.add_eos_token"] = true;
        row("SentencePiece without prefix", other);
    }
    void both_give_the_same_ids() {
        QFETCH(QString, metadata);
        const json own = json::parse(metadata.toStdString());
        const TokenizerFiles files = tokenizer_json_from_gguf(own, "model.gguf");
        QVERIFY(files.remarks.empty());
        const auto expected = Tokenizer::from_gguf(own, "model.gguf");
        const auto found = Tokenizer::from_tokenizer_json(files.tokenizer, files.config, "tokenizer.json");
        QCOMPARE(found->vocabulary_size(), expected->vocabulary_size());
        QVERIFY(found->bos() == expected->bos() && found->eos() == expected->eos());
        QCOMPARE(found->chat_template(), expected->chat_template());
        std::mt19937 random(3);
        const std::vector<std::string> parts{
            "t", "h",  "e",        "a", " ",       "the",    " the", "12",
            "x", "\n", "\xC3\xA9", "Z", "<|end|>", "<tool>", "</s>", "\xF0\x9F\x98\x80"};
        for (int i = 0; i < 300; ++i) {
            std::string text;
            for (int n = int(random() % 12); n > 0; --n)
                text += parts[random() % parts.size()];
            for (const bool special : {false, true})
                QVERIFY2(found->encode(text, special, true) == expected->encode(text, special, true), text.c_str());
            const auto ids = expected->encode(text, false, true);
            QCOMPARE(found->decode(ids), expected->decode(ids));
        }
    }

    void a_vocabulary_that_is_missing_or_of_another_kind_is_remarked() {
        QVERIFY(tokenizer_json_from_gguf(json::object(), "f").tokenizer.is_null());
        const TokenizerFiles files = tokenizer_json_from_gguf({{"tokenizer.ggml.model", "bert"}}, "f");
        QVERIFY(files.tokenizer.is_null());
        QCOMPARE(files.remarks.size(), std::size_t(1));
        QVERIFY(files.remarks[0].find("bert") != std::string::npos);
    }

    void a_damaged_vocabulary_is_refused_by_key_data() {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("value");
        QTest::newRow("tokens") << "tokenizer.ggml.tokens"
                                << "[1, 2]";
        QTest::newRow("no tokens") << "tokenizer.ggml.tokens"
                                   << "[]";
        QTest::newRow("types") << "tokenizer.ggml.token_type"
                               << "[1]";
        QTest::newRow("scores") << "tokenizer.ggml.scores"
                                << "[1]";
    }
    void a_damaged_vocabulary_is_refused_by_key() {
        QFETCH(QString, key);
        QFETCH(QString, value);
        json metadata = sentencepiece();
        metadata[key.toStdString()] = json::parse(value.toStdString());
        try {
            tokenizer_json_from_gguf(metadata, "f");
            QFAIL("must be refused");
        } catch (const FormatError& error) {
            QCOMPARE(error.place(), key.toStdString());
        }
    }
};

QTEST_APPLESS_MAIN(TestTokenizerJson)
#include "tst_tokenizer_json.moc"
