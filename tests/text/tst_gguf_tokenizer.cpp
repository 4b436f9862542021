// Vocabularies in GGUF files against llama.cpp: every pre-tokenizer name, and SentencePiece's way.
#include <QtTest>
#include <fstream>

#include "core/text/tokenizer.h"

using namespace quantscope;
using nlohmann::json;

namespace {

json read(const char* name) {
    std::ifstream file(std::string(QUANTSCOPE_GOLDENS "/text/") + name);
    return json::parse(file);
}

const json& goldens() {
    static const json all = read("gguf_goldens.json");
    return all;
}

/// The metadata of the file that the generator writes.
json byte_level_metadata(const std::string& pre) {
    static const json source = read("tokenizer_gpt2.json");
    const auto& vocabulary = source["model"]["vocab"];
    std::vector<std::string> tokens(vocabulary.size()), merges;
    std::vector<int> types(vocabulary.size(), 1);
    for (const auto& [spelling, id] : vocabulary.items())
        tokens[id] = spelling;
    for (const auto& token : source["added_tokens"])
        if (token["id"].get<std::size_t>() < types.size()) types[token["id"]] = token["special"].get<bool>() ? 3 : 4;
    for (const auto& pair : source["model"]["merges"])
        merges.push_back(pair[0].get<std::string>() + " " + pair[1].get<std::string>());
    return {{"tokenizer.ggml.model", "gpt2"},   {"tokenizer.ggml.pre", pre},
            {"tokenizer.ggml.tokens", tokens},  {"tokenizer.ggml.token_type", types},
            {"tokenizer.ggml.merges", merges},  {"tokenizer.ggml.bos_token_id", 1},
            {"tokenizer.ggml.eos_token_id", 2}, {"tokenizer.ggml.unknown_token_id", 0}};
}

json sentencepiece_metadata(bool prefix) {
    const auto& vocabulary = goldens()["sentencepiece_vocabulary"];
    return {{"tokenizer.ggml.model", "llama"},
            {"tokenizer.ggml.tokens", vocabulary["tokens"]},
            {"tokenizer.ggml.token_type", vocabulary["types"]},
            {"tokenizer.ggml.scores", vocabulary["scores"]},
            {"tokenizer.ggml.bos_token_id", 1},
            {"tokenizer.ggml.eos_token_id", 2},
            {"tokenizer.ggml.unknown_token_id", 0},
            {"tokenizer.ggml.add_space_prefix", prefix}};
}

void check(const std::vector<std::int32_t>& ids, const json& golden, const Tokenizer& tokenizer) {
    const auto expected = golden.get<std::vector<std::int32_t>>();
    if (ids == expected) return;
    std::string got, wanted;
    for (const auto id : ids)
        got += std::to_string(id) + "[" + tokenizer.spelling(id) + "] ";
    for (const auto id : expected)
        wanted += std::to_string(id) + "[" + tokenizer.spelling(id) + "] ";
    QFAIL(("ids      " + got + "\nexpected " + wanted).c_str());
}

void add_rows(const char* kind) {
    QTest::addColumn<QString>("name");
    QTest::addColumn<int>("index");
    for (const auto& [name, results] : goldens()[kind].items())
        for (int i = 0; i < static_cast<int>(results.size()); ++i)
            QTest::addRow("%s %d", name.c_str(), i) << QString::fromStdString(name) << i;
}

} // namespace

class tst_gguf_tokenizer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void every_pre_tokenizer_gives_the_ids_of_llama_cpp_data() { add_rows("pre"); }
    void every_pre_tokenizer_gives_the_ids_of_llama_cpp() {
        QFETCH(QString, name);
        QFETCH(int, index);
        const auto tokenizer = Tokenizer::from_gguf(byte_level_metadata(name.toStdString()), "test.gguf");
        QVERIFY(tokenizer->remarks().empty());
        const std::string text = goldens()["texts"][index];
        const auto& golden = goldens()["pre"][name.toStdString()][index];
        check(tokenizer->encode(text, true, true), golden["ids"], *tokenizer);
        check(tokenizer->encode(text, false, false), golden["spelled"], *tokenizer);
    }

    void sentencepiece_vocabularies_give_the_ids_of_llama_cpp_data() { add_rows("sentencepiece"); }
    void sentencepiece_vocabularies_give_the_ids_of_llama_cpp() {
        QFETCH(QString, name);
        QFETCH(int, index);
        const auto tokenizer = Tokenizer::from_gguf(sentencepiece_metadata(name == "true"), "test.gguf");
        const std::string text = goldens()["texts"][index];
        const auto& golden = goldens()["sentencepiece"][name.toStdString()][index];
        check(tokenizer->encode(text, true, true), golden["ids"], *tokenizer);
        check(tokenizer->encode(text, false, false), golden["spelled"], *tokenizer);
    }
};

QTEST_APPLESS_MAIN(tst_gguf_tokenizer)
#include "tst_gguf_tokenizer.moc"
