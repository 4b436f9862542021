// Which files beside a model make its tokenizer, and what each of them says.
#include <QTemporaryDir>
#include <QtTest>
#include <fstream>

#include "core/base/errors.h"
#include "core/text/chat_template.h"
#include "core/text/tokenizer.h"

using namespace quantscope;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const fs::path goldens = QUANTSCOPE_GOLDENS "/text";

class Folder {
public:
    fs::path path() const { return directory_.path().toStdString(); }
    void write(const char* name, const std::string& text) const { std::ofstream(path() / name) << text; }
    void copy(const char* from, const char* to) const { fs::copy_file(goldens / from, path() / to); }
    std::unique_ptr<Tokenizer> open() const { return Tokenizer::open_beside(path(), nullptr); }

private:
    QTemporaryDir directory_;
};

} // namespace

class tst_tokenizer_files : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void a_folder_is_opened_with_all_that_its_files_say() {
        const Folder folder;
        folder.copy("tokenizer_qwen2.json", "tokenizer.json");
        folder.write("tokenizer_config.json", R"({"bos_token": null, "eos_token": {"content": "<|im_end|>"},
            "chat_template": "old", "add_bos_token": false})");
        folder.write("generation_config.json", R"({"eos_token_id": [4, 5, 99999]})");
        folder.write("chat_template.jinja",
                     "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}\n{% endfor %}");
        const auto tokenizer = folder.open();
        QVERIFY(!tokenizer->bos() && !tokenizer->adds_bos());
        QCOMPARE(tokenizer->eos(), tokenizer->find("<|im_end|>"));
        QVERIFY(tokenizer->ends_turn(4) && tokenizer->ends_turn(5));
        QCOMPARE(tokenizer->remarks().size(), std::size_t{1}); // 99999
        const std::vector<ChatMessage> messages{{"user", "hi"}};
        QCOMPARE(render_chat(*tokenizer, messages), std::string("user: hi<|im_end|>\n"));
        const auto beside_a_file = Tokenizer::open_beside(folder.path() / "model.safetensors", nullptr);
        QCOMPARE(beside_a_file->vocabulary_size(), tokenizer->vocabulary_size());
    }

    void the_default_of_several_templates_is_taken() {
        const Folder folder;
        folder.copy("tokenizer_llama2.json", "tokenizer.json");
        folder.write("tokenizer_config.json", R"({"bos_token": "<s>", "eos_token": "</s>", "chat_template":
            [{"name": "rag", "template": "r"}, {"name": "default", "template": "d"}]})");
        const auto tokenizer = folder.open();
        QCOMPARE(tokenizer->chat_template(), std::string("d"));
        QVERIFY(tokenizer->adds_bos());
        QCOMPARE(tokenizer->encode("x", true, true).front(), *tokenizer->bos());
    }

    void a_sentencepiece_model_serves_where_there_is_no_json() {
        const Folder folder;
        folder.copy("sentencepiece.model", "tokenizer.model");
        auto tokenizer = folder.open();
        QVERIFY(tokenizer->adds_bos());
        QCOMPARE(tokenizer->describe(), std::string("SentencePiece BPE, 1,000 tokens"));
        folder.write("tokenizer_config.json",
                     R"({"add_bos_token": false, "add_eos_token": true, "eos_token": "</s>"})");
        tokenizer = folder.open();
        QVERIFY(!tokenizer->adds_bos());
        QCOMPARE(tokenizer->encode("x", true, true).back(), *tokenizer->eos());
    }

    void what_is_missing_or_broken_is_named() {
        const auto complaint = [](const Folder& folder) -> QString {
            try {
                folder.open();
            } catch (const Error& error) {
                return error.what();
            }
            return {};
        };
        const Folder empty, broken, wrong;
        QVERIFY(complaint(empty).contains("no tokenizer.json or tokenizer.model stands beside the model"));
        broken.write("tokenizer.json", "{\"model\": ");
        QVERIFY(complaint(broken).contains("tokenizer.json: is not valid JSON"));
        wrong.copy("tokenizer_gpt2.json", "tokenizer.json");
        wrong.write("generation_config.json", R"({"eos_token_id": "x"})");
        QVERIFY(complaint(wrong).contains("generation_config.eos_token_id"));
    }

    void a_tokenizer_without_template_says_so() {
        const Folder folder;
        folder.copy("tokenizer_gpt2.json", "tokenizer.json");
        const auto tokenizer = folder.open();
        QVERIFY_EXCEPTION_THROWN(render_chat(*tokenizer, {}), FormatError);
    }
};

QTEST_APPLESS_MAIN(tst_tokenizer_files)
#include "tst_tokenizer_files.moc"
