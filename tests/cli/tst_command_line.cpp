// Runs quantscope-cli as a user's script does and holds it to its contract: one JSON object on stdout with the promised
// keys, exit codes 0, 1, 2 and 130, errors of one line that name file, place and remedy.
#include <QJsonArray>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>
#include <csignal>

#include "tests/cli/command_line.h"

namespace {

const QString model = QUANTSCOPE_DEFAULT_MODEL;

} // namespace

class CommandLineTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    QString path(const QString& name) const { return folder_.filePath(name); }
    QString write(const QString& name, const QByteArray& content) const {
        QFile file(path(name));
        file.open(QIODevice::WriteOnly);
        file.write(content);
        return path(name);
    }
    /// One small layer, so that the commands stay quick.
    QString recipe(const QByteArray& grid = R"({"name":"uniform","bits":4})") const {
        return write("recipe.json",
                     R"({"quantscope_recipe":1,"sites":[{"match":"*.3.self_attn.k_proj","weight":{"grid":)" + grid +
                         R"(,"clipping":{"name":"mse"}}}]})");
    }

private Q_SLOTS:
    void inspectNamesEveryTensor();
    void statsSummarisesEachMatchingSite();
    void statsGivesExactPercentilesOnRequest();
    void tokenizeGivesIds();
    void logitsAreAsWideAsTheVocabulary();
    void schemesDescribeThemselves();
    void everyPresetFitsTheDefaultModel();
    void quantizeComparesAndGeneratesFromItsOwnFile();
    void perplexityTellsWhatItMeasured();
    void errorsAreOneLineAndNameTheirPlace_data();
    void errorsAreOneLineAndNameTheirPlace();
    void anInterruptedJobLeavesNothing();
};

void CommandLineTest::inspectNamesEveryTensor() {
    const auto answer = run({"inspect", model, "--json"});
    QCOMPARE(answer.exit_code, 0);
    const auto json = answer.json();
    QVERIFY(has_keys(json, {"format", "family", "kind", "parameters", "bytes", "config", "tensors"}));
    QCOMPARE(json["kind"].toString(), "llm");
    QCOMPARE(json["tensors"].toArray().size(), 272);
    QVERIFY(has_keys(json["tensors"][5].toObject(), {"name", "dtype", "shape", "bytes", "block", "role"}));
}

