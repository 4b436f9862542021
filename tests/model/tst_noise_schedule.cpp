// Noise schedules against their published formulas, respacing against diffusers' and the original DiT's; see
// goldens/diffusion/generate_trajectories.py.
#include <QtTest>
#include <cmath>
#include <cstring>
#include <numbers>

#include "core/base/errors.h"
#include "core/checkpoint/checkpoint.h"
#include "core/model/noise_schedule.h"

using namespace quantscope;

namespace {

/// int16 as a safetensors file has it.
std::vector<std::int64_t> whole_numbers(const Checkpoint& file, const std::string& name) {
    const auto bytes = file.raw(file.at(name));
    std::vector<std::int16_t> stored(bytes.size() / sizeof(std::int16_t));
    std::memcpy(stored.data(), bytes.data(), bytes.size());
    return {stored.begin(), stored.end()};
}

bool close(double a, double b, double relative) { return std::abs(a - b) <= relative * std::abs(b); }

Spacing spacing_of(const std::string& name) {
    if (name == "respace") return Spacing::respace;
    if (name == "leading") return Spacing::leading;
    return name == "trailing" ? Spacing::trailing : Spacing::linspace;
}

} // namespace

class TestNoiseSchedule : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void linear_betas_are_evenly_spaced_between_the_published_ends() {
        const auto schedule = NoiseSchedule::linear();
        QCOMPARE(schedule.size(), 1000);
        QCOMPARE(schedule.betas().front(), 1e-4); // Ho et al. 2020, section 4
        QVERIFY(close(schedule.betas().back(), 0.02, 1e-14));
        for (std::size_t t = 0; t < 1000; ++t)
            QVERIFY(close(schedule.betas()[t], 1e-4 + 0.0199 * double(t) / 999, 1e-13));
        // The end of the linear schedule as it is widely quoted: ᾱ = 4.04e-5, a signal of 0.6 %.
        QVERIFY(close(schedule.alphas_cumprod().back(), 4.0358e-5, 1e-4));
    }

    void fewer_timesteps_scale_the_linear_betas() {
        const auto schedule = NoiseSchedule::linear(250);
        QVERIFY(close(schedule.betas().front(), 4e-4, 1e-14));
        QVERIFY(close(schedule.betas().back(), 0.08, 1e-14));
        // As much noise in all: the sum of betas is what it is at 1,000.
        double sum = 0;
        for (const double beta : schedule.betas())
            sum += beta;
        QVERIFY(close(sum, 1000 * (1e-4 + 0.02) / 2, 1e-12));
    }

    void a_schedulers_configuration_is_followed() {
        const auto stable = NoiseSchedule::from_scheduler(
            {{"beta_schedule", "scaled_linear"}, {"beta_start", 0.00085}, {"beta_end", 0.012}}, "s.json");
        QVERIFY(close(stable.betas().front(), 0.00085, 1e-12) && close(stable.betas().back(), 0.012, 1e-12));
        // Evenly spaced in the root: the middle β is the square of the mean of the ends' roots, nearly.
        const double middle = (std::sqrt(0.00085) + std::sqrt(0.012)) / 2;
        QVERIFY(close(stable.betas()[499], middle * middle, 2e-3));
        const auto plain = NoiseSchedule::from_scheduler(nlohmann::json::object(), "s.json");
        QVERIFY(close(plain.alphas_cumprod().back(), NoiseSchedule::linear().alphas_cumprod().back(), 1e-12));
        const auto cosine = NoiseSchedule::from_scheduler(
            {{"beta_schedule", "squaredcos_cap_v2"}, {"num_train_timesteps", 100}}, "s.json");
        QCOMPARE(cosine.size(), 100);
        QCOMPARE(cosine.betas()[50], NoiseSchedule::cosine(100).betas()[50]);
        const auto trained = NoiseSchedule::from_scheduler({{"trained_betas", {0.1, 0.2}}}, "s.json");
        QVERIFY(close(trained.alphas_cumprod().back(), 0.9 * 0.8, 1e-15));
    }

    void a_wrong_schedulers_configuration_is_named_data() {
        QTest::addColumn<QString>("json");
        QTest::addColumn<QString>("key");
        QTest::newRow("schedule") << R"({"beta_schedule": "sigmoid"})"
                                  << "beta_schedule";
        QTest::newRow("prediction") << R"({"prediction_type": "v_prediction"})"
                                    << "prediction_type";
        QTest::newRow("beta") << R"({"beta_end": 2})"
                              << "beta_end";
        QTest::newRow("text as beta") << R"({"beta_start": "0.1"})"
                                      << "beta_start";
        QTest::newRow("timesteps") << R"({"num_train_timesteps": 0})"
                                   << "num_train_timesteps";
        QTest::newRow("huge") << R"({"num_train_timesteps": 99999999999})"
                              << "num_train_timesteps";
        QTest::newRow("betas") << R"({"trained_betas": "many"})"
                               << "trained_betas";
    }
    void a_wrong_schedulers_configuration_is_named() {
        QFETCH(QString, json);
        QFETCH(QString, key);
        try {
            NoiseSchedule::from_scheduler(nlohmann::json::parse(json.toStdString()), "s.json");
            QFAIL("it was taken");
        } catch (const Error& error) {
            QVERIFY2(std::string(error.what()).find("s.json: " + key.toStdString()) == 0, error.what());
        }
    }

    void betas_between_given_ends_are_not_scaled() {
        const auto schedule = NoiseSchedule::linear_between(0.001, 0.012, 12);
        for (std::size_t t = 0; t < 12; ++t)
            QVERIFY(close(schedule.betas()[t], 0.001 * double(t + 1), 1e-12));
    }

    void cosine_products_follow_the_squared_cosine() {
        const auto schedule = NoiseSchedule::cosine();
        const auto f = [](double u) { return std::pow(std::cos((u + 0.008) / 1.008 * std::numbers::pi / 2), 2); };
        for (std::int64_t t = 0; t < 999; ++t) // the products telescope, until the cap of the last beta
            QVERIFY(close(schedule.alpha_bar(t), f(double(t + 1) / 1000) / f(0), 1e-9));
        QCOMPARE(schedule.betas().back(), 0.999);
        QVERIFY(close(schedule.alpha_bar(999), 0.001 * schedule.alpha_bar(998), 1e-12));
        for (std::size_t t = 0; t < 999; ++t)
            QVERIFY(schedule.betas()[t] < 0.999);
    }

    void products_are_those_of_the_betas() {
        for (const auto& schedule : {NoiseSchedule::linear(), NoiseSchedule::cosine(), NoiseSchedule::linear(100)}) {
            double logarithm = 0;
            for (std::size_t t = 0; t < schedule.betas().size(); ++t) {
                logarithm += std::log1p(-schedule.betas()[t]);
                QVERIFY(close(schedule.alphas_cumprod()[t], std::exp(logarithm), 1e-11));
                QCOMPARE(schedule.alpha_bar(std::int64_t(t)), schedule.alphas_cumprod()[t]);
            }
            QCOMPARE(schedule.alpha_bar(-1), 1.0);
        }
    }

    void impossible_schedules_are_refused() {
        QVERIFY_THROWS_EXCEPTION(UsageError, NoiseSchedule::linear(0));
        QVERIFY_THROWS_EXCEPTION(UsageError, NoiseSchedule::linear(20)); // the last beta would be 1
        QVERIFY_THROWS_EXCEPTION(UsageError, NoiseSchedule::cosine(-1));
        QVERIFY_THROWS_EXCEPTION(UsageError, NoiseSchedule::from_betas({}));
        QVERIFY_THROWS_EXCEPTION(UsageError, NoiseSchedule::from_betas({0.5, NAN}));
        QVERIFY_THROWS_EXCEPTION(UsageError, NoiseSchedule::from_betas({0.5, 0.0}));
    }

    void timesteps_equal_those_of_the_originals() {
        const auto file = Checkpoint::open(QUANTSCOPE_GOLDENS "/diffusion/timesteps.safetensors");
        std::size_t checked = 0;
        for (const auto& tensor : file->tensors()) {
            const auto parts = QString::fromStdString(tensor.name).split('.');
            const auto spacing = spacing_of(parts[parts.size() - 2].toStdString());
            const auto steps = parts.back().toLongLong();
            const auto found = parts.size() == 3 ? spaced_timesteps_without_zero(spacing, 1000, steps)
                                                 : spaced_timesteps(spacing, 1000, steps);
            QVERIFY2(found == whole_numbers(*file, tensor.name), tensor.name.c_str());
            ++checked;
        }
        QVERIFY(checked > 80);
    }

    void spaced_timesteps_fall_strictly_and_stay_inside_data() {
        QTest::addColumn<int>("timesteps");
        for (const int timesteps : {1, 2, 3, 10, 97, 1000})
            QTest::addRow("%d", timesteps) << timesteps;
    }
    void spaced_timesteps_fall_strictly_and_stay_inside() {
        QFETCH(int, timesteps);
        for (const auto spacing : {Spacing::respace, Spacing::leading, Spacing::trailing, Spacing::linspace})
            for (int steps = 1; steps <= timesteps; ++steps) {
                const auto found = spaced_timesteps(spacing, timesteps, steps);
                QCOMPARE(int(found.size()), steps);
                QVERIFY(found.front() < timesteps);
                QVERIFY(found.back() >= 0);
                for (std::size_t i = 1; i < found.size(); ++i)
                    QVERIFY(found[i] < found[i - 1]);
            }
    }

    void too_many_or_no_steps_are_refused() {
        QVERIFY_THROWS_EXCEPTION(UsageError, spaced_timesteps(Spacing::respace, 1000, 0));
        QVERIFY_THROWS_EXCEPTION(UsageError, spaced_timesteps(Spacing::leading, 1000, 1001));
        QVERIFY_THROWS_EXCEPTION(UsageError, spaced_timesteps_without_zero(Spacing::linspace, 1000, 1000));
    }
};

QTEST_APPLESS_MAIN(TestNoiseSchedule)
#include "tst_noise_schedule.moc"
