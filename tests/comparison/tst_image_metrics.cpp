// PSNR, SSIM and the Fréchet distance against scikit-image and SciPy (goldens/comparison/generate_image_metrics.py),
// and what must hold of them whatever the images.
#include <QtTest>
#include <cmath>
#include <random>

#include "core/base/errors.h"
#include "core/checkpoint/checkpoint.h"
#include "core/comparison/frechet.h"
#include "core/comparison/image_metrics.h"

using namespace quantscope;

namespace {

const Checkpoint& goldens() {
    static const auto file =
        Checkpoint::open(std::string(QUANTSCOPE_GOLDENS) + "/comparison/image_metrics.safetensors");
    return *file;
}

at::Tensor tensor(const std::string& name) {
    const auto& info = goldens().at(name);
    return at::tensor(at::ArrayRef<float>(goldens().read(info))).view(info.shape);
}

void compare(double found, double expected, double tolerance) {
    QVERIFY2(std::abs(found - expected) <= tolerance * std::max(1.0, std::abs(expected)),
             qPrintable(QStringLiteral("%1 instead of %2").arg(found, 0, 'g', 10).arg(expected, 0, 'g', 10)));
}

} // namespace

class TestImageMetrics : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void psnr_and_ssim_equal_those_of_scikit_image_data() {
        QTest::addColumn<int>("pair");
        for (int pair = 0; pair < 4; ++pair)
            QTest::addRow("pair %d", pair) << pair;
    }
    void psnr_and_ssim_equal_those_of_scikit_image() {
        QFETCH(int, pair);
        const std::string at = "pair" + std::to_string(pair) + ".";
        const auto& info = goldens().at(at + "image");
        const auto image = goldens().read(info), reference = goldens().read(goldens().at(at + "reference"));
        const auto expected = goldens().read(goldens().at(at + "expected"));
        compare(psnr_db(image, reference, 2), expected[0], 1e-6);
        compare(ssim(image, reference, {info.shape[0], info.shape[1], info.shape[2]}, 2), expected[1], 1e-6);
    }

    void equal_images_have_infinite_psnr_and_ssim_one() {
        const auto image = goldens().read(goldens().at("pair0.image"));
        QVERIFY(std::isinf(psnr_db(image, image, 2)));
        compare(ssim(image, image, {1, 28, 28}, 2), 1, 1e-12);
    }

    void images_smaller_than_the_window_are_compared_by_a_smaller_one() {
        std::mt19937 random(3);
        std::normal_distribution<float> normal;
        for (const auto& [height, width] : {std::pair{1, 1}, {2, 9}, {4, 4}, {10, 3}}) {
            std::vector<float> image(std::size_t(height * width));
            for (float& value : image)
                value = normal(random);
            compare(ssim(image, image, {1, height, width}, 2), 1, 1e-12);
            auto other = image;
            other[0] += 1;
            QVERIFY(ssim(other, image, {1, height, width}, 2) < 1);
        }
    }

    void images_of_different_size_are_refused() {
        const std::vector<float> image(16), other(9);
        QVERIFY_EXCEPTION_THROWN(psnr_db(image, other, 2), ShapeError);
        QVERIFY_EXCEPTION_THROWN(ssim(image, other, {1, 4, 4}, 2), ShapeError);
        QVERIFY_EXCEPTION_THROWN(ssim({}, {}, {1, 0, 0}, 2), ShapeError);
    }

    void frechet_distance_equals_that_of_scipy_data() {
        QTest::addColumn<int>("set");
        for (int set = 0; set < 3; ++set)
            QTest::addRow("set %d", set) << set;
    }
    void frechet_distance_equals_that_of_scipy() {
        QFETCH(int, set);
        const std::string at = "features" + std::to_string(set) + ".";
        const auto a = FeatureStatistics::of(tensor(at + "a")), b = FeatureStatistics::of(tensor(at + "b"));
        compare(frechet_distance(a, b), goldens().read(goldens().at(at + "expected"))[0], 1e-5);
        compare(frechet_distance(b, a), frechet_distance(a, b), 1e-6); // it is symmetric
        compare(frechet_distance(a, a), 0, 1e-6);
    }

    void frechet_distance_of_shifted_features_is_the_shift_squared() {
        const auto features = tensor("features1.a");
        const auto a = FeatureStatistics::of(features), b = FeatureStatistics::of(features + 0.5);
        compare(frechet_distance(a, b), 0.25 * double(features.size(1)), 1e-5);
    }

    void one_image_has_no_covariance() {
        QVERIFY_EXCEPTION_THROWN(FeatureStatistics::of(at::zeros({1, 4})), ShapeError);
    }
};

QTEST_APPLESS_MAIN(TestImageMetrics)
#include "tst_image_metrics.moc"