void CommandLineTest::statsSummarisesEachMatchingSite() {
    const auto answer = run({"stats", model, "--sites", "*.2.mlp.*", "--out", path("stats.h5"), "--json"});
    QVERIFY2(answer.exit_code == 0, answer.error);
    const auto sites = answer.json()["sites"].toArray();
    QCOMPARE(sites.size(), 3);
    QVERIFY(has_keys(sites[0].toObject(),
                     {"name", "role", "shape", "min", "max", "kurtosis", "outlier_score", "percentiles"}));
    QVERIFY(QFileInfo(path("stats.h5")).size() > 10'000);
}

void CommandLineTest::statsGivesExactPercentilesOnRequest() {
    const auto percentiles = [&](const QStringList& wish) {
        const auto answer = run(QStringList{"stats", model, "--sites", "*.2.mlp.gate_proj", "--json"} + wish);
        return answer.json()["sites"][0]["percentiles"].toArray();
    };
    const auto near = percentiles({}), exact = percentiles({"--exact"});
    QVERIFY(!near.isEmpty());
    QCOMPARE(near.size(), exact.size());
    QVERIFY(near != exact); // otherwise the wish was not heard
    for (int p = 0; p < near.size(); ++p)
        QVERIFY(std::abs(near[p][1].toDouble() - exact[p][1].toDouble()) <
                0.05 * (1 + std::abs(exact[p][1].toDouble())));
}

void CommandLineTest::tokenizeGivesIds() {
    const auto answer = run({"tokenize", model, "--text", "Hello world", "--json"});
    QCOMPARE(answer.json()["tokens"].toArray(), (QJsonArray{19556, 905}));
}

void CommandLineTest::logitsAreAsWideAsTheVocabulary() {
    const auto answer = run({"logits", model, "--tokens", "19556,905", "--out", path("logits.safetensors"), "--json"});
    QVERIFY2(answer.exit_code == 0, answer.error);
    QCOMPARE(answer.json()["vocabulary"].toInt(), 49152);
    const auto back = run({"inspect", path("logits.safetensors"), "--json"}).json()["tensors"].toArray();
    QCOMPARE(back.size(), 2);
}

void CommandLineTest::schemesDescribeThemselves() {
    const auto answer = run({"schemes", "--json"});
    QCOMPARE(answer.exit_code, 0);
    for (const char* name : {"uniform", "piecewise", "min-max", "coefficient", "percentile", "mse", "nearest", "none"})
        QVERIFY2(answer.out.contains(QByteArray("\"") + name + "\""), name);
}

void CommandLineTest::everyPresetFitsTheDefaultModel() {
    const auto presets = run({"recipe", "presets", "--json"}).json()["presets"].toArray();
    QVERIFY(presets.size() >= 10);
    for (const auto& preset : presets) {
        if (preset.toObject()["kind"] == "dit") continue; // of roles that a language model has not
        const auto made = run({"recipe", "new", model, "--preset", preset.toObject()["name"].toString()});
        QCOMPARE(made.exit_code, 0);
        const auto check = run({"recipe", "check", model, write("preset.json", made.out), "--json"});
        QVERIFY2(check.exit_code == 0, check.out);
    }
}

void CommandLineTest::quantizeComparesAndGeneratesFromItsOwnFile() {
    const auto quantized = run({"quantize", model, "--recipe", recipe(), "--out", path("packed"), "--json"});
    QVERIFY2(quantized.exit_code == 0, quantized.error);
    const auto json = quantized.json();
    QVERIFY(has_keys(json, {"bytes", "bits_per_weight", "bits_per_weight_total", "seconds", "sites"}));
    QCOMPARE(json["sites"].toArray().size(), 1);
    QVERIFY(has_keys(json["sites"][0].toObject(),
                     {"name", "bytes", "bits_per_weight", "mse", "sqnr_db", "cosine", "max_error"}));
    QVERIFY(QFileInfo::exists(path("packed/report.h5")));
    QCOMPARE(json["bytes"].toInteger(), QFileInfo(path("packed/model.safetensors")).size());

    const auto compared =
        run({"compare", model, recipe(), path("packed"), "--max-tokens", "128", "--context", "64", "--json"});
    QVERIFY2(compared.exit_code == 0, compared.error);
    const auto rows = compared.json()["models"].toArray();
    QCOMPARE(rows.size(), 3);
    QVERIFY(rows[1]["kl_mean"].toDouble() > 0);
    for (const auto& row : {rows[1], rows[2]}) // as a recipe and as a file: the same size
        QCOMPARE(row["bytes"].toInteger(), json["bytes"].toInteger());
    // The packed file decodes to what was evaluated, bit for bit.
    QCOMPARE(rows[2]["perplexity"].toDouble(), rows[1]["perplexity"].toDouble());
    QCOMPARE(rows[2]["kl_mean"].toDouble(), rows[1]["kl_mean"].toDouble());

    const auto text =
        run({"generate", path("packed"), "--prompt", "The capital of France is", "--max-tokens", "4", "--json"});
    QVERIFY2(text.exit_code == 0, text.error);
    QVERIFY(text.json()["text"].toString().contains("Paris"));
    QCOMPARE(text.json()["tokens"].toArray().size(), 4);
}

void CommandLineTest::perplexityTellsWhatItMeasured() {
    const QString text =
        write("text.txt", QByteArray("It was the best of times, it was the worst of times. ").repeated(12));
    const auto answer = run({"perplexity", model, "--text", text, "--context", "32", "--json"});
    QVERIFY2(answer.exit_code == 0, answer.error);
    QVERIFY(has_keys(answer.json(), {"perplexity", "nll", "tokens", "seconds", "text_sha256", "convention", "bos"}));
    const auto json = answer.json();
    QVERIFY(std::abs(std::exp(json["nll"].toDouble()) / json["perplexity"].toDouble() - 1) < 1e-9);
}

void CommandLineTest::errorsAreOneLineAndNameTheirPlace_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("exit_code");
    QTest::addColumn<QStringList>("words");
    const QString bad_recipe =
        write("bad.json", R"({"quantscope_recipe":1,"default":{"weight":{"grid":{"name":"unifrom"}}}})");
    const QString cut = write("cut.gguf", QByteArray("GGUF\3\0\0\0", 8));
    const QString short_text = write("short.txt", "a");
    QTest::newRow("missing file") << QStringList{"inspect", path("none.gguf")} << 1 << QStringList{"none.gguf"};
    QTest::newRow("cut file") << QStringList{"inspect", cut} << 1 << QStringList{"cut.gguf"};
    QTest::newRow("no command") << QStringList{} << 2 << QStringList{};
    QTest::newRow("unknown option") << QStringList{"inspect", model, "--wrong"} << 2 << QStringList{"--wrong"};
    QTest::newRow("unknown device") << QStringList{"generate", model, "--prompt", "a", "--device", "tpu"} << 2
                                    << QStringList{"tpu", "cpu"};
    QTest::newRow("wrong grid") << QStringList{"quantize", model, "--recipe", bad_recipe, "--out", path("x")} << 1
                                << QStringList{"bad.json", "default.weight.grid.name", "did you mean"};
    QTest::newRow("unknown preset") << QStringList{"recipe", "new", model, "--preset", "w99"} << 2
                                    << QStringList{"w99", "uniform-w4-g64"};
    QTest::newRow("unknown format") << QStringList{"quantize", model, "--recipe", recipe(),
                                                   "--format", "zip", "--out",    path("x")}
                                    << 2 << QStringList{"zip", "packed"};
    QTest::newRow("text too short") << QStringList{"perplexity", model, "--text", short_text} << 1
                                    << QStringList{"too short"};
    QTest::newRow("token out of range") << QStringList{"logits", model, "--tokens", "1,99999999", "--out", path("l")}
                                        << 1 << QStringList{"99999999", "vocabulary"};
    QTest::newRow("no such experiment") << QStringList{"experiment", "nothing", model} << 2 << QStringList{"grids"};
    QTest::newRow("target is a file") << QStringList{"quantize", model,   "--recipe",
                                                     recipe(),   "--out", short_text + "/x"}
                                      << 1 << QStringList{"short.txt"};
}

