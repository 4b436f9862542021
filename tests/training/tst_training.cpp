// The parts of the training programs: the loss against what it must be in closed form, going on against never having
// stopped, and the dataset's reader against damaged files.
#include <ATen/ATen.h>

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <fstream>
#include <numbers>
#include <zlib.h>

#include "core/base/errors.h"
#include "core/model/diffusion_transformer.h"
#include "training/diffusion_loss.h"
#include "training/fashion_mnist.h"
#include "training/trainable_dit.h"

using namespace quantscope;
using namespace quantscope::training;
namespace fs = std::filesystem;

namespace {

DitArchitecture tiny() {
    DitArchitecture facts;
    facts.family = "dit";
    facts.width = 24, facts.blocks = 2, facts.heads = 2, facts.mlp_width = 48, facts.patch = 2;
    facts.in_channels = 1, facts.out_channels = 2, facts.input_size = 8, facts.classes = 3, facts.frequencies = 16;
    return facts;
}

/// One step on a batch that depends on the step's number alone.
double train_step(TrainableDit& dit, const NoisyImages& noisy) {
    at::manual_seed(std::uint64_t(100 + dit.parameters().steps()));
    const auto x = at::rand({8, 1, 8, 8}) * 2 - 1, noise = at::randn({8, 1, 8, 8});
    const auto t = at::randint(1000, {8}, at::kLong), y = at::randint(4, {8}, at::kLong);
    const auto loss = noisy.loss(x, noise, t, dit(noisy.mix(x, noise, t), t, y));
    const auto total = (loss.noise_error + loss.bound).mean();
    total.backward();
    dit.parameters().step({.rate = 1e-2, .average = 0.9});
    return total.item<double>();
}

void write_gzip(const fs::path& file, const std::vector<std::uint8_t>& bytes) {
    const auto target = gzopen(file.c_str(), "wb");
    gzwrite(target, bytes.data(), unsigned(bytes.size()));
    gzclose(target);
}

} // namespace

class TestTraining : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;
    fs::path path(const char* name) const { return fs::path(folder_.path().toStdString()) / name; }

