// How a folder or file becomes a model: its family, its sites, its names, and why it cannot be evaluated.
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>
#include <filesystem>
#include <fstream>
#include <set>

#include "core/base/errors.h"
#include "core/model/language_model.h"

using namespace quantscope;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

const fs::path goldens = fs::path(QUANTSCOPE_GOLDENS) / "model";

/// A golden's folder with its configuration changed; null removes a key.
class Changed {
public:
    Changed(const char* golden, const json& changes) {
        for (const auto& entry : fs::directory_iterator(goldens / golden))
            fs::copy_file(entry.path(), path() / entry.path().filename());
        auto config = json::parse(std::ifstream(path() / "config.json"));
        config.merge_patch(changes);
        std::ofstream(path() / "config.json") << config;
    }
    fs::path path() const { return folder_.path().toStdString(); }

private:
    QTemporaryDir folder_;
};

std::string shape_error_of(const Changed& folder) {
    try {
        Model::open(folder.path());
    } catch (const ShapeError& error) {
        return error.what();
    }
    return "accepted";
}

} // namespace

class TestModel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void every_golden_is_recognised_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("family");
        QTest::addColumn<int>("sites");
        QTest::newRow("grouped heads") << "llama_grouped_wide"
                                       << "llama" << 16;
        QTest::newRow("tied head") << "llama_tied_wide"
                                   << "llama" << 15;
        QTest::newRow("shards") << "llama_sharded_wide"
                                << "llama" << 23;
        QTest::newRow("GGUF") << "llama3_wide.gguf"
                              << "llama" << 16;
        QTest::newRow("mistral") << "mistral_window_wide"
                                 << "mistral" << 16;
        QTest::newRow("qwen2") << "qwen2_wide"
                               << "qwen2" << 15;
        QTest::newRow("qwen2 as GGUF") << "qwen2_wide.gguf"
                                       << "qwen2" << 15;
        QTest::newRow("qwen3") << "qwen3_wide"
                               << "qwen3" << 16;
    }
    void every_golden_is_recognised() {
        QFETCH(QString, name);
        QFETCH(QString, family);
        QFETCH(int, sites);
        const auto model = Model::open(goldens / name.toStdString());
        QCOMPARE(model->family(), family.toStdString());
        QCOMPARE(model->kind(), std::string("llm"));
        QVERIFY2(model->architecture(), model->why_not_evaluated().c_str());
        QCOMPARE(static_cast<int>(model->sites().size()), sites);
        QCOMPARE(model->blocks(), static_cast<int>(model->architecture()->blocks));
        int covered = 0;
        for (const auto& site : model->sites()) {
            covered += site.in_default;
            QCOMPARE(site.in_default, site.block >= 0);
            QCOMPARE(model->find_site(site.name), &site);
        }
        QCOMPARE(covered, 7 * model->blocks());
        QCOMPARE(model->sites().front().role, std::string(role::embedding));
        const auto* down = model->site_of("model.layers.1.mlp.down_proj");
        QVERIFY(down);
        QCOMPARE(down->role, std::string(role::down));
        QCOMPARE(down->block, 1);
        QVERIFY(down->out == 32 && down->in == 48);
    }

    void a_gguf_file_is_the_same_model_in_the_same_order() {
        const auto folder = Model::open(goldens / "llama_biases_wide");
        const auto file = Model::open(goldens / "llama_biases_wide.gguf");
        QCOMPARE(file->sites().size(), folder->sites().size());
        for (const auto& site : folder->sites()) {
            const auto* twin = file->find_site(site.name);
            QVERIFY2(twin, site.name.c_str());
            std::vector<float> ours(static_cast<std::size_t>(site.out * site.in)), theirs(ours.size());
            read_site_rows(folder->checkpoint(), site, 0, site.out, ours);
            read_site_rows(file->checkpoint(), *twin, 0, site.out, theirs);
            QCOMPARE(theirs, ours);
            const auto bias = site.name + ".bias";
            QCOMPARE(file->read_vector(bias), folder->read_vector(bias));
        }
        QCOMPARE(file->parameters(), folder->parameters());
    }

    void a_model_that_cannot_be_evaluated_opens_and_says_why_data() {
        QTest::addColumn<QString>("changes");
        QTest::addColumn<QString>("why");
        QTest::newRow("an unknown type") << R"({"model_type": "rnn", "architectures": null})"
                                         << "'rnn'";
        QTest::newRow("an unknown activation") << R"({"hidden_act": "swoosh"})"
                                               << "'swoosh'";
        QTest::newRow("a quantized checkpoint") << R"({"quantization_config": {"quant_method": "awq"}})"
                                                << "'awq'";
        QTest::newRow("a missing block") << R"({"num_hidden_layers": 4})"
                                         << "model.layers.3";
    }
    void a_model_that_cannot_be_evaluated_opens_and_says_why() {
        QFETCH(QString, changes);
        QFETCH(QString, why);
        const Changed folder("llama_sharded_wide", json::parse(changes.toStdString()));
        const auto model = Model::open(folder.path());
        QVERIFY(!model->architecture());
        QVERIFY2(model->why_not_evaluated().find(why.toStdString()) != std::string::npos,
                 model->why_not_evaluated().c_str());
        QVERIFY(model->sites().size() >= 22u); // still every linear of its three blocks
        try {
            LanguageModel(std::make_shared<OriginalWeights>(model), {});
            QFAIL("it was evaluated");
        } catch (const DataError& error) {
            QVERIFY(std::string(error.what()).find(why.toStdString()) != std::string::npos);
        }
    }

    void without_a_configuration_the_file_still_opens() {
        const Changed folder("llama_grouped_wide", json::object());
        fs::remove(folder.path() / "config.json");
        fs::remove(folder.path() / "config_older.json");
        const auto model = Model::open(folder.path() / "model.safetensors");
        QCOMPARE(model->family(), std::string("llama")); // by its names
        QVERIFY(!model->architecture());
        QVERIFY(model->why_not_evaluated().find("config.json") != std::string::npos);
        QCOMPARE(model->sites().size(), 16u);
    }

    void tensors_that_contradict_the_configuration_are_named_data() {
        QTest::addColumn<QString>("changes");
        QTest::addColumn<QString>("tensor");
        QTest::newRow("width") << R"({"hidden_size": 64})"
                               << "model.embed_tokens.weight";
        QTest::newRow("vocabulary") << R"({"vocab_size": 65})"
                                    << "model.embed_tokens.weight";
        QTest::newRow("key heads") << R"({"num_key_value_heads": 4})"
                                   << "model.layers.0.self_attn.k_proj.weight";
        QTest::newRow("head size") << R"({"head_dim": 16})"
                                   << "model.layers.0.self_attn.q_proj.weight";
        QTest::newRow("inner width") << R"({"intermediate_size": 47})"
                                     << "model.layers.0.mlp.gate_proj.weight";
    }
    void tensors_that_contradict_the_configuration_are_named() {
        QFETCH(QString, changes);
        QFETCH(QString, tensor);
        const auto message = shape_error_of(Changed("llama_grouped_wide", json::parse(changes.toStdString())));
        QVERIFY2(message.find(tensor.toStdString()) != std::string::npos, message.c_str());
    }

    void the_default_model_is_recognised() {
        if (!QFile::exists(QUANTSCOPE_DEFAULT_MODEL)) QSKIP("the default model is not installed");
        const auto model = Model::open(QUANTSCOPE_DEFAULT_MODEL);
        QVERIFY(model->architecture());
        const auto& facts = *model->architecture();
        QCOMPARE(model->family(), std::string("llama"));
        QCOMPARE(facts.blocks, 30);
        QCOMPARE(facts.hidden, 576);
        QCOMPARE(facts.heads, 9);
        QCOMPARE(facts.kv_heads, 3);
        QCOMPARE(facts.vocabulary, 49152);
        QVERIFY(facts.tied_head);
        QCOMPARE(facts.rotary_theta, 100000.0);
        QCOMPARE(model->parameters(), std::uint64_t(134515008)); // as the model card counts them
        QCOMPARE(model->sites().size(), 211u);
    }
};

QTEST_APPLESS_MAIN(TestModel)
#include "tst_model.moc"
