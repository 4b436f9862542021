// quantscope-train-dit: trains a class-conditional DiT on Fashion-MNIST. Stops at any time, goes on where it was: what
// a step draws depends on the seed and the step's number alone.
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/atomic_file.h"
#include "core/base/errors.h"
#include "training/diffusion_loss.h"
#include "training/fashion_mnist.h"
#include "training/trainable_dit.h"

namespace {

using namespace quantscope;
using namespace quantscope::training;
namespace fs = std::filesystem;

volatile std::sig_atomic_t stop_asked = 0;

struct Options {
    fs::path data = "/usr/share/datasets/fashion-mnist", out;
    std::int64_t width = 192, blocks = 9, heads = 6, patch = 4, batch = 128, epochs = 25, warm_up = 500,
                 save_every = 200;
    std::int64_t decay_epochs = 0; ///< the last ones, in which the rate falls to 0
    double rate = 1e-3, average = 0.9995, label_dropout = 0.1;
    std::uint64_t seed = 0;
    int threads = 1;
};

DitArchitecture architecture(const Options& options) {
    DitArchitecture facts;
    facts.family = "dit";
    facts.width = options.width;
    facts.blocks = options.blocks;
    facts.heads = options.heads;
    facts.mlp_width = 4 * options.width;
    facts.patch = options.patch;
    facts.in_channels = 1;
    facts.out_channels = 2;
    facts.input_size = 28;
    facts.classes = 10;
    facts.frequencies = 256;
    return facts;
}

/// The batch of a step: an epoch visits every image once, in an order of its own.
struct Batch {
    at::Tensor x, y, t, noise;
};

class Batches {
public:
    Batches(LabelledImages data, const Options& options)
        : data_(std::move(data))
        , options_(options) {}

    std::int64_t per_epoch() const { return data_.images.size(0) / options_.batch; }

