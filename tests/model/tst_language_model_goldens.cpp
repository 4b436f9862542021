// Logits against those of the transformers library, for tiny random models of every architecture; see
// goldens/model/generate_language_models.py.
#include <QTemporaryDir>
#include <QtTest>
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>

#include "core/base/errors.h"
#include "core/model/language_model.h"

using namespace quantscope;
namespace fs = std::filesystem;

namespace {

const fs::path goldens = fs::path(QUANTSCOPE_GOLDENS) / "model";

struct Expected {
    std::vector<std::int32_t> tokens;
    std::vector<float> logits;
    std::map<std::string, double> moved; ///< fact → share of the logits' range by which they move without it
};

Expected read_expected(const std::string& name) {
    const auto file = Checkpoint::open(goldens / "expected" / (name + ".safetensors"));
    Expected expected;
    const auto bytes = file->raw(file->at("tokens"));
    expected.tokens.resize(bytes.size() / sizeof(std::int32_t));
    std::memcpy(expected.tokens.data(), bytes.data(), bytes.size());
    expected.logits = file->read(file->at("logits"));
    expected.moved =
        nlohmann::json::parse(file->metadata().at("moved").get<std::string>()).get<std::map<std::string, double>>();
    return expected;
}

std::vector<std::string> names() {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(goldens / "expected"))
        found.push_back(entry.path().stem().string());
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<float> logits_of(const fs::path& path, std::span<const std::int32_t> tokens, ComputeOptions options) {
    LanguageModel model(std::make_shared<OriginalWeights>(Model::open(path)), options);
    Progress progress;
    return model.logits(tokens, progress);
}

/// The largest absolute difference as a share of the expected values' range.
double difference(const std::vector<float>& found, const std::vector<float>& expected) {
    if (found.size() != expected.size()) return INFINITY;
    const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
    double largest = 0;
    for (std::size_t i = 0; i < found.size(); ++i)
        largest = std::max(largest, std::isnan(found[i]) ? INFINITY : std::abs(double(found[i]) - expected[i]));
    return largest / (double(*high) - *low);
}

/// A folder with the model's weights and its config.json in the spelling of 2023.
void copy_with_older_config(const std::string& name, const fs::path& to) {
    for (const auto& entry : fs::directory_iterator(goldens / name))
        if (!entry.path().filename().string().starts_with("config"))
            fs::copy_file(entry.path(), to / entry.path().filename());
    fs::copy_file(goldens / name / "config_older.json", to / "config.json");
}

ComputeOptions on_processor() {
    ComputeOptions options;
    options.device = "cpu";
    return options;
}

} // namespace

class TestLanguageModelGoldens : public QObject {
    Q_OBJECT

private:
    double worst_ = 0;

    static void add_rows() {
        QTest::addColumn<QString>("name");
        for (const auto& name : names())
            QTest::newRow(name.c_str()) << QString::fromStdString(name);
    }

private Q_SLOTS:
    void logits_equal_those_of_transformers_data() { add_rows(); }
    void logits_equal_those_of_transformers() {
        QFETCH(QString, name);
        const auto expected = read_expected(name.toStdString());
        const double found =
            difference(logits_of(goldens / name.toStdString(), expected.tokens, on_processor()), expected.logits);
        worst_ = std::max(worst_, found);
        qInfo("largest difference %.2g of the range", found);
        QVERIFY(found <= 1e-5);
    }

    void the_older_spelling_of_the_configuration_says_the_same_data() { add_rows(); }
    void the_older_spelling_of_the_configuration_says_the_same() {
        QFETCH(QString, name);
        const QTemporaryDir folder;
        copy_with_older_config(name.toStdString(), folder.path().toStdString());
        const auto expected = read_expected(name.toStdString());
        const double found =
            difference(logits_of(folder.path().toStdString(), expected.tokens, on_processor()), expected.logits);
        worst_ = std::max(worst_, found);
        QVERIFY(found <= 1e-5);
    }

