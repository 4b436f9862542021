// quantscope-cli on Diffusion Transformers: denoise, sample and compare as a user's script calls them.
#include <QFileInfo>
#include <QJsonArray>
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <cstring>

#include "tests/cli/command_line.h"

namespace {

const QString goldens = QStringLiteral(QUANTSCOPE_GOLDENS "/diffusion/");
const QString dit = goldens + QStringLiteral("original_patch4/model.pt");

/// The values of an F32 tensor of a safetensors file, by an independent reading of it.
QVector<float> values_of(const QString& path, const QString& name) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) return {};
    const auto bytes = file.readAll();
    quint64 length = 0;
    std::memcpy(&length, bytes.constData(), 8);
    const auto header = QJsonDocument::fromJson(bytes.mid(8, qsizetype(length))).object();
    const auto place = header[name].toObject()["data_offsets"].toArray();
    const auto part =
        bytes.mid(8 + qsizetype(length) + place[0].toInteger(), place[1].toInteger() - place[0].toInteger());
    QVector<float> values(part.size() / 4);
    std::memcpy(values.data(), part.constData(), std::size_t(part.size()));
    return values;
}

} // namespace

class CommandLineImagesTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    QString path(const QString& name) const { return folder_.filePath(name); }
    QString recipe(int bits) const {
        QFile file(path(QStringLiteral("w%1.json").arg(bits)));
        file.open(QIODevice::WriteOnly);
        file.write(QByteArray(R"({"quantscope_recipe":1,"default":{"weight":{"grid":{"name":"uniform","bits":)") +
                   QByteArray::number(bits) + "}}}}");
        return file.fileName();
    }

private Q_SLOTS:
    void denoise_writes_everything_the_model_emits_data() {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("name");
        QTest::newRow("original naming") << dit << "original_patch4";
        QTest::newRow("diffusers folder") << goldens + "diffusers_sigma"
                                          << "diffusers_sigma";
    }
    void denoise_writes_everything_the_model_emits() {
        QFETCH(QString, model);
        QFETCH(QString, name);
        const QString golden = goldens + "expected/" + name + ".safetensors", out = path("output.safetensors");
        const auto answer = run({"denoise", model, "--input", golden, "--out", out, "--json"});
        QVERIFY2(answer.exit_code == 0, answer.error);
        const auto found = values_of(out, "output"), expected = values_of(golden, "output");
        QCOMPARE(found.size(), expected.size());
        QVERIFY(!found.isEmpty());
        const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
        for (qsizetype i = 0; i < found.size(); ++i)
            QVERIFY(std::abs(found[i] - expected[i]) <= 1e-5 * (*high - *low));
    }

    void heads_are_told_where_nothing_else_tells_them() {
        const QString lone = path("lone.pt");
        QVERIFY(QFile::copy(dit, lone));
        const QString golden = goldens + "expected/original_patch4.safetensors";
        QStringList command{"denoise", lone, "--input", golden, "--out", path("lone.safetensors"), "--json"};
        const auto refused = run(command);
        QCOMPARE(refused.exit_code, 1);
        QVERIFY2(last_line(refused.error).contains("--heads N"), refused.error);
        const auto answer = run(command + QStringList{"--heads", "6"});
        QVERIFY2(answer.exit_code == 0, answer.error);
        QCOMPARE(values_of(path("lone.safetensors"), "output").size(), values_of(golden, "output").size());
    }

    void sample_writes_a_picture_of_each_class() {
        const auto answer = run({"sample", dit, "--classes", "0,4", "--per-class", "2", "--steps", "4", "--recipe",
                                 recipe(3), "--out", path("pictures"), "--json"});
        QVERIFY2(answer.exit_code == 0, answer.error);
        const auto json = answer.json();
        QVERIFY(has_keys(json, {"seconds", "files", "images"}));
        QCOMPARE(json["files"].toArray().size(), 8); // the original's and the quantized model's
        for (const auto& file : json["files"].toArray())
            QVERIFY(QFileInfo(file.toString()).size() > 60);
        QCOMPARE(json["images"].toArray().size(), 4);
        QVERIFY(has_keys(json["images"][0].toObject(), {"class", "seed", "psnr", "ssim"}));
    }

    void the_same_seed_gives_the_same_picture() {
        const auto bytes = [&](const QString& folder, const QStringList& more) {
            const auto answer =
                run(QStringList{"sample", dit, "--classes", "1", "--steps", "4", "--out", path(folder)} + more);
            QFile file(path(folder + (more.contains("9") ? "/1_seed9.png" : "/1_seed0.png")));
            return answer.exit_code == 0 && file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
        };
        const auto first = bytes("a", {}), again = bytes("b", {}), other = bytes("c", {"--seed", "9"});
        QVERIFY(!first.isEmpty() && !other.isEmpty());
        QCOMPARE(again, first);
        QVERIFY(other != first);
    }

    void compare_has_a_column_for_each_model() {
        const auto answer = run({"compare", dit, recipe(8), recipe(3), "--classes", "0,1,2", "--steps", "4", "--out",
                                 path("grid.png"), "--json"});
        QVERIFY2(answer.exit_code == 0, answer.error);
        const auto models = answer.json()["models"].toArray();
        QCOMPARE(models.size(), 3);
        QCOMPARE(models[0]["name"].toString(), "original");
        QCOMPARE(models[2]["name"].toString(), "w3");
        QVERIFY(models[1]["psnr"].toDouble() > models[2]["psnr"].toDouble() + 6);
        QVERIFY(models[1]["bytes"].toDouble() > models[2]["bytes"].toDouble());
        QVERIFY(QFileInfo(path("grid.png")).size() > 1000);
    }

    void errors_name_what_is_wrong_data() {
        QTest::addColumn<QStringList>("command");
        QTest::addColumn<int>("exit_code");
        QTest::addColumn<QString>("words");
        QTest::newRow("no class") << QStringList{"sample", dit, "--out", "x"} << 2 << "--classes";
        QTest::newRow("class") << QStringList{"sample", dit, "--classes", "9", "--steps", "2", "--out", path("x")} << 1
                               << "class 9";
        QTest::newRow("sampler") << QStringList{"sample",    dit,     "--classes", "1",
                                                "--sampler", "euler", "--out",     path("x")}
                                 << 2 << "dpm++";
        QTest::newRow("language model")
            << QStringList{"sample", QStringLiteral(QUANTSCOPE_GOLDENS "/model/llama_grouped_wide"), "--classes", "1", "--out",
                           path("x")}
            << 1 << "no class-conditional DiT";
        QTest::newRow("compare without classes") << QStringList{"compare", dit, dit} << 2 << "--classes";
        QTest::newRow("input without x") << QStringList{"denoise", dit,
                                                        "--input", goldens + "original_positions/model.safetensors",
                                                        "--out",   path("y")}
                                         << 1 << "x";
    }
    void errors_name_what_is_wrong() {
        QFETCH(QStringList, command);
        QFETCH(int, exit_code);
        QFETCH(QString, words);
        const auto answer = run(command);
        QCOMPARE(answer.exit_code, exit_code);
        QVERIFY2(last_line(answer.error).startsWith("error: "), answer.error);
        QVERIFY2(last_line(answer.error).contains(words), answer.error);
    }
};

QTEST_APPLESS_MAIN(CommandLineImagesTest)
#include "tst_command_line_images.moc"
