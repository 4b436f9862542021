// Whole trajectories against those of diffusers' schedulers (see goldens/diffusion/generate_trajectories.py), guidance,
// seeds and cancelling. The denoiser is a formula that the generator computes too.
#include <ATen/ATen.h>
#include <QtTest>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <numbers>

#include "core/base/errors.h"
#include "core/checkpoint/checkpoint.h"
#include "core/model/device.h"
#include "core/model/samplers.h"

using namespace quantscope;
namespace fs = std::filesystem;

namespace {

const fs::path goldens = fs::path(QUANTSCOPE_GOLDENS) / "diffusion";
constexpr std::int64_t null_class = 10;

at::Tensor floats(const Checkpoint& file, const std::string& name) {
    const auto& tensor = file.at(name);
    const auto values = file.read(tensor);
    return at::tensor(at::ArrayRef<float>(values), at::kFloat).reshape(tensor.shape);
}

std::vector<std::int64_t> integers(const Checkpoint& file, const std::string& name) {
    const auto bytes = file.raw(file.at(name));
    std::vector<std::int64_t> values(bytes.size() / sizeof(std::int64_t));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
}

at::Tensor integer_tensor(const std::vector<std::int64_t>& values) {
    return at::tensor(at::ArrayRef<std::int64_t>(values), at::kLong);
}

/// The generator's formula.
Denoiser formula(bool learned) {
    return [learned](const at::Tensor& x, const at::Tensor& t, const at::Tensor& y) {
        const double part = double(t[0].item<std::int64_t>() + 1) / 1000 * (std::numbers::pi / 2);
        const auto label = y.to(at::kFloat).view({-1, 1, 1, 1});
        const auto channel = at::arange(x.size(1), x.options()).view({1, -1, 1, 1});
        const auto epsilon =
            x * std::sin(part) + at::tanh(x * 1.5 + label * 0.2 - channel * 0.5) * (0.3 * std::cos(part));
        return learned ? at::cat({epsilon, at::tanh(x * 0.7 - label * 0.1)}, 1) : epsilon;
    };
}

struct Trajectory {
    SamplingPlan plan;
    NoiseSchedule schedule = NoiseSchedule::linear();
    Denoiser denoiser;
    at::Tensor start, y, path; ///< path: [steps, N, C, H, W]
    at::Tensor noise;          ///< [steps, N, C, H, W], or undefined
    std::vector<std::int64_t> timesteps;
};

Trajectory read_trajectory(const std::string& name) {
    const auto file = Checkpoint::open(goldens / (name + ".safetensors"));
    const auto facts = nlohmann::json::parse(file->metadata().at("plan").get<std::string>());
    const std::map<std::string, SamplerKind> samplers = {
        {"ddpm", SamplerKind::ddpm}, {"ddim", SamplerKind::ddim}, {"dpm++", SamplerKind::dpm_solver_plus_plus}};
    const std::map<std::string, Spacing> spacings = {{"respace", Spacing::respace},
                                                     {"leading", Spacing::leading},
                                                     {"trailing", Spacing::trailing},
                                                     {"linspace", Spacing::linspace}};
    const std::map<std::string, Variance> variances = {{"learned_range", Variance::learned_range},
                                                       {"fixed_small", Variance::fixed_small},
                                                       {"fixed_large", Variance::fixed_large}};
    Trajectory result;
    auto& plan = result.plan;
    plan.sampler = samplers.at(facts.at("sampler"));
    plan.spacing = spacings.at(facts.at("spacing"));
    plan.variance = variances.at(facts.at("variance"));
    plan.steps = facts.at("steps");
    plan.eta = facts.at("eta");
    plan.guidance = facts.at("guidance");
    plan.guided_channels = facts.at("guided_channels") == "all" ? GuidedChannels::all : GuidedChannels::first_three;
    plan.null_class = null_class;
    plan.clip_denoised = facts.at("clip");
    if (facts.at("betas") == "cosine") result.schedule = NoiseSchedule::cosine();
    result.denoiser = formula(facts.at("learned"));
    result.start = floats(*file, "start");
    result.y = integer_tensor(integers(*file, "y"));
    result.path = floats(*file, "path");
    if (file->find("noise")) result.noise = floats(*file, "noise");
    result.timesteps = integers(*file, "timesteps");
    return result;
}

/// Follows a golden trajectory. \returns the largest difference of any step, as a share of that step's range
double difference(const Trajectory& expected, const std::string& device_name) {
    const at::Device device(device_name);
    std::int64_t drawn = 0;
    double largest = 0;
    std::size_t steps = 0;
    const NoiseSource noise = [&] { return expected.noise[drawn++].to(device); };
    const SamplingObserver observer = [&](const SamplingStep& step) {
        const auto golden = expected.path[step.step];
        const double range = (golden.max() - golden.min()).item<double>();
        const double off = (step.x.cpu() - golden).abs().max().item<double>() / range;
        largest = std::max(largest, std::isnan(off) ? INFINITY : off);
        if (step.timestep != expected.timesteps.at(steps++)) largest = INFINITY;
    };
    Progress progress;
    const auto x = sample(expected.plan, expected.schedule, expected.denoiser, expected.start.to(device),
                          expected.y.to(device), noise, progress, observer);
    const bool whole = steps == expected.timesteps.size() && x.scalar_type() == at::kFloat;
    return whole ? largest : INFINITY;
}

SamplingPlan plan_of(SamplerKind sampler, std::int64_t steps) {
    SamplingPlan plan;
    plan.sampler = sampler;
    plan.steps = steps;
    plan.eta = 1;
    plan.guidance = 3;
    plan.null_class = null_class;
    return plan;
}

at::Tensor images_of(const SamplingPlan& plan, const std::vector<std::int64_t>& classes,
                     const std::vector<std::uint64_t>& seeds, const Denoiser& denoiser = formula(true)) {
    Progress progress;
    return sample(plan, NoiseSchedule::linear(), denoiser, classes, seeds, {4, 3, 5}, at::kCPU, progress);
}

} // namespace

