// Token ids against the tokenizers library, SentencePiece and llama.cpp, each the judge of its own file format.
#include <QtTest>
#include <fstream>
#include <sstream>

#include "core/base/resources.h"
#include "core/checkpoint/checkpoint.h"
#include "core/text/tokenizer.h"
#include "core/text/unicode.h"

using namespace quantscope;
using nlohmann::json;

namespace {

std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
}

std::string golden_path(const std::string& name) { return QUANTSCOPE_GOLDENS "/text/" + name; }

const json& goldens() {
    static const json all = json::parse(read(golden_path("tokenizer_goldens.json")));
    return all;
}

using Ids = std::vector<std::int32_t>;

std::string listed(const Ids& ids, const Tokenizer& tokenizer) {
    std::string out;
    for (const auto id : ids)
        out += std::to_string(id) + "[" + tokenizer.spelling(id) + "] ";
    return out;
}

void compare(const Ids& ids, const json& expected, const Tokenizer& tokenizer) {
    const auto wanted = expected.get<Ids>();
    if (ids == wanted) return;
    QFAIL(("ids      " + listed(ids, tokenizer) + "\nexpected " + listed(wanted, tokenizer)).c_str());
}

void compare(const std::string& text, const json& expected) {
    const auto wanted = expected.get<std::string>();
    QVERIFY2(text == wanted, ("text     " + text + "\nexpected " + wanted).c_str());
}

const Tokenizer& trained(const std::string& name) {
    static std::map<std::string, std::unique_ptr<Tokenizer>> all;
    auto& one = all[name];
    if (!one)
        one = Tokenizer::from_tokenizer_json(json::parse(read(golden_path("tokenizer_" + name + ".json"))), nullptr,
                                             name);
    return *one;
}

const Tokenizer* default_model() {
    if (!std::filesystem::exists(QUANTSCOPE_DEFAULT_MODEL)) return nullptr;
    static const auto checkpoint = Checkpoint::open(QUANTSCOPE_DEFAULT_MODEL);
    static const auto tokenizer = Tokenizer::open_beside(QUANTSCOPE_DEFAULT_MODEL, checkpoint->metadata());
    return tokenizer.get();
}

std::string label(int index) {
    return std::to_string(index) + " " + goldens()["texts"][index].get<std::string>().substr(0, 20);
}

void add_texts() {
    QTest::addColumn<int>("index");
    for (int i = 0; i < static_cast<int>(goldens()["texts"].size()); ++i)
        QTest::newRow(label(i).c_str()) << i;
}

std::string text_of(int index) { return goldens()["texts"][index].get<std::string>(); }

} // namespace

