// Images of a tiny DiT and of versions of it: what must hold whatever the weights.
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

#include "core/base/errors.h"
#include "core/calibration/fitted_model.h"
#include "core/recipe/recipe.h"
#include "core/studio/image_evaluator.h"
#include "core/studio/image_report.h"

using namespace quantscope;
using namespace quantscope::studio;

namespace {

std::shared_ptr<const Model> tiny() {
    static const auto model =
        Model::open(std::string(QUANTSCOPE_GOLDENS) + "/diffusion/original_patch4/model.pt", {.heads = 6});
    return model;
}

ImageRequest request(std::vector<ImageRow> rows) {
    ImageRequest asked;
    asked.rows = std::move(rows);
    asked.steps = 6;
    asked.guidance = 2;
    return asked;
}

std::shared_ptr<const WeightSource> original() { return std::make_shared<OriginalWeights>(tiny()); }

std::shared_ptr<const WeightSource> quantized(int bits) {
    Progress progress;
    return quantize(tiny(),
                    Recipe::from_json({{"quantscope_recipe", 1},
                                       {"default", {{"weight", {{"grid", {{"name", "uniform"}, {"bits", bits}}}}}}}}),
                    {}, progress);
}

} // namespace

class TestImageEvaluator : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void the_same_weights_give_the_same_images() {
        ImageEvaluator evaluator(original());
        Progress progress;
        const auto asked = request({{0, {}, 7}, {3, {}, 8}});
        const auto first = evaluator.original_column(asked, progress);
        const auto again = evaluator.candidate_column(original(), asked, progress);
        for (std::size_t i = 0; i < 2; ++i) {
            QCOMPARE(again.pictures[i].rgb, first.pictures[i].rgb);
            QVERIFY(std::isinf(again.metrics[i].psnr_db));
            QVERIFY(std::abs(again.metrics[i].ssim - 1) < 1e-12);
        }
        QVERIFY(!again.noise_errors.empty());
        for (const auto& point : again.noise_errors)
            QCOMPARE(point.relative, 0.0);
        QVERIFY(first.pictures[0].rgb != first.pictures[1].rgb);
    }

    void an_image_does_not_depend_on_those_beside_it() {
        ImageEvaluator evaluator(original());
        Progress progress;
        std::vector<ImageRow> rows;
        for (int i = 0; i < 19; ++i) // more than one batch
            rows.push_back({i % 5, {}, std::uint64_t(i)});
        const auto all = evaluator.original_column(request(rows), progress);
        const auto alone = evaluator.original_column(request({rows[17]}), progress);
        const auto& a = all.pictures[17].rgb;
        const auto& b = alone.pictures[0].rgb;
        QCOMPARE(a.size(), b.size());
        for (std::size_t i = 0; i < a.size(); ++i) // batches of another size round differently
            QVERIFY2(std::abs(int(a[i]) - int(b[i])) <= 1, qPrintable(QString::number(i)));
    }

    void fewer_bits_predict_noise_worse() {
        ImageEvaluator evaluator(original());
        Progress progress;
        const auto asked = request({{0, {}, 1}, {1, {}, 2}, {2, {}, 3}});
        double before = 0;
        for (const int bits : {8, 4, 2}) {
            const auto column = evaluator.candidate_column(quantized(bits), asked, progress);
            double mean = 0;
            int last = 1000;
            for (const auto& point : column.noise_errors) {
                mean += point.relative / double(column.noise_errors.size());
                QVERIFY(point.timestep < last);
                last = point.timestep;
            }
            QVERIFY2(mean > 2 * before, qPrintable(QString::number(mean)));
            before = mean;
        }
    }

    void what_cannot_be_sampled_is_named() {
        ImageEvaluator evaluator(original());
        Progress progress;
        QVERIFY_EXCEPTION_THROWN(evaluator.original_column(request({{9, {}, 0}}), progress), DataError);
        auto asked = request({{0, {}, 0}});
        asked.sampler = "euler";
        QVERIFY_EXCEPTION_THROWN(evaluator.original_column(asked, progress), UsageError);
        asked = request({{0, {}, 0}});
        progress.cancel();
        QVERIFY_EXCEPTION_THROWN(evaluator.original_column(asked, progress), Cancelled);
        Progress fresh; // and nothing half-done is remembered
        QCOMPARE(evaluator.original_column(asked, fresh).pictures.size(), std::size_t(1));
    }

    void a_grid_of_all_pictures_is_written_as_png() {
        ImageEvaluator evaluator(original());
        Progress progress;
        const auto asked = request({{0, {}, 1}, {1, {}, 2}});
        auto comparison = evaluator.empty(asked);
        comparison.columns.push_back(evaluator.original_column(asked, progress));
        comparison.columns.push_back(evaluator.candidate_column(quantized(3), asked, progress));
        QTemporaryDir folder;
        const auto file = std::filesystem::path(folder.path().toStdString()) / "grid.png";
        write_image_grid(comparison, file);
        QFile png(QString::fromStdString(file.string()));
        QVERIFY(png.open(QIODevice::ReadOnly));
        const auto bytes = png.readAll();
        QCOMPARE(bytes.left(8), QByteArray("\x89PNG\r\n\x1a\n"));
        const auto side = [&](int at) { return int(quint8(bytes[at])) << 8 | quint8(bytes[at + 1]); };
        QCOMPARE(side(18), 2 * (12 * 5 + 4) + 4); // two columns of pictures of 12 pixels, five times enlarged
        QCOMPARE(side(22), 2 * (12 * 5 + 4) + 4);
        const auto json = as_json(comparison);
        QCOMPARE(json["models"].size(), std::size_t(2));
        QCOMPARE(json["models"][1]["images"][1]["ssim"].get<double>(), comparison.columns[1].metrics[1].ssim);
    }
};

QTEST_APPLESS_MAIN(TestImageEvaluator)
#include "tst_image_evaluator.moc"
