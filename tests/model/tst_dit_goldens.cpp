// The output of DiTs against that of the diffusers library, for tiny random models of both namings; see
// goldens/diffusion/generate_dits.py.
#include <QTemporaryDir>
#include <QtTest>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "core/base/errors.h"
#include "core/model/diffusion_transformer.h"

using namespace quantscope;
namespace fs = std::filesystem;

namespace {

const fs::path goldens = fs::path(QUANTSCOPE_GOLDENS) / "diffusion";

struct Expected {
    ImageBatch x, output;
    std::vector<float> t;
    std::vector<std::int64_t> y;
};

ImageBatch batch_of(const Checkpoint& file, const char* name) {
    const auto& tensor = file.at(name);
    return {tensor.shape[0], tensor.shape[1], tensor.shape[2], tensor.shape[3], file.read(tensor)};
}

std::vector<std::int64_t> whole_numbers(const Checkpoint& file, const char* name) {
    const auto bytes = file.raw(file.at(name));
    std::vector<std::int64_t> numbers(bytes.size() / sizeof(std::int64_t));
    std::memcpy(numbers.data(), bytes.data(), bytes.size());
    return numbers;
}

Expected read_expected(const std::string& name) {
    const auto file = Checkpoint::open(goldens / "expected" / (name + ".safetensors"));
    const auto t = whole_numbers(*file, "t");
    return {batch_of(*file, "x"), batch_of(*file, "output"), {t.begin(), t.end()}, whole_numbers(*file, "y")};
}

std::vector<std::string> names() {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(goldens / "expected"))
        found.push_back(entry.path().stem().string());
    std::sort(found.begin(), found.end());
    return found;
}

/// The file of a model in the original naming, the folder of one in diffusers'.
fs::path place_of(const std::string& name) {
    for (const char* file : {"model.pt", "model.safetensors"})
        if (fs::exists(goldens / name / file)) return goldens / name / file;
    return goldens / name;
}

DiffusionTransformer open(const fs::path& path, const ComputeOptions& options = {}, const ModelOptions& told = {}) {
    return DiffusionTransformer(std::make_shared<OriginalWeights>(Model::open(path, told)), options);
}

/// The largest absolute difference as a share of the expected values' range.
double difference(const ImageBatch& found, const ImageBatch& expected) {
    if (found.values.size() != expected.values.size() || found.channels != expected.channels) return INFINITY;
    const auto [low, high] = std::minmax_element(expected.values.begin(), expected.values.end());
    double largest = 0;
    for (std::size_t i = 0; i < found.values.size(); ++i) {
        const double apart = std::abs(double(found.values[i]) - expected.values[i]);
        largest = std::max(largest, std::isnan(apart) ? INFINITY : apart);
    }
    return largest / (double(*high) - *low);
}

ComputeOptions on(const std::string& device) {
    ComputeOptions options;
    options.device = device;
    return options;
}

} // namespace

class TestDitGoldens : public QObject {
    Q_OBJECT

    double worst_ = 0;

    void add_models() {
        QTest::addColumn<QString>("name");
        QVERIFY(names().size() >= 8);
        for (const auto& name : names())
            QTest::newRow(name.c_str()) << QString::fromStdString(name);
    }

    void check_on(const std::string& device, const QString& name) {
        const auto expected = read_expected(name.toStdString());
        auto model = open(place_of(name.toStdString()), on(device));
        Progress progress;
        const double apart = difference(model.denoise(expected.x, expected.t, expected.y, progress), expected.output);
        worst_ = std::max(worst_, apart);
        QVERIFY2(apart <= 1e-5, qPrintable(QString::number(apart)));
    }

private Q_SLOTS:
    void output_equals_that_of_diffusers_data() { add_models(); }
    void output_equals_that_of_diffusers() {
        QFETCH(QString, name);
        check_on("cpu", name);
    }

    void output_equals_that_of_diffusers_on_cuda_data() { add_models(); }
    void output_equals_that_of_diffusers_on_cuda() {
        const auto device = qEnvironmentVariable("QUANTSCOPE_TEST_DEVICE").toStdString();
        if (!device.starts_with("cuda"))
            QSKIP("QUANTSCOPE_TEST_DEVICE names no CUDA device, so nothing is tested there");
        QFETCH(QString, name);
        check_on(device, name);
    }