class tst_tokenizer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void tokenizer_json_gives_the_ids_of_the_tokenizers_library_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<int>("index");
        for (const auto& [name, results] : goldens()["tokenizers"].items())
            for (int i = 0; i < static_cast<int>(results.size()); ++i)
                QTest::newRow((name + " " + label(i)).c_str()) << QString::fromStdString(name) << i;
    }
    void tokenizer_json_gives_the_ids_of_the_tokenizers_library() {
        QFETCH(QString, name);
        QFETCH(int, index);
        const auto& tokenizer = trained(name.toStdString());
        const auto& golden = goldens()["tokenizers"][name.toStdString()][index];
        const auto ids = tokenizer.encode(text_of(index), true, true);
        compare(ids, golden["ids"], tokenizer);
        compare(tokenizer.encode(text_of(index), false, true), golden["plain"], tokenizer);
        compare(tokenizer.encode(text_of(index), false, false), golden["spelled"], tokenizer);
        compare(tokenizer.decode(ids), golden["decoded"]);
        compare(tokenizer.decode(ids, false), golden["shown"]);
    }

    void a_sentencepiece_model_gives_the_ids_of_its_library_data() { add_texts(); }
    void a_sentencepiece_model_gives_the_ids_of_its_library() {
        QFETCH(int, index);
        static const auto tokenizer =
            Tokenizer::from_sentencepiece(read(golden_path("sentencepiece.model")), nullptr, "sentencepiece.model");
        const auto ids = tokenizer->encode(text_of(index), false, false);
        compare(ids, goldens()["sentencepiece"][index], *tokenizer);
        compare(tokenizer->decode(ids), goldens()["sentencepiece_decoded"][index]);
    }

    void the_default_model_gives_the_ids_of_llama_cpp_data() { add_texts(); }
    void the_default_model_gives_the_ids_of_llama_cpp() {
        QFETCH(int, index);
        const auto* tokenizer = default_model();
        if (!tokenizer) QSKIP("the default model is not installed");
        const auto& golden = goldens()["llama_cpp"][index];
        const auto ids = tokenizer->encode(text_of(index), true, true);
        compare(ids, golden["ids"], *tokenizer);
        compare(tokenizer->encode(text_of(index), false, false), golden["spelled"], *tokenizer);
        QCOMPARE(tokenizer->decode(ids), text_of(index));
    }

    void the_evaluation_text_is_encoded_as_by_llama_cpp_and_quickly() {
        const auto* tokenizer = default_model();
        if (!tokenizer) QSKIP("the default model is not installed");
        const auto text = read(resource("texts/evaluation.txt").string());
        QElapsedTimer clock;
        clock.start();
        const auto ids = tokenizer->encode(text, true, true);
        const auto milliseconds = clock.elapsed();
        qInfo("%zu bytes, %zu tokens in %lld ms", text.size(), ids.size(), static_cast<long long>(milliseconds));
        std::uint64_t checksum = 0; // as the generator computes it
        for (const auto id : ids)
            checksum = static_cast<std::uint64_t>(
                (static_cast<unsigned __int128>(checksum) * 1'000'003 + static_cast<std::uint64_t>(id)) %
                (std::uint64_t{1} << 61));
        const auto& golden = goldens()["evaluation"];
        compare(Ids(ids.begin(), ids.begin() + 64), golden["first"], *tokenizer);
        QCOMPARE(ids.size(), golden["count"].get<std::size_t>());
        QCOMPARE(checksum, golden["checksum"].get<std::uint64_t>());
        QCOMPARE(tokenizer->decode(ids), text);
        QVERIFY(milliseconds < 1000);
    }

    void the_default_model_knows_its_special_tokens() {
        const auto* tokenizer = default_model();
        if (!tokenizer) QSKIP("the default model is not installed");
        QCOMPARE(tokenizer->vocabulary_size(), 49152);
        QCOMPARE(tokenizer->describe(), std::string("byte-level BPE, 49,152 tokens"));
        QCOMPARE(tokenizer->bos(), std::optional(1));
        QCOMPARE(tokenizer->eos(), std::optional(2));
        QVERIFY(!tokenizer->adds_bos()); // the file says so
        QVERIFY(tokenizer->ends_turn(2) && tokenizer->ends_turn(0) && !tokenizer->ends_turn(1));
        QVERIFY(tokenizer->is_special(2) && !tokenizer->is_special(100));
        QVERIFY(tokenizer->remarks().empty());
        QVERIFY(tokenizer->chat_template().find("<|im_start|>") != std::string::npos);
    }

    void a_stream_gives_the_same_text_as_decoding_at_once_data() {
        tokenizer_json_gives_the_ids_of_the_tokenizers_library_data();
    }
    void a_stream_gives_the_same_text_as_decoding_at_once() {
        QFETCH(QString, name);
        QFETCH(int, index);
        const auto& tokenizer = trained(name.toStdString());
        const auto ids = tokenizer.encode(text_of(index), false, true);
        TokenStream stream(tokenizer);
        std::string text;
        for (const auto id : ids) {
            const auto fresh = stream.push(id);
            QVERIFY(is_valid_utf8(fresh)); // whole characters only
            text += fresh;
        }
        text += stream.finish();
        QCOMPARE(text, tokenizer.decode(ids));
    }

    void bytes_that_are_no_text_are_accepted() {
        for (const char* name : {"gpt2", "llama2", "odd_splits"}) {
            const auto& tokenizer = trained(name);
            for (int lead = 0; lead < 256; ++lead) {
                const std::string bytes{'a', static_cast<char>(lead), 'b', static_cast<char>(lead)};
                const auto text = tokenizer.decode(tokenizer.encode(bytes, true, true));
                QVERIFY(is_valid_utf8(text));
            }
            for (const auto id : {-1, INT32_MIN, INT32_MAX, tokenizer.vocabulary_size()}) {
                QCOMPARE(tokenizer.decode(Ids{id}), std::string());
                QCOMPARE(tokenizer.piece(id), std::string());
                QVERIFY(tokenizer.spelling(id).empty() && !tokenizer.is_special(id) && !tokenizer.ends_turn(id));
            }
        }
    }
};

QTEST_APPLESS_MAIN(tst_tokenizer)
#include "tst_tokenizer.moc"