class TestSamplers : public QObject {
    Q_OBJECT

private:
    static void add_trajectories() {
        QTest::addColumn<QString>("name");
        for (const auto& entry : fs::directory_iterator(goldens)) {
            const auto name = entry.path().stem().string();
            if (name.starts_with("dd") || name.starts_with("dpm"))
                QTest::newRow(name.c_str()) << QString::fromStdString(name);
        }
    }
    static void add_samplers() {
        QTest::addColumn<int>("sampler");
        QTest::newRow("ddpm") << int(SamplerKind::ddpm);
        QTest::newRow("ddim") << int(SamplerKind::ddim);
        QTest::newRow("dpm++") << int(SamplerKind::dpm_solver_plus_plus);
    }

private Q_SLOTS:
    void trajectories_equal_those_of_diffusers_data() { add_trajectories(); }
    void trajectories_equal_those_of_diffusers() {
        QFETCH(QString, name);
        const double found = difference(read_trajectory(name.toStdString()), "cpu");
        qInfo("largest difference %.2g of the range", found);
        QVERIFY(found <= 1e-4);
    }

    void the_device_from_the_environment_agrees_data() { add_trajectories(); }
    void the_device_from_the_environment_agrees() {
        const auto device = qEnvironmentVariable("QUANTSCOPE_TEST_DEVICE").toStdString();
        if (device.empty() || device == "cpu")
            QSKIP("QUANTSCOPE_TEST_DEVICE names no CUDA device, so nothing is tested there");
        QFETCH(QString, name);
        QVERIFY(difference(read_trajectory(name.toStdString()), resolve_device(device)) <= 1e-4);
    }

    void a_perfect_denoiser_leads_to_its_image_data() { add_samplers(); }
    void a_perfect_denoiser_leads_to_its_image() {
        QFETCH(int, sampler);
        const auto image = at::linspace(-0.9, 0.9, 60, at::kFloat).view({1, 4, 3, 5});
        const auto schedule = NoiseSchedule::linear();
        const Denoiser denoiser = [&](const at::Tensor& x, const at::Tensor& t, const at::Tensor&) {
            const double alpha_bar = schedule.alpha_bar(t[0].item<std::int64_t>());
            return (x - image * std::sqrt(alpha_bar)) / std::sqrt(1 - alpha_bar);
        };
        auto plan = plan_of(SamplerKind(sampler), 20);
        plan.guidance = 1;
        const auto found = images_of(plan, {0, 1}, {3, 4}, denoiser);
        QVERIFY((found - image).abs().max().item<double>() < 1e-4);
    }

