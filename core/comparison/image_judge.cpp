#include "core/comparison/image_judge.h"

#include <algorithm>
#include <c10/core/InferenceMode.h>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <torch/script.h>

#include "core/base/errors.h"
#include "core/comparison/frechet.h"
#include "core/comparison/image_classifier.h"

namespace quantscope {

namespace {

constexpr std::int64_t at_once = 100;

at::Tensor tensor_in(const Checkpoint& file, const std::string& name) {
    const auto& info = file.at(name);
    const auto values = file.read(info);
    return at::tensor(at::ArrayRef<float>(values)).view(info.shape);
}

/// The mean over the classes of the summed variances of their features.
double variance_within(const at::Tensor& features, const std::vector<std::int64_t>& classes) {
    const auto labels = at::tensor(at::ArrayRef<std::int64_t>(classes), at::kLong);
    double sum = 0;
    int counted = 0;
    for (const auto label : std::set<std::int64_t>(classes.begin(), classes.end())) {
        const auto chosen = features.index_select(0, at::nonzero(labels == label).squeeze(1));
        if (chosen.size(0) < 2) continue;
        sum += chosen.to(at::kDouble).var(0).sum().item<double>();
        ++counted;
    }
    return counted ? sum / counted : NAN;
}

} // namespace

struct ImageJudge::Data {
    std::map<std::string, at::Tensor> classifier; ///< empty: the module judges
    torch::jit::Module module;
    std::string file, reference;
    FeatureStatistics real;
    double real_variance = NAN;

    at::Tensor run(const at::Tensor& x, at::Tensor* scores);
    at::Tensor features(const ImageBatch& images, at::Tensor* scores, Progress& progress);
};

/// \returns [N, features]
at::Tensor ImageJudge::Data::run(const at::Tensor& x, at::Tensor* scores) {
    if (!classifier.empty()) {
        const auto judgement = classify(x, [&](const std::string& name) { return classifier.at(name); });
        if (scores) *scores = judgement.scores;
        return judgement.features;
    }
    const auto output = module.forward({x});
    if (!output.isTensor() || output.toTensor().dim() != 2 || output.toTensor().size(0) != x.size(0))
        throw ShapeError(file, "", "gives no [N, features] tensor; export a network that does");
    return output.toTensor().to(at::kCPU, at::kFloat);
}

at::Tensor ImageJudge::Data::features(const ImageBatch& images, at::Tensor* scores, Progress& progress) {
    if (!classifier.empty() && (images.channels != 1 || images.height != 28 || images.width != 28))
        throw ShapeError(file, "", "judges grey images of 28 × 28 only; give a TorchScript feature extractor instead");
    const auto all = at::tensor(at::ArrayRef<float>(images.values))
                         .view({images.count, images.channels, images.height, images.width});
    std::vector<at::Tensor> parts, part_scores;
    for (std::int64_t first = 0; first < images.count; first += at_once) {
        progress.report(static_cast<double>(first) / static_cast<double>(images.count));
        at::Tensor here;
        parts.push_back(run(all.narrow(0, first, std::min(at_once, images.count - first)).clamp(-1, 1), &here));
        if (here.defined()) part_scores.push_back(here);
    }
    if (scores && !part_scores.empty()) *scores = at::cat(part_scores);
    return at::cat(parts);
}

ImageJudge::ImageJudge(std::unique_ptr<Data> data)
    : data_(std::move(data)) {}
ImageJudge::~ImageJudge() = default;
ImageJudge::ImageJudge(ImageJudge&&) noexcept = default;
ImageJudge& ImageJudge::operator=(ImageJudge&&) noexcept = default;

ImageJudge ImageJudge::of_default_model(const std::filesystem::path& folder) {
    auto data = std::make_unique<Data>();
    const auto network = Checkpoint::open(folder / "classifier.safetensors");
    data->file = network->path().string();
    for (const auto& [name, shape] : classifier_tensors()) {
        if (network->at(name).shape != shape)
            throw ShapeError(data->file, name, "has another shape than the classifier's; restore the file");
        data->classifier[name] = tensor_in(*network, name);
    }
    const auto real = Checkpoint::open(folder / "real_features.safetensors");
    data->reference = "test images";
    data->real.mean = tensor_in(*real, "mean").to(at::kDouble);
    data->real.covariance = tensor_in(*real, "covariance").to(at::kDouble);
    data->real_variance = tensor_in(*real, "variance_within_classes").item<double>();
    return ImageJudge(std::move(data));
}

ImageJudge ImageJudge::of_torch_script(const std::filesystem::path& file) {
    auto data = std::make_unique<Data>();
    data->file = file.string();
    try {
        data->module = torch::jit::load(file.string());
    } catch (const c10::Error& error) {
        const std::string reason = error.what_without_backtrace();
        throw FormatError(file.string(), "",
                          "is no TorchScript file (" + reason.substr(0, reason.find('\n')) +
                              "); save one with torch.jit.save");
    }
    data->module.eval();
    return ImageJudge(std::move(data));
}

void ImageJudge::set_reference(const ImageBatch& images, const std::string& name, Progress& progress) {
    const c10::InferenceMode inference;
    data_->real = FeatureStatistics::of(data_->features(images, nullptr, progress));
    data_->real_variance = NAN;
    data_->reference = name;
}

const std::string& ImageJudge::reference() const { return data_->reference; }

ImageVerdict ImageJudge::judge(const ImageBatch& images, const std::vector<std::int64_t>& classes,
                               Progress& progress) const {
    const c10::InferenceMode inference;
    if (static_cast<std::int64_t>(classes.size()) != images.count)
        throw ShapeError(data_->file, "classes", "are not as many as the images; give one per image");
    at::Tensor scores;
    const auto features = data_->features(images, &scores, progress);
    ImageVerdict verdict{static_cast<std::uint64_t>(images.count), {}, NAN, NAN, NAN};
    if (scores.defined()) {
        const auto seen = scores.argmax(1);
        for (std::int64_t i = 0; i < images.count; ++i)
            verdict.seen.push_back(static_cast<int>(seen[i].item<std::int64_t>()));
        const auto right = std::inner_product(classes.begin(), classes.end(), verdict.seen.begin(), std::int64_t(0),
                                              std::plus<>(), [](std::int64_t a, int b) { return a == b; });
        verdict.recognised_share = static_cast<double>(right) / static_cast<double>(images.count);
    }
    if (!data_->reference.empty() && images.count >= 2) {
        verdict.frechet_distance = frechet_distance(FeatureStatistics::of(features), data_->real);
        verdict.variance_share = variance_within(features, classes) / data_->real_variance;
    }
    return verdict;
}

} // namespace quantscope
