// The default model through every format: fitted, written, opened again, and the same weights found. Where
// QUANTSCOPE_EXPORT_FOLDER names a folder, the exports stay there for check_with_transformers.py and check_report.py.
#include <QtTest>
#include <cstring>

#include "core/export/registry.h"
#include "core/export/report.h"
#include "core/model/language_model.h"
#include "core/text/tokenizer.h"
#include "models.h"

using namespace quantscope;
using namespace quantscope::testing;

class TestDefaultModel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        if (!fs::exists(QUANTSCOPE_DEFAULT_MODEL)) QSKIP("the default model has not been fetched (packaging/setup.sh)");
        const QString kept = qEnvironmentVariable("QUANTSCOPE_EXPORT_FOLDER");
        root_ = (kept.isEmpty() ? temporary_.path() : kept).toStdString();
        fs::create_directories(root_);
        QElapsedTimer timer;
        timer.start();
        model_ = fitted(QUANTSCOPE_DEFAULT_MODEL, uniform_recipe(4));
        qInfo() << "fitted in" << timer.elapsed() << "ms";
    }

    void the_packed_file_opens_to_the_fitted_weights() {
        QElapsedTimer timer;
        timer.start();
        const ExportResult result = export_format("packed").write(*model_, root_ / "packed", {}, progress_);
        qInfo() << "packed in" << timer.restart() << "ms," << result.bytes << "bytes; sites and tensors alone"
                << model_->bytes();
        QVERIFY(result.bytes - model_->bytes() < 3'000'000); // header: vocabulary, schemes, names
        const auto again = open_model(root_ / "packed");
        qInfo() << "opened in" << timer.restart() << "ms";
        QVERIFY(again->architecture());
        compare_weights(OriginalWeights(again), true);
        qInfo() << "read in" << timer.restart() << "ms";
        const auto tokenizer = Tokenizer::open_beside(again->checkpoint().path(), again->checkpoint().metadata());
        const auto own = Tokenizer::open_beside(QUANTSCOPE_DEFAULT_MODEL, model_->model().checkpoint().metadata());
        QCOMPARE(tokenizer->encode(text_, false, false), own->encode(text_, false, false));
    }

    void the_hugging_face_folder_opens_to_the_fitted_weights() {
        QElapsedTimer timer;
        timer.start();
        ExportOptions options;
        options.shard_bytes = 300'000'000; // three shards
        const ExportResult result = export_format("hf").write(*model_, root_ / "hf", options, progress_);
        qInfo() << "written in" << timer.restart() << "ms," << result.bytes << "bytes";
        QVERIFY(result.remarks.empty());
        const auto again = open_model(root_ / "hf");
        QVERIFY(again->architecture());
        compare_weights(OriginalWeights(again), true);
        qInfo() << "read in" << timer.restart() << "ms";
        const auto tokenizer = Tokenizer::open_beside(root_ / "hf", again->checkpoint().metadata());
        const auto own = Tokenizer::open_beside(QUANTSCOPE_DEFAULT_MODEL, model_->model().checkpoint().metadata());
        QCOMPARE(tokenizer->encode(text_, true, false), own->encode(text_, true, false));
        QCOMPARE(tokenizer->chat_template(), own->chat_template());
    }

    void logits_of_all_are_the_same() {
        const auto tokenizer =
            Tokenizer::open_beside(QUANTSCOPE_DEFAULT_MODEL, model_->model().checkpoint().metadata());
        const auto tokens = tokenizer->encode(text_, false, false);
        const auto logits_of = [&](std::shared_ptr<const WeightSource> weights) {
            ComputeOptions compute;
            compute.device = "cpu";
            compute.type = ComputeType::float32;
            return LanguageModel(std::move(weights), compute).logits(tokens, progress_);
        };
        const auto expected = logits_of(model_);
        for (const char* folder : {"packed", "hf"}) {
            const auto found = logits_of(std::make_shared<OriginalWeights>(open_model(root_ / folder)));
            QCOMPARE(found.size(), expected.size());
            QVERIFY2(std::memcmp(found.data(), expected.data(), found.size() * 4) == 0, folder);
        }
        std::vector<TensorToWrite> tensors;
        const std::int64_t count = std::int64_t(tokens.size());
        tensors.push_back(tensor_of_bytes("tokens", DType::I32, {count}, std::as_bytes(std::span(tokens))));
        tensors.push_back(tensor_of_bytes("logits", DType::F32, {count, std::int64_t(expected.size()) / count},
                                          std::as_bytes(std::span(expected))));
        write_safetensors(root_ / "logits.safetensors", std::move(tensors), {{"text", text_}}, progress_);
    }

    void the_report_is_written() {
        QElapsedTimer timer;
        timer.start();
        ReportComparison row;
        row.name = "original";
        row.perplexity = 20.5;
        row.kl_per_token = {0.5F, 0.25F};
        write_report(model_->model(), model_.get(), {row}, root_ / "report.h5", progress_);
        qInfo() << "report in" << timer.elapsed() << "ms," << fs::file_size(root_ / "report.h5") << "bytes";
        QCOMPARE(content_of(root_ / "report.h5").substr(0, 8), std::string("\x89HDF\r\n\x1a\n"));
    }

private:
    void compare_weights(const WeightSource& found, bool names_too) const {
        for (const Site& site : model_->model().sites()) {
            const Site* same = found.model().find_site(site.name);
            QVERIFY2(same || !names_too, site.name.c_str());
            const auto a = all_rows(*model_, site), b = all_rows(found, *same);
            QVERIFY2(a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * 4) == 0, site.name.c_str());
        }
        const std::string norm = "model.layers.3.input_layernorm.weight";
        QCOMPARE(found.model().read_vector(norm), model_->model().read_vector(norm));
    }

    const std::string text_ =
        "The x =   12\n\ttab, na\xC3\xAFve caf\xC3\xA9 \xF0\x9F\x98\x80 1234567 and\r\n\r\n  def f(a, b): return a+b";
    QTemporaryDir temporary_;
    fs::path root_;
    Progress progress_;
    std::shared_ptr<const FittedModel> model_;
};

QTEST_APPLESS_MAIN(TestDefaultModel)
#include "tst_default_model_slow.moc"