    void guidance_one_is_the_conditional_output() {
        const auto x = at::randn({2, 4, 3, 5}), y = integer_tensor({1, 2});
        const auto t = at::full({2}, 500, at::kLong);
        std::int64_t rows = 0;
        const Denoiser counting = [&](const at::Tensor& x, const at::Tensor& t, const at::Tensor& y) {
            rows += x.size(0);
            return formula(true)(x, t, y);
        };
        SamplingPlan plan; // names no null class: none is needed
        QVERIFY(at::equal(guided_output(plan, counting, x, 500, y), formula(true)(x, t, y)));
        QCOMPARE(rows, 2);
        // A guidance just beside it takes the other way and must arrive at the same.
        plan.null_class = null_class;
        plan.guidance = 1 + 1e-12;
        const auto beside = guided_output(plan, counting, x, 500, y);
        QVERIFY((beside - formula(true)(x, t, y)).abs().max().item<double>() < 1e-6);
        QCOMPARE(rows, 6);
    }

    void guidance_zero_is_the_unconditional_output() {
        const auto x = at::randn({2, 3, 3, 5});
        SamplingPlan plan;
        plan.null_class = null_class;
        plan.guidance = 0;
        const auto found = guided_output(plan, formula(false), x, 500, integer_tensor({1, 2}));
        const auto t = at::full({2}, 500, at::kLong);
        QVERIFY(at::allclose(found, formula(false)(x, t, integer_tensor({null_class, null_class})), 0, 1e-6));
    }

    void guidance_leaves_the_other_channels_and_the_variance_as_they_are() {
        const auto x = at::randn({2, 4, 3, 5}), y = integer_tensor({1, 2});
        const auto conditional = formula(true)(x, at::full({2}, 500, at::kLong), y);
        SamplingPlan plan;
        plan.null_class = null_class;
        plan.guidance = 5;
        const auto three = guided_output(plan, formula(true), x, 500, y);
        QVERIFY(at::allclose(three.narrow(1, 3, 5), conditional.narrow(1, 3, 5), 0, 1e-6));
        QVERIFY(!at::allclose(three.narrow(1, 0, 3), conditional.narrow(1, 0, 3), 0, 1e-3));
        plan.guided_channels = GuidedChannels::all;
        const auto all = guided_output(plan, formula(true), x, 500, y);
        QVERIFY(at::equal(all.narrow(1, 0, 3), three.narrow(1, 0, 3)));
        QVERIFY(!at::allclose(all.narrow(1, 3, 1), conditional.narrow(1, 3, 1), 0, 1e-3));
        QVERIFY(at::allclose(all.narrow(1, 4, 4), conditional.narrow(1, 4, 4), 0, 1e-6));
    }

    void noise_is_that_of_pytorch() {
        const auto file = Checkpoint::open(goldens / "seeds.safetensors");
        const auto seeds = nlohmann::json::parse(file->metadata().at("seeds").get<std::string>());
        const auto expected = floats(*file, "noise"); // [seeds, draws, C, H, W]
        ImageNoise noise(seeds.get<std::vector<std::uint64_t>>(), {4, 3, 5});
        for (std::int64_t draw = 0; draw < expected.size(1); ++draw)
            QVERIFY(at::allclose(noise.next(), expected.select(1, draw), 0, 1e-6));
    }

    void an_image_depends_on_its_seed_and_class_alone_data() { add_samplers(); }
    void an_image_depends_on_its_seed_and_class_alone() {
        QFETCH(int, sampler);
        const auto plan = plan_of(SamplerKind(sampler), 6);
        const auto together = images_of(plan, {1, 2, 3}, {11, 12, 13});
        const auto split = at::cat({images_of(plan, {3}, {13}), images_of(plan, {2, 1}, {12, 11})});
        QVERIFY(at::allclose(together, split.flip(0), 0, 1e-6));
        QVERIFY(at::equal(together, images_of(plan, {1, 2, 3}, {11, 12, 13})));
        QVERIFY(!at::allclose(together, images_of(plan, {1, 2, 3}, {21, 22, 23}), 0, 0.1));
    }

