// Every element type of every format against what other implementations read from the same bytes: torch for safetensors
// and .pt files, the gguf package for block types. The files and their generator are in goldens/checkpoint.
#include <QtTest>
#include <cmath>
#include <cstring>
#include <fstream>

#include "core/base/errors.h"
#include "core/checkpoint/checkpoint.h"

using namespace quantscope;
using nlohmann::json;

namespace {

const std::filesystem::path folder = std::filesystem::path(QUANTSCOPE_GOLDENS) / "checkpoint";

/// What the golden beside a file says of it.
struct Expected {
    json tensors;
    std::vector<float> values; ///< of the decoded ones, one after another

    explicit Expected(const std::string& file) {
        std::ifstream(folder / (file + ".json")) >> tensors;
        std::ifstream stream(folder / (file + ".f32"), std::ios::binary);
        const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
        values.resize(bytes.size() / sizeof(float));
        std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
    }
};

bool same(float a, float b) { return (std::isnan(a) && std::isnan(b)) || std::memcmp(&a, &b, sizeof a) == 0; }

void compare(const std::vector<float>& read, std::span<const float> expected, const std::string& name) {
    QCOMPARE(read.size(), expected.size());
    for (std::size_t i = 0; i < read.size(); ++i)
        QVERIFY2(same(read[i], expected[i]), qPrintable(QString("%1, value %2: %3 instead of %4")
                                                            .arg(name.c_str())
                                                            .arg(i)
                                                            .arg(double(read[i]), 0, 'g', 9)
                                                            .arg(double(expected[i]), 0, 'g', 9)));
}

} // namespace

class TestCheckpointGoldens : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void every_tensor_reads_as_elsewhere_data();
    void every_tensor_reads_as_elsewhere();
    void rows_read_one_by_one_are_the_tensor_data() { every_tensor_reads_as_elsewhere_data(); }
    void rows_read_one_by_one_are_the_tensor();
    void metadata_of_gguf_keep_their_types();
    void metadata_of_safetensors_are_read();
    void training_state_is_skipped_and_said_so();
    void views_share_their_storage();
    void default_model_opens();
};

void TestCheckpointGoldens::every_tensor_reads_as_elsewhere_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("format");
    QTest::newRow("safetensors, every dtype") << "all_dtypes.safetensors"
                                              << "safetensors";
    QTest::newRow("GGUF, every type") << "all_types.gguf"
                                      << "gguf";
    QTest::newRow("torch.save, zip") << "zip.pt"
                                     << "pytorch";
    QTest::newRow("torch.save, legacy") << "legacy.pth"
                                        << "pytorch";
    QTest::newRow("training checkpoint, the model under ema") << "training.ckpt.pt"
                                                              << "pytorch";
    QTest::newRow("sharded safetensors folder") << "sharded_safetensors"
                                                << "safetensors";
    QTest::newRow("sharded pytorch_model.bin folder") << "sharded_bin"
                                                      << "pytorch";
}

void TestCheckpointGoldens::every_tensor_reads_as_elsewhere() {
    QFETCH(QString, file);
    QFETCH(QString, format);
    const auto checkpoint = Checkpoint::open(folder / file.toStdString());
    const Expected expected(file.toStdString());
    QCOMPARE(QString::fromStdString(checkpoint->format()), format);
    QCOMPARE(checkpoint->tensors().size(), expected.tensors.size());
    std::size_t position = 0;
    for (const json& golden : expected.tensors) {
        const std::string name = golden["name"];
        const TensorInfo& tensor = checkpoint->at(name);
        QCOMPARE(QString::fromUtf8(quantscope::name(tensor.dtype).data()),
                 QString::fromStdString(golden["dtype"].get<std::string>()));
        QCOMPARE(tensor.shape, golden["shape"].get<std::vector<std::int64_t>>());
        if (!golden.value("decoded", true)) { // listed with its size, and only its decoding refused
            QVERIFY(!facts(tensor.dtype).decoded);
            QVERIFY(tensor.bytes > 0);
            QVERIFY_THROWS_EXCEPTION(FormatError, checkpoint->read(tensor));
            continue;
        }
        const auto count = static_cast<std::size_t>(tensor.values());
        QVERIFY(position + count <= expected.values.size());
        compare(checkpoint->read(tensor), std::span(expected.values).subspan(position, count), name);
        if (QTest::currentTestFailed()) return;
        position += count;
    }
    QCOMPARE(position, expected.values.size());
}

