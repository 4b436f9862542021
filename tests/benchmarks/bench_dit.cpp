// How long a DiT's forward pass and a guided sampling step take. Prints one JSON object, so that another program can be
// run in turn with it: tests/benchmarks/compare_dit_speed.py does so with eager PyTorch.
//   bench_dit MODEL [forward passes] [sampling steps]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "core/model/diffusion_transformer.h"

using namespace quantscope;

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

ImageBatch noise(const DitArchitecture& facts, std::int64_t count) {
    ImageBatch batch{count, facts.in_channels, facts.input_size, facts.input_size, {}};
    batch.values.resize(static_cast<std::size_t>(count * facts.in_channels * facts.input_size * facts.input_size));
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (float& value : batch.values)
        value = normal(random);
    return batch;
}

} // namespace

int main(int count, char** arguments) {
    if (count < 2) {
        std::fprintf(stderr, "usage: bench_dit MODEL [forward passes] [sampling steps]\n");
        return 2;
    }
    const int passes = count > 2 ? std::atoi(arguments[2]) : 5, steps = count > 3 ? std::atoi(arguments[3]) : 50;
    constexpr std::int64_t batch = 8;
    ComputeOptions options;
    options.device = std::getenv("QUANTSCOPE_TEST_DEVICE") ? std::getenv("QUANTSCOPE_TEST_DEVICE") : "cpu";
    DiffusionTransformer model(std::make_shared<OriginalWeights>(Model::open(arguments[1])), options);
    const auto x = noise(model.architecture(), batch);
    const std::vector<float> t(batch, 500);
    const std::vector<std::int64_t> y(batch, 1);
    Progress progress;
    model.denoise(x, t, y, progress); // reads the weights
    std::vector<double> forward;
    for (int pass = 0; pass < passes; ++pass) {
        const auto start = std::chrono::steady_clock::now();
        model.denoise(x, t, y, progress);
        forward.push_back(seconds_since(start));
    }
    std::nth_element(forward.begin(), forward.begin() + passes / 2, forward.end());
    SamplingPlan plan;
    plan.steps = steps;
    plan.guidance = 4;
    ImageOrder order{y, {0, 1, 2, 3, 4, 5, 6, 7}};
    const auto sampled = [&] {
        const auto start = std::chrono::steady_clock::now();
        model.sample(model.plan(plan), NoiseSchedule::linear(), order, progress);
        return seconds_since(start) / steps;
    };
    const double step = sampled();
    std::printf("{\"forward_seconds\": %.6f, \"step_seconds\": %.6f}\n", forward[static_cast<std::size_t>(passes / 2)],
                step);
    return 0;
}