void CommandLineTest::errorsAreOneLineAndNameTheirPlace() {
    QFETCH(QStringList, arguments);
    QFETCH(int, exit_code);
    QFETCH(QStringList, words);
    const auto answer = run(arguments);
    QCOMPARE(answer.exit_code, exit_code);
    QVERIFY2(last_line(answer.error).startsWith("error: "), answer.error);
    for (const auto& word : words)
        QVERIFY2(last_line(answer.error).contains(word), answer.error);
    QVERIFY(answer.out.isEmpty());
}

void CommandLineTest::anInterruptedJobLeavesNothing() {
    const QString whole = write(
        "whole.json",
        R"({"quantscope_recipe":1,"default":{"weight":{"grid":{"name":"piecewise","bits":4},"clipping":{"name":"mse"}}}})");
    QProcess process;
    process.start(QUANTSCOPE_CLI, {"quantize", model, "--recipe", whole, "--out", path("interrupted")});
    QVERIFY(process.waitForStarted());
    QTest::qSleep(700);
    ::kill(static_cast<pid_t>(process.processId()), SIGINT);
    QVERIFY(process.waitForFinished(10'000));
    QCOMPARE(process.exitCode(), 130);
    QVERIFY(!QFileInfo::exists(path("interrupted/model.safetensors")));
}

QTEST_GUILESS_MAIN(CommandLineTest)
#include "tst_command_line.moc"