void TestCheckpointGoldens::rows_read_one_by_one_are_the_tensor() {
    QFETCH(QString, file);
    const auto checkpoint = Checkpoint::open(folder / file.toStdString());
    for (const TensorInfo& tensor : checkpoint->tensors()) {
        if (!facts(tensor.dtype).decoded) continue;
        const std::vector<float> whole = checkpoint->read(tensor);
        const auto columns = static_cast<std::size_t>(tensor.columns());
        std::vector<float> row(columns);
        for (std::int64_t r = tensor.rows(); r-- > 0;) {
            checkpoint->read_rows(tensor, r, 1, row);
            compare(row, std::span(whole).subspan(static_cast<std::size_t>(r) * columns, columns), tensor.name);
            if (QTest::currentTestFailed()) return;
        }
        std::vector<float> none;
        QVERIFY_THROWS_EXCEPTION(ShapeError, checkpoint->read_rows(tensor, tensor.rows(), 1, row));
        QVERIFY_THROWS_EXCEPTION(ShapeError, checkpoint->read_rows(tensor, -1, 1, row));
        QVERIFY_THROWS_EXCEPTION(ShapeError, checkpoint->read_rows(tensor, 0, INT64_MAX, row));
        if (tensor.values() > 0) QVERIFY_THROWS_EXCEPTION(ShapeError, checkpoint->read_rows(tensor, 0, 1, none));
    }
}

void TestCheckpointGoldens::metadata_of_gguf_keep_their_types() {
    const auto checkpoint = Checkpoint::open(folder / "all_types.gguf");
    const json& metadata = checkpoint->metadata();
    QCOMPARE(metadata["general.architecture"].get<std::string>(), std::string("llama"));
    QCOMPARE(metadata["llama.block_count"].get<int>(), 1);
    QVERIFY(metadata["llama.rope.freq_base"].is_number_float());
    QCOMPARE(metadata["llama.rope.freq_base"].get<float>(), 10000.0f);
    QCOMPARE(metadata["made.truth"], json(true));
    QCOMPARE(metadata["tokenizer.ggml.tokens"], json({"<s>", "a", "é", "語"}));
    QCOMPARE(metadata["tokenizer.ggml.token_type"], json({3, 1, 1, 1}));
}

void TestCheckpointGoldens::metadata_of_safetensors_are_read() {
    const auto checkpoint = Checkpoint::open(folder / "all_dtypes.safetensors");
    QCOMPARE(checkpoint->metadata()["note"].get<std::string>(), std::string("every dtype"));
    QVERIFY(!checkpoint->find("__metadata__"));
}

void TestCheckpointGoldens::training_state_is_skipped_and_said_so() {
    const auto checkpoint = Checkpoint::open(folder / "training.ckpt.pt");
    QVERIFY(!checkpoint->find("other")); // the tensors under "model" yield to those under "ema"
    QString remarks;
    for (const std::string& remark : checkpoint->remarks())
        remarks += QString::fromStdString(remark) + "\n";
    QVERIFY2(remarks.contains("under \"ema\""), qPrintable(remarks));
}

void TestCheckpointGoldens::views_share_their_storage() {
    for (const char* file : {"zip.pt", "legacy.pth"}) {
        const auto checkpoint = Checkpoint::open(folder / file);
        const TensorInfo& base = checkpoint->at("base");
        QCOMPARE(checkpoint->at("same_storage").offset, base.offset);
        QCOMPARE(checkpoint->at("row").offset, base.offset + 4 * 8 * sizeof(float));
        QVERIFY(!checkpoint->at("transposed").strides.empty());
        QVERIFY_THROWS_EXCEPTION(ShapeError, checkpoint->raw(checkpoint->at("transposed")));
        QCOMPARE(checkpoint->raw(base).size(), base.bytes);
    }
}

void TestCheckpointGoldens::default_model_opens() {
    if (!std::filesystem::exists(QUANTSCOPE_DEFAULT_MODEL)) QSKIP("the default model is not installed");
    const auto checkpoint = Checkpoint::open(QUANTSCOPE_DEFAULT_MODEL);
    QCOMPARE(checkpoint->tensors().size(), std::size_t(272)); // 30 blocks of 9, embedding, last norm
    std::int64_t parameters = 0;
    for (const TensorInfo& tensor : checkpoint->tensors())
        parameters += tensor.values();
    QCOMPARE(parameters, std::int64_t(134'515'008)); // as published
}

QTEST_APPLESS_MAIN(TestCheckpointGoldens)
#include "tst_checkpoint_goldens.moc"
