// Sources of rows from real files against decoding the whole tensor, and against values that other implementations read
// from the same files; rows that a file permutes; statistics of what is decoded.
#include <QTest>
#include <fstream>

#include "compare_statistics.h"
#include "core/base/errors.h"
#include "core/model/model.h"

using namespace quantscope;
using obvious::Weight;

namespace {

const std::filesystem::path folder = std::filesystem::path(QUANTSCOPE_GOLDENS) / "checkpoint";

/// Values that another implementation decoded, one tensor after another.
std::vector<float> golden_values(const std::string& file) {
    std::ifstream stream(folder / (file + ".f32"), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
    std::vector<float> values(bytes.size() / sizeof(float));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
    return values;
}

bool same(float a, float b) { return (std::isnan(a) && std::isnan(b)) || std::memcmp(&a, &b, sizeof a) == 0; }

/// All rows of a source, by pieces of a number of rows that divides nothing.
std::vector<float> all_of(const MatrixSource& source) {
    std::vector<float> values(static_cast<std::size_t>(source.rows() * source.columns()));
    for (std::int64_t row = 0; row < source.rows(); row += 3) {
        const std::int64_t count = std::min<std::int64_t>(3, source.rows() - row);
        source.read(row, count,
                    std::span(values).subspan(static_cast<std::size_t>(row * source.columns()),
                                              static_cast<std::size_t>(count * source.columns())));
    }
    return values;
}

/// Where llama.cpp's converter puts row `row` of q or k: the halves of each head interleaved.
std::int64_t permuted_place(std::int64_t row, std::int64_t rows, std::int64_t heads) {
    const std::int64_t size = rows / heads, head = row / size, half = row % size / (size / 2), i = row % (size / 2);
    return head * size + 2 * i + half;
}

} // namespace

class TestMatrixSource : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void a_source_has_the_values_that_other_implementations_read_data() {
        QTest::addColumn<QString>("file");
        for (const char* file : {"all_dtypes.safetensors", "all_types.gguf", "zip.pt", "legacy.pth", "training.ckpt.pt",
                                 "sharded_safetensors", "sharded_bin"})
            QTest::newRow(file) << file;
    }
    void a_source_has_the_values_that_other_implementations_read() {
        QFETCH(QString, file);
        const auto checkpoint = Checkpoint::open(folder / file.toStdString());
        nlohmann::json tensors;
        std::ifstream(folder / (file.toStdString() + ".json")) >> tensors;
        const std::vector<float> golden = golden_values(file.toStdString());
        std::size_t at = 0;
        int compared = 0, in_place = 0;
        for (const auto& entry : tensors) {
            const TensorInfo* tensor = checkpoint->find(entry["name"].get<std::string>());
            QVERIFY(tensor);
            if (!facts(tensor->dtype).decoded) continue;
            const auto source = MatrixSource::of(*checkpoint, *tensor);
            QCOMPARE(source.rows(), tensor->rows());
            QCOMPARE(source.columns(), tensor->columns());
            const std::vector<float> values = all_of(source);
            QVERIFY(at + values.size() <= golden.size());
            for (std::size_t i = 0; i < values.size(); ++i)
                QVERIFY2(same(values[i], golden[at + i]), tensor->name.c_str());
            at += values.size();
            ++compared;
            in_place += source.is_in_place();
            if (values.empty()) continue;
            Progress progress;
            obvious::compare(weight_statistics(source, {}, progress),
                             Weight(DType::F32, source.rows(), source.columns(), values));
            if (QTest::currentTestFailed()) QFAIL(tensor->name.c_str());
        }
        QCOMPARE(at, golden.size());
        QVERIFY(compared > 2 && in_place > 0);
    }

    void rows_that_a_file_permutes_are_put_back_data() {
        QTest::addColumn<QString>("tensor");
        QTest::addColumn<bool>("in_place");
        QTest::newRow("float32") << "all.F32" << true;
        QTest::newRow("float16") << "all.F16" << true;
        QTest::newRow("bfloat16") << "all.BF16" << true;
        QTest::newRow("float8") << "all.F8_E4M3" << false;
    }
    void rows_that_a_file_permutes_are_put_back() {
        QFETCH(QString, tensor);
        QFETCH(bool, in_place);
        const auto checkpoint = Checkpoint::open(folder / "all_dtypes.safetensors");
        const TensorInfo& info = checkpoint->at(tensor.toStdString());
        const std::vector<float> whole = checkpoint->read(info);
        Site site;
        site.tensor = info.name;
        site.out = info.rows();
        site.in = info.columns();
        site.permuted_heads = 1;
        const auto source = MatrixSource::of(*checkpoint, site);
        QCOMPARE(source.is_in_place(), in_place);
        const std::vector<float> values = all_of(source);
        bool moved = false;
        for (std::int64_t row = 0; row < site.out; ++row)
            for (std::int64_t c = 0; c < site.in; ++c) {
                const float wanted = whole[static_cast<std::size_t>(permuted_place(row, site.out, 1) * site.in + c)];
                QVERIFY(same(values[static_cast<std::size_t>(row * site.in + c)], wanted));
                QVERIFY(same(source.at(row, c), wanted));
                moved = moved || !same(wanted, whole[static_cast<std::size_t>(row * site.in + c)]);
            }
        QVERIFY(moved);
    }

    void sites_of_the_default_model_are_its_tensors_in_the_models_order() {
        if (!QFile::exists(QUANTSCOPE_DEFAULT_MODEL)) QSKIP("the default model is not installed");
        const auto model = Model::open(QUANTSCOPE_DEFAULT_MODEL);
        int permuted = 0, plain = 0;
        for (const Site& site : model->sites()) {
            if (site.block != 3) continue; // one block has every kind
            const TensorInfo& tensor = model->checkpoint().at(site.tensor);
            const std::vector<float> whole = model->checkpoint().read(tensor);
            const auto source = MatrixSource::of(model->checkpoint(), site);
            QCOMPARE(source.rows(), site.out);
            const std::vector<float> values = all_of(source);
            for (std::int64_t row = 0; row < site.out; ++row) {
                const std::int64_t stored =
                    site.permuted_heads ? permuted_place(row, site.out, site.permuted_heads) : row;
                QVERIFY2(std::memcmp(values.data() + row * site.in, whole.data() + stored * site.in,
                                     static_cast<std::size_t>(site.in) * sizeof(float)) == 0,
                         site.name.c_str());
            }
            (site.permuted_heads ? permuted : plain) += 1;
            Progress progress;
            obvious::compare(weight_statistics(source, {}, progress), Weight(DType::F32, site.out, site.in, values));
            if (QTest::currentTestFailed()) QFAIL(site.name.c_str());
        }
        QCOMPARE(permuted, 2); // q and k
        QVERIFY(plain >= 5);
    }

    void bytes_that_do_not_fit_the_shape_are_refused() {
        const std::vector<std::byte> bytes(24);
        QVERIFY_EXCEPTION_THROWN(MatrixSource::in_place(DType::F32, bytes, 2, 4), ShapeError);
        QVERIFY_EXCEPTION_THROWN(MatrixSource::in_place(DType::F16, bytes, std::int64_t{1} << 62, 4), ShapeError);
        QVERIFY_EXCEPTION_THROWN(MatrixSource::in_place(DType::Q8_0, bytes, 2, 3), ShapeError);
        QCOMPARE(MatrixSource::in_place(DType::F32, bytes, 2, 3).rows(), std::int64_t{2});
    }
};

QTEST_APPLESS_MAIN(TestMatrixSource)
#include "tst_matrix_source.moc"