    void bfloat16_stays_close_data() { add_models(); }
    void bfloat16_stays_close() {
        QFETCH(QString, name);
        const auto expected = read_expected(name.toStdString());
        auto options = on("cpu");
        options.type = ComputeType::bfloat16;
        auto model = open(place_of(name.toStdString()), options);
        QCOMPARE(model.compute_type(), std::string("bfloat16"));
        Progress progress;
        const double apart = difference(model.denoise(expected.x, expected.t, expected.y, progress), expected.output);
        QVERIFY2(apart > 1e-5 && apart < 0.05, qPrintable(QString::number(apart)));
    }

    void weights_read_anew_at_every_pass_give_the_same() {
        const auto expected = read_expected("original_plain");
        auto options = on("cpu");
        options.weight_budget = 1; // not even one block is kept
        auto model = open(place_of("original_plain"), options);
        Progress progress;
        for (int pass = 0; pass < 2; ++pass)
            QVERIFY(difference(model.denoise(expected.x, expected.t, expected.y, progress), expected.output) <= 1e-5);
    }

    void equal_embedders_of_all_blocks_are_one_site() {
        const auto shared = Model::open(goldens / "diffusers_shared"), own = Model::open(goldens / "diffusers_sigma");
        const auto embedders = [](const Model& model) {
            return std::ranges::count_if(model.sites(), [](const Site& site) { return site.role == role::t_embedder; });
        };
        QCOMPARE(embedders(*shared), 2);
        QCOMPARE(embedders(*own), 4);
        QCOMPARE(shared->copied_from("transformer_blocks.2.norm1.emb.class_embedder.embedding_table.weight"),
                 std::string("transformer_blocks.0.norm1.emb.class_embedder.embedding_table.weight"));
        std::uint64_t stored = 0;
        for (const auto& tensor : shared->checkpoint().tensors())
            stored += static_cast<std::uint64_t>(tensor.values());
        const std::uint64_t one_copy = 6 * 32 + 32 * 256 + 32 + 32 * 32 + 32;
        QCOMPARE(shared->parameters(), stored - 2 * one_copy);
    }

    void heads_follow_from_width_configuration_or_the_user() {
        QTemporaryDir folder;
        const fs::path file = fs::path(folder.path().toStdString()) / "model.safetensors";
        fs::copy_file(goldens / "original_sigma" / "model.safetensors", file);
        const auto untold = Model::open(file);
        QVERIFY(!untold->diffusion());
        QVERIFY2(untold->why_not_evaluated().find("--heads N") != std::string::npos,
                 untold->why_not_evaluated().c_str());
        QCOMPARE(Model::open(file, {.heads = 3})->diffusion()->heads, 3);
        QVERIFY_EXCEPTION_THROWN(Model::open(file, {.heads = 5}), FormatError);
        QCOMPARE(Model::open(goldens / "original_sigma")->diffusion()->heads, 2);
    }

    void what_does_not_fit_the_model_is_named() {
        auto model = open(place_of("original_sigma"));
        const auto expected = read_expected("original_sigma");
        Progress progress;
        auto x = expected.x;
        x.channels = 3;
        QVERIFY_EXCEPTION_THROWN(model.denoise(x, expected.t, expected.y, progress), ShapeError);
        auto y = expected.y;
        y[2] = 6;
        QVERIFY_EXCEPTION_THROWN(model.denoise(expected.x, expected.t, y, progress), DataError);
        y.pop_back();
        QVERIFY_EXCEPTION_THROWN(model.denoise(expected.x, expected.t, y, progress), ShapeError);
        progress.cancel();
        QVERIFY_EXCEPTION_THROWN(model.denoise(expected.x, expected.t, expected.y, progress), Cancelled);
    }

    void cleanupTestCase() { qInfo("largest difference: %.3g of the output's range", worst_); }
};

QTEST_APPLESS_MAIN(TestDitGoldens)
#include "tst_dit_goldens.moc"