    Batch at_step(std::int64_t step) {
        const auto epoch = step / per_epoch();
        if (epoch != epoch_) {
            at::manual_seed(options_.seed * 1'000'003 + static_cast<std::uint64_t>(epoch));
            order_ = at::randperm(data_.images.size(0), at::kLong);
            epoch_ = epoch;
        }
        const auto chosen = order_.narrow(0, step % per_epoch() * options_.batch, options_.batch);
        at::manual_seed((options_.seed << 40) + 0x9e3779b9u + static_cast<std::uint64_t>(step));
        Batch batch;
        batch.x = data_.images.index_select(0, chosen);
        const auto dropped = at::rand({options_.batch}) < options_.label_dropout;
        batch.y = data_.labels.index_select(0, chosen).masked_fill(dropped, 10);
        batch.t = at::randint(1000, {options_.batch}, at::kLong);
        batch.noise = at::randn_like(batch.x);
        return batch;
    }

private:
    LabelledImages data_;
    const Options& options_;
    at::Tensor order_;
    std::int64_t epoch_ = -1;
};

/// The averaged weights' error on the same test images, timesteps and noise each time.
double test_error(const TrainableDit& dit, const NoisyImages& noisy, const LabelledImages& test) {
    const at::NoGradGuard no_gradient;
    at::manual_seed(1);
    constexpr std::int64_t images = 1000, at_once = 100;
    double sum = 0;
    for (std::int64_t first = 0; first < images; first += at_once) {
        const auto x = test.images.narrow(0, first, at_once), noise = at::randn_like(x);
        const auto t = at::arange(first, first + at_once, at::kLong); // every timestep once
        const auto output = dit(noisy.mix(x, noise, t), t, test.labels.narrow(0, first, at_once), true);
        sum += noisy.loss(x, noise, t, output).noise_error.sum().item<double>();
    }
    return sum / images;
}

double rate_at(const Options& options, std::int64_t step, std::int64_t per_epoch) {
    const double done = static_cast<double>(step + 1);
    const double rising = std::min(1.0, done / static_cast<double>(options.warm_up));
    const auto left = static_cast<double>(options.epochs * per_epoch - step);
    const auto falling = options.decay_epochs ? left / static_cast<double>(options.decay_epochs * per_epoch) : 1.0;
    return options.rate * std::min(rising, std::min(1.0, falling));
}

void write_model(TrainableDit& dit, const Options& options, double error) {
    const auto& p = dit.parameters();
    p.write_model(options.out / "model.safetensors", DType::F16, {{"pos_embed", dit.positions()}},
                  {{"steps", std::to_string(p.steps())}, {"test_error", std::to_string(error)}});
    const nlohmann::json config = {
        {"num_heads", options.heads},
        {"num_classes", 10},
        {"input_size", 28},
        {"class_names",
         {"T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"}}};
    AtomicFile file(options.out / "config.json");
    const std::string text = config.dump(1) + "\n";
    file.write(text);
    file.commit();
}

void train(const Options& options) {
    fs::create_directories(options.out);
    at::set_num_threads(options.threads);
    at::manual_seed(options.seed);
    TrainableDit dit(architecture(options));
    auto& parameters = dit.parameters();
    const auto state = options.out / "state.safetensors";
    if (fs::exists(state)) parameters.load(state);
    Batches batches(read_fashion_mnist(options.data, "train"), options);
    const auto test = read_fashion_mnist(options.data, "t10k");
    const NoisyImages noisy(NoiseSchedule::linear());
    const auto per_epoch = batches.per_epoch(), last = options.epochs * per_epoch;
    std::printf("%lld parameters, %lld steps an epoch, from step %lld\n", static_cast<long long>(parameters.count()),
                static_cast<long long>(per_epoch), static_cast<long long>(parameters.steps()));

    std::ofstream curve(options.out / "loss.csv", std::ios::app);
    if (parameters.steps() == 0) curve << "step,epoch,noise_error,bound_bits,test_noise_error,seconds\n";
    double error_sum = 0, bound_sum = 0;
    std::int64_t summed = 0;
    auto began = std::chrono::steady_clock::now();
    while (parameters.steps() < last && !stop_asked) {
        const auto step = parameters.steps();
        const auto batch = batches.at_step(step);
        const auto output = dit(noisy.mix(batch.x, batch.noise, batch.t), batch.t, batch.y);
        const auto loss = noisy.loss(batch.x, batch.noise, batch.t, output);
        // The bound is an average over a thousand timesteps' terms of which one is drawn; as in the original, it is
        // weighed so that it does not drown the noise's error.
        (loss.noise_error + loss.bound).mean().backward();
        parameters.step({.rate = rate_at(options, step, per_epoch), .average = options.average});
        error_sum += loss.noise_error.mean().item<double>();
        bound_sum += loss.bound.mean().item<double>();
        ++summed;
        const bool epoch_ends = parameters.steps() % per_epoch == 0;
        if (epoch_ends || parameters.steps() % options.save_every == 0 || stop_asked) {
            const double error = epoch_ends ? test_error(dit, noisy, test) : NAN;
            const auto now = std::chrono::steady_clock::now();
            const double seconds = std::chrono::duration<double>(now - began).count();
            curve << parameters.steps() << ','
                  << static_cast<double>(parameters.steps()) / static_cast<double>(per_epoch) << ','
                  << error_sum / static_cast<double>(summed) << ',' << bound_sum / static_cast<double>(summed) << ',';
            if (epoch_ends) curve << error;
            curve << ',' << seconds << std::endl;
            error_sum = bound_sum = 0, summed = 0, began = now;
            parameters.save(state);
            if (epoch_ends) write_model(dit, options, error);
        }
    }
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App parser("Trains a class-conditional DiT on Fashion-MNIST; the same command goes on where it stopped",
                    "quantscope-train-dit");
    parser.add_option("--data", options.data, "folder of the dataset's IDX files")->capture_default_str();
    parser.add_option("--out", options.out, "folder for state, model and loss curve")->required();
    parser.add_option("--width", options.width)->capture_default_str();
    parser.add_option("--blocks", options.blocks)->capture_default_str();
    parser.add_option("--heads", options.heads)->capture_default_str();
    parser.add_option("--patch", options.patch)->capture_default_str();
    parser.add_option("--batch", options.batch)->capture_default_str();
    parser.add_option("--epochs", options.epochs, "in all, those of earlier runs included")->capture_default_str();
    parser.add_option("--decay-epochs", options.decay_epochs, "the last ones, in which the rate falls to 0")
        ->capture_default_str();
    parser.add_option("--rate", options.rate, "learning rate")->capture_default_str();
    parser.add_option("--average", options.average, "decay of the weights' running average")->capture_default_str();
    parser.add_option("--seed", options.seed)->capture_default_str();
    parser.add_option("--threads", options.threads)->capture_default_str();
    CLI11_PARSE(parser, argc, argv);
    std::signal(SIGTERM, [](int) { stop_asked = 1; });
    std::signal(SIGINT, [](int) { stop_asked = 1; });
    try {
        train(options);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 1;
    }
    return 0;
}
