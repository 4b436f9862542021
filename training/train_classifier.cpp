// quantscope-train-classifier: trains the classifier that judges the default DiT's images, and writes down the features
// of real images that Fréchet distances are measured against.
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>

#include "core/comparison/frechet.h"
#include "core/comparison/image_classifier.h"
#include "core/export/safetensors_writer.h"
#include "training/fashion_mnist.h"
#include "training/parameters.h"

namespace {

using namespace quantscope;
using namespace quantscope::training;
namespace fs = std::filesystem;

struct Options {
    fs::path data = "/usr/share/datasets/fashion-mnist", out;
    std::int64_t batch = 128, epochs = 20;
    double rate = 1.5e-3, dropout = 0.25;
    std::uint64_t seed = 0;
    int threads = 1;
};

void initialise(Parameters& parameters) {
    for (const auto& [name, shape] : classifier_tensors()) {
        std::int64_t fan_in = 1;
        for (std::size_t d = 1; d < shape.size(); ++d)
            fan_in *= shape[d];
        const bool weight = shape.size() > 1;
        parameters.add(name,
                       weight ? at::randn(shape) * std::sqrt(2.0 / static_cast<double>(fan_in)) : at::zeros(shape));
    }
}

/// Shifted by up to one pixel: what lies near the border must not decide. The backgrounds are −1.
at::Tensor shifted(const at::Tensor& x) {
    const auto padded = at::constant_pad_nd(x, {1, 1, 1, 1}, -1);
    const auto by = at::randint(3, {2}, at::kLong);
    return padded.narrow(2, by[0].item<std::int64_t>(), 28).narrow(3, by[1].item<std::int64_t>(), 28);
}

struct Scores {
    double share = 0;
    std::vector<double> of_class;
};

Scores accuracy(const Parameters& parameters, const LabelledImages& test) {
    const at::NoGradGuard no_gradient;
    const auto tensors = [&](const std::string& name) { return parameters.average(name); };
    std::vector<at::Tensor> parts;
    for (std::int64_t first = 0; first < test.images.size(0); first += 500)
        parts.push_back(classify(test.images.narrow(0, first, 500), tensors).scores.argmax(1));
    const auto right = at::cat(parts) == test.labels;
    Scores scores;
    scores.share = right.to(at::kDouble).mean().item<double>();
    for (std::int64_t label = 0; label < 10; ++label)
        scores.of_class.push_back(right.masked_select(test.labels == label).to(at::kDouble).mean().item<double>());
    return scores;
}

at::Tensor features_of(const Parameters& parameters, const at::Tensor& images) {
    const at::NoGradGuard no_gradient;
    const auto tensors = [&](const std::string& name) { return parameters.average(name); };
    std::vector<at::Tensor> parts;
    for (std::int64_t first = 0; first < images.size(0); first += 500)
        parts.push_back(classify(images.narrow(0, first, 500), tensors).features);
    return at::cat(parts);
}

TensorToWrite written(const std::string& name, const at::Tensor& tensor, std::vector<at::Tensor>& alive) {
    const auto values = alive.emplace_back(tensor.to(at::kFloat).contiguous());
    return tensor_of_bytes(name, DType::F32, values.sizes().vec(),
                           std::as_bytes(std::span(values.const_data_ptr<float>(), std::size_t(values.numel()))));
}

/// Mean and covariance of 5,000 test images' features, their variance within a class, and as a yardstick the distance
/// of 5,000 training images.
void write_features(const Options& options, const Parameters& parameters, const LabelledImages& data,
                    const LabelledImages& test) {
    const auto features = features_of(parameters, test.images.narrow(0, 0, 5000)).to(at::kDouble);
    const auto real = FeatureStatistics::of(features);
    const auto training = FeatureStatistics::of(features_of(parameters, data.images.narrow(0, 0, 5000)));
    const auto labels = test.labels.narrow(0, 0, 5000);
    double within = 0;
    for (std::int64_t label = 0; label < 10; ++label)
        within += features.index_select(0, at::nonzero(labels == label).squeeze(1)).var(0).sum().item<double>() / 10;
    const double yardstick = frechet_distance(training, real);
    std::vector<at::Tensor> alive;
    Progress progress;
    write_safetensors(
        options.out / "real_features.safetensors",
        {written("mean", real.mean, alive), written("covariance", real.covariance, alive),
         written("variance_within_classes", at::full({1}, within), alive)},
        {{"images", "the test set's first 5,000"}, {"distance_of_training_images", std::to_string(yardstick)}},
        progress);
    std::printf("distance of 5,000 training images to 5,000 test images: %.4f\n", yardstick);
}

void train(const Options& options) {
    fs::create_directories(options.out);
    at::set_num_threads(options.threads);
    at::manual_seed(options.seed);
    Parameters parameters;
    initialise(parameters);
    const auto data = read_fashion_mnist(options.data, "train"), test = read_fashion_mnist(options.data, "t10k");
    const auto per_epoch = data.images.size(0) / options.batch, last = options.epochs * per_epoch;
    std::ofstream curve(options.out / "loss.csv");
    curve << "epoch,loss,test_accuracy" << std::endl;
    const auto tensors = [&](const std::string& name) { return parameters[name]; };
    for (std::int64_t epoch = 0; epoch < options.epochs; ++epoch) {
        const auto order = at::randperm(data.images.size(0), at::kLong);
        double sum = 0;
        for (std::int64_t step = 0; step < per_epoch; ++step) {
            const auto chosen = order.narrow(0, step * options.batch, options.batch);
            auto x = shifted(data.images.index_select(0, chosen));
            if (step % 2 == 0) x = x.flip({3});
            const auto scores = classify(x, tensors, options.dropout).scores;
            const auto loss = at::cross_entropy_loss(scores, data.labels.index_select(0, chosen));
            loss.backward();
            sum += loss.item<double>();
            const double left = 1 - static_cast<double>(parameters.steps()) / static_cast<double>(last);
            parameters.step({.rate = options.rate * left, .weight_decay = 1e-2, .average = 0.999});
        }
        const auto scores = accuracy(parameters, test);
        curve << epoch + 1 << ',' << sum / static_cast<double>(per_epoch) << ',' << scores.share << std::endl;
        std::printf("epoch %lld: loss %.4f, test accuracy %.2f %%, by class", static_cast<long long>(epoch + 1),
                    sum / static_cast<double>(per_epoch), 100 * scores.share);
        for (double share : scores.of_class)
            std::printf(" %.1f", 100 * share);
        std::printf("\n");
        std::fflush(stdout);
        parameters.write_model(options.out / "classifier.safetensors", DType::F32, {},
                               {{"test_accuracy", std::to_string(scores.share)}});
        write_features(options, parameters, data, test);
    }
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App parser("Trains the classifier that judges the default DiT's images", "quantscope-train-classifier");
    parser.add_option("--data", options.data, "folder of the dataset's IDX files")->capture_default_str();
    parser.add_option("--out", options.out, "folder for model and loss curve")->required();
    parser.add_option("--batch", options.batch)->capture_default_str();
    parser.add_option("--epochs", options.epochs)->capture_default_str();
    parser.add_option("--rate", options.rate, "learning rate, falling to 0")->capture_default_str();
    parser.add_option("--dropout", options.dropout)->capture_default_str();
    parser.add_option("--seed", options.seed)->capture_default_str();
    parser.add_option("--threads", options.threads)->capture_default_str();
    CLI11_PARSE(parser, argc, argv);
    try {
        train(options);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 1;
    }
    return 0;
}