    void the_same_seed_gives_the_same_noise_in_any_batch() {
        const std::vector<std::uint64_t> three = {5, 6, 7}, one = {6};
        ImageNoise batch(three, {4, 3, 5}), alone(one, {4, 3, 5});
        at::Tensor before;
        for (int draw = 0; draw < 4; ++draw) {
            const auto image = alone.next()[0];
            QVERIFY(at::equal(batch.next()[1], image));
            if (before.defined()) QVERIFY(!at::equal(image, before));
            before = image;
        }
    }

    void a_model_in_bfloat16_is_sampled_in_float32() {
        SamplingPlan plan;
        plan.steps = 10;
        const Denoiser narrow = [](const at::Tensor& x, const at::Tensor& t, const at::Tensor& y) {
            return formula(true)(x, t, y).to(at::kBFloat16);
        };
        const auto exact = images_of(plan, {1}, {1}), found = images_of(plan, {1}, {1}, narrow);
        QCOMPARE(found.scalar_type(), at::kFloat);
        const double off = (found - exact).abs().max().item<double>();
        QVERIFY(off > 0 && off < 0.1);
    }

    void variance_is_learned_where_the_model_emits_one_and_large_otherwise() {
        auto plan = plan_of(SamplerKind::ddpm, 8);
        plan.guidance = 1;
        const auto learned = images_of(plan, {1}, {1}), large = images_of(plan, {1}, {1}, formula(false));
        plan.variance = Variance::learned_range;
        QVERIFY(at::equal(images_of(plan, {1}, {1}), learned));
        QVERIFY_THROWS_EXCEPTION(ShapeError, images_of(plan, {1}, {1}, formula(false)));
        plan.variance = Variance::fixed_large;
        QVERIFY(at::equal(images_of(plan, {1}, {1}, formula(false)), large));
        QVERIFY(!at::equal(large, learned));
    }

    void cancelling_between_steps_stops_the_trajectory() {
        Progress progress;
        int calls = 0;
        const Denoiser denoiser = [&](const at::Tensor& x, const at::Tensor& t, const at::Tensor& y) {
            if (++calls == 3) progress.cancel();
            return formula(false)(x, t, y);
        };
        const std::vector<std::int64_t> classes = {1};
        const std::vector<std::uint64_t> seeds = {1};
        QVERIFY_THROWS_EXCEPTION(Cancelled, sample(SamplingPlan{}, NoiseSchedule::linear(), denoiser, classes, seeds,
                                                   {4, 3, 5}, at::kCPU, progress));
        QCOMPARE(calls, 3);
    }

    void progress_tells_every_step() {
        std::vector<double> fractions;
        Progress progress([&](double fraction, std::string_view) { fractions.push_back(fraction); });
        auto plan = plan_of(SamplerKind::ddim, 4);
        const std::vector<std::int64_t> classes = {1};
        const std::vector<std::uint64_t> seeds = {1};
        sample(plan, NoiseSchedule::linear(), formula(true), classes, seeds, {4, 3, 5}, at::kCPU, progress);
        QCOMPARE(fractions, (std::vector<double>{0, 0.25, 0.5, 0.75, 1}));
    }

    void what_cannot_be_followed_is_refused() {
        auto plan = plan_of(SamplerKind::ddim, 4);
        plan.null_class = -1;
        QVERIFY_THROWS_EXCEPTION(UsageError, images_of(plan, {1}, {1}));
        plan = plan_of(SamplerKind::ddim, 1001);
        QVERIFY_THROWS_EXCEPTION(UsageError, images_of(plan, {1}, {1}));
        plan = plan_of(SamplerKind::ddim, 4);
        plan.eta = -1;
        QVERIFY_THROWS_EXCEPTION(UsageError, images_of(plan, {1}, {1}));
        plan.eta = 0;
        plan.guidance = NAN;
        QVERIFY_THROWS_EXCEPTION(UsageError, images_of(plan, {1}, {1}));
        plan.guidance = 1;
        QVERIFY_THROWS_EXCEPTION(UsageError, images_of(plan, {1, 2}, {1}));
        const Denoiser wrong = [](const at::Tensor& x, const at::Tensor&, const at::Tensor&) {
            return x.narrow(1, 0, 3);
        };
        QVERIFY_THROWS_EXCEPTION(ShapeError, images_of(plan, {1}, {1}, wrong));
    }
};

QTEST_APPLESS_MAIN(TestSamplers)
#include "tst_samplers.moc"
