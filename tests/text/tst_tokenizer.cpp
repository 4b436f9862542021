// Tokenizers as a whole, on the default model's own vocabulary.
#include <QtTest>

#include "core/checkpoint/checkpoint.h"
#include "core/text/tokenizer.h"

using namespace quantscope;

class tst_tokenizer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void the_default_model_encodes_and_decodes() {
        if (!std::filesystem::exists(QUANTSCOPE_DEFAULT_MODEL)) QSKIP("the default model is not installed");
        const auto checkpoint = Checkpoint::open(QUANTSCOPE_DEFAULT_MODEL);
        const auto tokenizer = Tokenizer::open_beside(QUANTSCOPE_DEFAULT_MODEL, checkpoint->metadata());
        QCOMPARE(tokenizer->vocabulary_size(), 49152);
        // llama.cpp's ids; a tokenizer that overlooks the pre-tokenizer "smollm" joins the digits with the spaces.
        const std::vector<std::int32_t> expected{104, 446, 333, 33, 34};
        const auto ids = tokenizer->encode("x =   12", true, true);
        QCOMPARE(ids, expected);
        QCOMPARE(tokenizer->decode(ids), std::string("x =   12"));
        QVERIFY(tokenizer->remarks().empty());
    }
};

QTEST_APPLESS_MAIN(tst_tokenizer)
#include "tst_tokenizer.moc"
