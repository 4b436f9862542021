// Several layers' effect as one, against the same sums over the weights themselves.
#include <QTest>
#include <cmath>
#include <random>

#include "app/studio/effect_total.h"

using namespace quantscope;

class TestEffectTotal : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void two_layers_count_as_one_vector_of_weights();
    void a_layer_in_float_adds_its_size_and_no_error();
    void nothing_added_is_not_known();
};

void TestEffectTotal::two_layers_count_as_one_vector_of_weights() {
    std::mt19937 random(7);
    EffectTotal effect;
    double error = 0, power = 0, weights = 0, saturated = 0;
    for (const auto& [count, size] : {std::pair(1000, 0.1), std::pair(3000, 2.0)}) {
        std::normal_distribution<double> draw(0.01, size);
        studio::Estimate layer;
        studio::Summary summary;
        double own_error = 0, sum = 0, squares = 0;
        int cut = 0;
        for (int i = 0; i < count; ++i) {
            const double weight = draw(random), rounded = std::clamp(std::round(weight * 4) / 4, -1.0, 1.0);
            own_error += (weight - rounded) * (weight - rounded);
            sum += weight;
            squares += weight * weight;
            cut += std::abs(weight) > 1;
        }
        summary.mean = sum / count;
        summary.standard_deviation = std::sqrt(squares / count - summary.mean * summary.mean);
        layer.mse = own_error / count;
        layer.saturated = double(cut) / count;
        layer.bytes = count / 2.0;
        effect.add(layer, &summary, std::uint64_t(count));
        error += own_error;
        power += squares;
        weights += count;
        saturated += cut;
    }
    const studio::Estimate total = effect.total();
    QVERIFY(std::abs(total.mse / (error / weights) - 1) < 1e-12);
    QVERIFY(std::abs(total.relative / std::sqrt(error / power) - 1) < 1e-12);
    QVERIFY(std::abs(total.sqnr_db - 10 * std::log10(power / error)) < 1e-9);
    QVERIFY(std::abs(total.saturated - saturated / weights) < 1e-12);
    QCOMPARE(total.bytes, 2000.0);
    QCOMPARE(total.bits_per_weight, 4.0);
}

void TestEffectTotal::a_layer_in_float_adds_its_size_and_no_error() {
    EffectTotal effect;
    studio::Estimate four_bits, whole;
    studio::Summary summary;
    summary.mean = 0;
    summary.standard_deviation = 1;
    four_bits.mse = 0.01;
    four_bits.saturated = 0;
    four_bits.bytes = 50;
    whole.mse = whole.saturated = 0;
    whole.bytes = 200;
    effect.add(four_bits, &summary, 100);
    effect.add(whole, nullptr, 100);
    QCOMPARE(effect.total().bits_per_weight, 10.0);
    QCOMPARE(effect.total().mse, 0.01); // of the weights that have one
}

void TestEffectTotal::nothing_added_is_not_known() { QVERIFY(std::isnan(EffectTotal().total().mse)); }

QTEST_APPLESS_MAIN(TestEffectTotal)
#include "tst_effect_total.moc"
