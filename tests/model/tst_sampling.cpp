// The choice of the next token: greedy, by temperature, among the k likeliest, within a share of probability.
#include <QtTest>
#include <cmath>
#include <limits>
#include <vector>

#include "core/base/errors.h"
#include "core/model/sampling.h"

using namespace quantscope;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// How often each token is chosen in `draws` draws from logits ln p.
std::vector<double> frequencies(const std::vector<double>& p, const SamplingOptions& options, int draws = 40000) {
    std::vector<float> logits;
    for (double value : p)
        logits.push_back(static_cast<float>(std::log(value)));
    Sampler sampler(options);
    std::vector<double> share(p.size());
    for (int i = 0; i < draws; ++i)
        share[static_cast<std::size_t>(sampler.choose(logits))] += 1.0 / draws;
    return share;
}

} // namespace

class TestSampling : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void greedy_takes_the_likeliest_and_of_equals_the_first() {
        Sampler sampler({});
        QCOMPARE(sampler.choose(std::vector<float>{0, 3, 2}), 1);
        QCOMPARE(sampler.choose(std::vector<float>{5, 1, 5, 5}), 0);
        QCOMPARE(sampler.choose(std::vector<float>{-infinity, -100, std::nanf("")}), 1);
        QCOMPARE(sampler.choose(std::vector<float>{infinity, 1, 2}), 2);
    }

    // Four standard deviations of a share of 40,000 draws are at most 0.01.
    void draws_follow_the_probabilities_data() {
        QTest::addColumn<double>("temperature");
        QTest::addColumn<qint64>("top_k");
        QTest::addColumn<double>("top_p");
        QTest::addColumn<QList<double>>("expected");
        QTest::newRow("as they are") << 1.0 << qint64(0) << 1.0 << QList<double>{0.1, 0.4, 0.2, 0.3};
        QTest::newRow("half the temperature squares them")
            << 0.5 << qint64(0) << 1.0 << QList<double>{0.01 / 0.3, 0.16 / 0.3, 0.04 / 0.3, 0.09 / 0.3};
        QTest::newRow("the two likeliest") << 1.0 << qint64(2) << 1.0 << QList<double>{0, 4.0 / 7, 0, 3.0 / 7};
        QTest::newRow("more than there are") << 1.0 << qint64(9) << 1.0 << QList<double>{0.1, 0.4, 0.2, 0.3};
        QTest::newRow("half of the probability") << 1.0 << qint64(0) << 0.5 << QList<double>{0, 4.0 / 7, 0, 3.0 / 7};
        QTest::newRow("less than the likeliest has") << 1.0 << qint64(0) << 0.3 << QList<double>{0, 1, 0, 0};
        QTest::newRow("temperature before the share") << 0.5 << qint64(0) << 0.5 << QList<double>{0, 1, 0, 0};
    }
    void draws_follow_the_probabilities() {
        QFETCH(double, temperature);
        QFETCH(qint64, top_k);
        QFETCH(double, top_p);
        QFETCH(QList<double>, expected);
        const auto found = frequencies({0.1, 0.4, 0.2, 0.3}, {temperature, top_k, top_p, 7});
        for (int i = 0; i < 4; ++i) {
            if (expected[i] == 0) QCOMPARE(found[static_cast<std::size_t>(i)], 0.0);
            QVERIFY(std::abs(found[static_cast<std::size_t>(i)] - expected[i]) < 0.01);
        }
    }

    void a_seed_repeats_itself_and_another_differs() {
        const std::vector<float> logits(1000, 0.0f);
        const auto draws = [&](std::uint64_t seed) {
            Sampler sampler({.temperature = 1, .seed = seed});
            std::vector<std::int32_t> tokens;
            for (int i = 0; i < 20; ++i)
                tokens.push_back(sampler.choose(logits));
            return tokens;
        };
        QCOMPARE(draws(1), draws(1));
        QVERIFY(draws(1) != draws(2));
        // SplitMix64's published first output for seed 1234567 is 6457827717110365317.
        Sampler sampler({.temperature = 1, .seed = 1234567});
        QCOMPARE(sampler.choose(logits), static_cast<std::int32_t>(6457827717110365317.0 / 0x1p64 * 1000));
    }

    void tokens_that_cannot_be_are_never_drawn() {
        Sampler sampler({.temperature = 5});
        const std::vector<float> logits = {-infinity, 0, std::nanf(""), 0, infinity};
        for (int i = 0; i < 1000; ++i) {
            const auto token = sampler.choose(logits);
            QVERIFY(token == 1 || token == 3);
        }
        QVERIFY_EXCEPTION_THROWN(sampler.choose(std::vector<float>{-infinity, std::nanf("")}), DataError);
        QVERIFY_EXCEPTION_THROWN(sampler.choose({}), DataError);
    }
};

QTEST_APPLESS_MAIN(TestSampling)
#include "tst_sampling.moc"