    void the_gguf_twin_gives_the_same_logits_data() {
        QTest::addColumn<QString>("name");
        for (const auto& name : names())
            if (fs::exists(goldens / (name + ".gguf"))) QTest::newRow(name.c_str()) << QString::fromStdString(name);
    }
    void the_gguf_twin_gives_the_same_logits() {
        QFETCH(QString, name);
        const auto expected = read_expected(name.toStdString());
        const double found = difference(
            logits_of(goldens / (name.toStdString() + ".gguf"), expected.tokens, on_processor()), expected.logits);
        worst_ = std::max(worst_, found);
        qInfo("largest difference %.2g of the range", found);
        QVERIFY(found <= 1e-5);
    }

    void the_worst_difference_is_reported() { qInfo("largest difference over all goldens: %.3g of the range", worst_); }

    // A golden that does not move when a fact is left out would not notice a forward pass that leaves it out.
    void every_fact_moves_the_logits_of_some_golden_data() {
        QTest::addColumn<double>("moved");
        std::map<std::string, double> largest;
        for (const auto& name : names()) {
            const auto expected = read_expected(name);
            for (const auto& [fact, moved] : expected.moved)
                largest[fact] = std::max(largest[fact], moved);
        }
        for (const char* fact : {"rotary",
                                 "rotary_theta",
                                 "rotary_scaling",
                                 "factor",
                                 "low_freq_factor",
                                 "high_freq_factor",
                                 "original_max_position_embeddings",
                                 "beta_fast",
                                 "beta_slow",
                                 "attention_factor",
                                 "grouped_heads",
                                 "head_dim",
                                 "tied_head",
                                 "q_bias",
                                 "k_bias",
                                 "v_bias",
                                 "o_bias",
                                 "gate_bias",
                                 "up_bias",
                                 "down_bias",
                                 "query_key_norm",
                                 "query_key_norm_weights",
                                 "norm_eps",
                                 "norm_weights",
                                 "activation",
                                 "window",
                                 "window_by_one",
                                 "window_per_block"})
            QTest::newRow(fact) << (largest.contains(fact) ? largest[fact] : 0.0);
    }
    void every_fact_moves_the_logits_of_some_golden() {
        QFETCH(double, moved);
        QVERIFY(moved >= 1e-3);
    }

    void weights_read_anew_at_every_pass_give_the_same_bits_data() { add_rows(); }
    void weights_read_anew_at_every_pass_give_the_same_bits() {
        QFETCH(QString, name);
        const auto expected = read_expected(name.toStdString());
        ComputeOptions streaming = on_processor();
        streaming.weight_budget = 1;
        const auto path = goldens / name.toStdString();
        QCOMPARE(logits_of(path, expected.tokens, streaming), logits_of(path, expected.tokens, on_processor()));
    }

    void bfloat16_stays_near_data() { add_rows(); }
    void bfloat16_stays_near() {
        QFETCH(QString, name);
        const auto expected = read_expected(name.toStdString());
        ComputeOptions narrow = on_processor();
        narrow.type = ComputeType::bfloat16;
        const double found =
            difference(logits_of(goldens / name.toStdString(), expected.tokens, narrow), expected.logits);
        QVERIFY2(found > 0, "float32 was used");
        QVERIFY2(found < 0.08, std::to_string(found).c_str()); // 8 bits of mantissa, two blocks deep
    }

    void the_device_from_the_environment_agrees_data() { add_rows(); }
    void the_device_from_the_environment_agrees() {
        const auto device = qEnvironmentVariable("QUANTSCOPE_TEST_DEVICE").toStdString();
        if (device.empty() || device == "cpu")
            QSKIP("QUANTSCOPE_TEST_DEVICE names no CUDA device, so nothing is tested there");
        QFETCH(QString, name);
        const auto expected = read_expected(name.toStdString());
        ComputeOptions options;
        options.device = device;
        QVERIFY(difference(logits_of(goldens / name.toStdString(), expected.tokens, options), expected.logits) <= 1e-4);
    }
};

QTEST_APPLESS_MAIN(TestLanguageModelGoldens)
#include "tst_language_model_goldens.moc"