private Q_SLOTS:
    void the_loss_vanishes_for_the_true_noise_and_the_posteriors_variance() {
        const NoisyImages noisy(NoiseSchedule::linear());
        at::manual_seed(1);
        const auto x = at::rand({5, 2, 4, 4}) * 2 - 1, noise = at::randn({5, 2, 4, 4});
        const auto t = at::tensor({1, 10, 300, 700, 999}, at::kLong);
        const auto least = at::cat({noise, at::full_like(noise, -1)}, 1); // a share of 0: the posterior's variance
        const auto loss = noisy.loss(x, noise, t, least);
        QCOMPARE(loss.noise_error.max().item<float>(), 0.0f);
        QVERIFY(loss.bound.abs().max().item<double>() < 1e-5);
    }

    void the_bound_is_the_divergence_of_two_normal_distributions() {
        const auto schedule = NoiseSchedule::linear();
        const NoisyImages noisy(schedule);
        at::manual_seed(2);
        const auto x = at::rand({1, 1, 2, 2}) * 2 - 1, noise = at::randn({1, 1, 2, 2});
        const auto predicted = noise + 0.3;
        for (const std::int64_t t : {2, 50, 800}) {
            const auto times = at::full({1}, t, at::kLong);
            const auto loss = noisy.loss(x, noise, times, at::cat({predicted, at::full_like(noise, 0.5)}, 1));
            // By hand, in double: KL(N(m, v) ‖ N(m', v')) = ½ (ln v'/v − 1 + v/v' + (m − m')²/v').
            const double beta = schedule.betas()[std::size_t(t)], now = schedule.alpha_bar(t),
                         before = schedule.alpha_bar(t - 1);
            const double v = beta * (1 - before) / (1 - now), w = std::exp(0.75 * std::log(beta) + 0.25 * std::log(v));
            const double apart_in_clean = std::sqrt((1 - now) / now) * 0.3; // what 0.3 too much noise does to x₀
            const double apart = beta * std::sqrt(before) / (1 - now) * apart_in_clean;
            const double expected = 0.5 * (std::log(w / v) - 1 + v / w + apart * apart / w) / std::numbers::ln2;
            const double found = loss.bound[0].item<double>();
            QVERIFY2(std::abs(found - expected) < 2e-3 * expected, qPrintable(QString::number(found / expected)));
        }
    }

    void going_on_from_a_saved_state_is_as_never_having_stopped() {
        const NoisyImages noisy(NoiseSchedule::linear());
        at::manual_seed(7);
        TrainableDit whole(tiny());
        at::manual_seed(7);
        TrainableDit first(tiny());
        for (int step = 0; step < 6; ++step)
            train_step(whole, noisy);
        for (int step = 0; step < 3; ++step)
            train_step(first, noisy);
        first.parameters().save(path("state.safetensors"));
        at::manual_seed(99); // other initial weights, which loading replaces
        TrainableDit second(tiny());
        second.parameters().load(path("state.safetensors"));
        QCOMPARE(second.parameters().steps(), std::int64_t(3));
        for (int step = 0; step < 3; ++step)
            train_step(second, noisy);
        for (const char* name : {"blocks.1.mlp.fc2.weight", "x_embedder.proj.weight", "final_layer.linear.bias"}) {
            QVERIFY2(at::equal(whole.parameters()[name], second.parameters()[name]), name);
            QVERIFY2(at::equal(whole.parameters().average(name), second.parameters().average(name)), name);
        }
    }

    void training_makes_the_loss_smaller() {
        const NoisyImages noisy(NoiseSchedule::linear());
        at::manual_seed(3);
        TrainableDit dit(tiny());
        double first = 0, last = 0;
        for (int step = 0; step < 60; ++step) {
            const double loss = train_step(dit, noisy);
            if (step < 10) first += loss;
            if (step >= 50) last += loss;
        }
        QVERIFY2(last < 0.8 * first, qPrintable(QString::number(last / first)));
    }

    void the_written_model_is_the_averaged_one() {
        const NoisyImages noisy(NoiseSchedule::linear());
        at::manual_seed(4);
        TrainableDit dit(tiny());
        for (int step = 0; step < 5; ++step)
            train_step(dit, noisy);
        dit.parameters().write_model(path("model.safetensors"), DType::F32, {{"pos_embed", dit.positions()}}, {});
        DiffusionTransformer opened(
            std::make_shared<OriginalWeights>(Model::open(path("model.safetensors"), {.heads = 2})),
            ComputeOptions{.device = "cpu"});
        const auto x = at::randn({2, 1, 8, 8});
        ImageBatch batch{2, 1, 8, 8, {x.const_data_ptr<float>(), x.const_data_ptr<float>() + x.numel()}};
        Progress progress;
        const auto found = opened.denoise(batch, std::vector<float>{5, 600}, std::vector<std::int64_t>{0, 3}, progress);
        const auto expected =
            dit(x, at::tensor({5, 600}, at::kLong), at::tensor({0, 3}, at::kLong), true).detach().contiguous();
        QCOMPARE(std::int64_t(found.values.size()), expected.numel());
        for (std::int64_t i = 0; i < expected.numel(); ++i)
            QVERIFY(std::abs(found.values[std::size_t(i)] - expected.const_data_ptr<float>()[i]) < 1e-5f);
    }

    void a_state_of_another_model_is_refused() {
        at::manual_seed(5);
        TrainableDit small(tiny());
        small.parameters().save(path("small.safetensors"));
        auto facts = tiny();
        facts.width = 32;
        TrainableDit wide(facts);
        QVERIFY_EXCEPTION_THROWN(wide.parameters().load(path("small.safetensors")), FormatError);
    }

    void the_datasets_files_are_checked() {
        fs::create_directories(path("data"));
        const auto images = path("data") / "train-images-idx3-ubyte.gz",
                   labels = path("data") / "train-labels-idx1-ubyte.gz";
        QVERIFY_EXCEPTION_THROWN(read_fashion_mnist(path("data"), "train"), IoError);
        write_gzip(images, {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 255, 51, 102});
        write_gzip(labels, {0, 0, 8, 1, 0, 0, 0, 1, 7});
        const auto read = read_fashion_mnist(path("data"), "train");
        QCOMPARE(read.labels[0].item<std::int64_t>(), std::int64_t(7));
        QVERIFY(at::allclose(read.images.flatten(), at::tensor({-1.0f, 1.0f, -0.6f, -0.2f})));
        write_gzip(images, {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 255, 51});
        QVERIFY_EXCEPTION_THROWN(read_fashion_mnist(path("data"), "train"), FormatError);
        write_gzip(images, {0, 0, 9, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 255, 51, 102});
        QVERIFY_EXCEPTION_THROWN(read_fashion_mnist(path("data"), "train"), FormatError);
        std::ofstream(images, std::ios::binary) << "no gzip at all";
        QVERIFY_EXCEPTION_THROWN(read_fashion_mnist(path("data"), "train"), FormatError);
    }
};

QTEST_APPLESS_MAIN(TestTraining)
#include "tst_training.moc"
