#include "core/studio/image_evaluator.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/base/errors.h"
#include "core/checkpoint/json_guard.h"
#include "core/comparison/image_metrics.h"

namespace quantscope::studio {

namespace {

constexpr std::int64_t curve_points = 12; // timesteps at which the predicted noise is compared
constexpr double pixel_range = 2;         // of images in [−1, 1]

bool same_images(const ImageRequest& a, const ImageRequest& b) {
    const auto same_row = [](const ImageRow& x, const ImageRow& y) { return x.label == y.label && x.seed == y.seed; };
    return a.sampler == b.sampler && a.steps == b.steps && a.guidance == b.guidance && a.eta == b.eta &&
           a.schedule == b.schedule && a.guides_all_channels == b.guides_all_channels &&
           std::equal(a.rows.begin(), a.rows.end(), b.rows.begin(), b.rows.end(), same_row);
}

ImageOrder order_of(const ImageRequest& request) {
    ImageOrder order;
    for (const auto& row : request.rows) {
        order.classes.push_back(row.label);
        order.seeds.push_back(row.seed);
    }
    return order;
}

SamplingPlan plan_of(const ImageRequest& request, const DiffusionTransformer& model) {
    SamplingPlan plan;
    plan.sampler = sampler_kind(request.sampler);
    plan.steps = request.steps;
    plan.guidance = request.guidance;
    plan.eta = request.eta;
    if (request.guides_all_channels) plan.guided_channels = GuidedChannels::all;
    return model.plan(plan);
}

/// What the model was trained with: what is asked for, else what a pipeline's scheduler says, else linear.
NoiseSchedule schedule_of(const ImageRequest& request, const Model& model) {
    if (request.schedule == "linear") return NoiseSchedule::linear();
    if (request.schedule == "cosine") return NoiseSchedule::cosine();
    if (request.schedule != "auto")
        throw UsageError("", "schedule", "'" + request.schedule + "' is none; choose auto, linear or cosine");
    const auto file = model.checkpoint().path() / "scheduler" / "scheduler_config.json";
    if (!std::filesystem::exists(file)) return NoiseSchedule::linear();
    return NoiseSchedule::from_scheduler(read_json_file(file), file.string());
}

std::span<const float> image_of(const ImageBatch& batch, std::size_t index) {
    const auto size = static_cast<std::size_t>(batch.channels * batch.height * batch.width);
    return std::span(batch.values).subspan(index * size, size);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void add_means(ImageColumn& column) {
    double psnr = 0, similarity = 0;
    for (const auto& metrics : column.metrics) {
        psnr += metrics.psnr_db;
        similarity += metrics.ssim;
    }
    const auto count = static_cast<double>(column.metrics.size());
    column.mean_psnr_db = psnr / count;
    column.mean_ssim = similarity / count;
}

} // namespace

SamplerKind sampler_kind(const std::string& name) {
    if (name == "ddpm") return SamplerKind::ddpm;
    if (name == "ddim") return SamplerKind::ddim;
    if (name == "dpm++") return SamplerKind::dpm_solver_plus_plus;
    throw UsageError("", "sampler", "'" + name + "' is none; choose ddpm, ddim or dpm++");
}

std::vector<std::string> class_names(const Model& model) {
    const auto& config = model.checkpoint().config();
    if (!config.is_object() || !config.contains("class_names") || !config.at("class_names").is_array()) return {};
    std::vector<std::string> names;
    for (const auto& name : config.at("class_names"))
        names.push_back(name.is_string() ? name.get<std::string>() : std::string());
    return names;
}

ImageEvaluator::ImageEvaluator(std::shared_ptr<const WeightSource> original, ComputeOptions compute)
    : compute_(compute)
    , original_(std::move(original), compute) {
    find_judge();
    find_decoder();
}

void ImageEvaluator::find_decoder() {
    const auto& path = original_.weights().model().checkpoint().path();
    if (std::filesystem::exists(path / "model_index.json") && std::filesystem::exists(path / "vae" / "config.json"))
        set_decoder(std::make_shared<OriginalWeights>(Model::open(path / "vae")));
}

void ImageEvaluator::set_decoder(std::shared_ptr<const WeightSource> autoencoder) {
    auto decoder = std::make_unique<Autoencoder>(autoencoder, compute_);
    if (decoder->architecture().latent_channels != architecture().in_channels)
        throw ShapeError(autoencoder->model().checkpoint().path().string(), "",
                         "decodes latents of " + std::to_string(decoder->architecture().latent_channels) +
                             " channels, but the DiT makes " + std::to_string(architecture().in_channels) +
                             "; give the autoencoder that it was trained with");
    decoder_ = std::move(decoder);
    images_.values.clear(); // what was sampled before was not decoded
}

ImageBatch ImageEvaluator::decoded(ImageBatch images, Progress& progress) {
    return decoder_ ? decoder_->decode(images, progress) : std::move(images);
}

/// Beside the model's file, or in its folder.
void ImageEvaluator::find_judge() {
    const auto& path = original_.weights().model().checkpoint().path();
    const auto folder = std::filesystem::is_directory(path) ? path : path.parent_path();
    if (std::filesystem::exists(folder / "classifier.safetensors") &&
        std::filesystem::exists(folder / "real_features.safetensors"))
        judge_ = std::make_unique<ImageJudge>(ImageJudge::of_default_model(folder));
}

void ImageEvaluator::let_judge(ImageColumn& column, const ImageRequest& request, Progress& progress) const {
    if (!judge_) return;
    const auto verdict = judge_->judge(last_images_, order_of(request).classes, progress);
    for (std::size_t i = 0; i < verdict.seen.size(); ++i)
        column.metrics[i].recognised = verdict.seen[i];
    column.recognised_share = verdict.recognised_share;
    column.frechet_distance = verdict.frechet_distance;
    column.variance_share = verdict.variance_share;
}

ImageComparison ImageEvaluator::empty(const ImageRequest& request) const {
    ImageComparison comparison;
    comparison.rows = request.rows;
    const auto names = class_names(original_.weights().model());
    for (auto& row : comparison.rows)
        if (row.label >= 0 && static_cast<std::size_t>(row.label) < names.size())
            row.class_name = names[static_cast<std::size_t>(row.label)];
    comparison.sampler = request.sampler;
    comparison.steps = request.steps;
    comparison.guidance = request.guidance;
    if (judge_ && !judge_->reference().empty()) {
        comparison.frechet_reference = judge_->reference();
        comparison.frechet_samples = request.rows.size();
    }
    if (const auto channels = architecture().in_channels; !decoder_ && channels != 1 && channels != 3)
        comparison.remark = "latents without a decoder: their first three channels, in false colour";
    return comparison;
}

void ImageEvaluator::sample_original(const ImageRequest& request, Progress& progress) {
    if (same_images(sampled_, request) && !images_.values.empty()) return;
    images_.values.clear();
    trajectory_.clear();
    sampled_ = request;
    const auto plan = plan_of(request, original_);
    const auto every = std::max<std::int64_t>(1, plan.steps / curve_points);
    Progress sampling(progress, 0, decoder_ ? 0.7 : 0.9), decoding(progress, decoder_ ? 0.7 : 0.9, 0.9),
        predicting(progress, 0.9, 1);
    const auto start = std::chrono::steady_clock::now();
    auto images = original_.sample(plan, schedule_of(request, original_.weights().model()), order_of(request), sampling,
                                   [&](std::int64_t step, std::int64_t timestep, const ImageBatch& x) {
                                       if (step % every == 0) trajectory_.push_back({timestep, x, {}});
                                   });
    images = decoded(std::move(images), decoding);
    seconds_ = seconds_since(start);
    predict_noise(predicting);
    images_ = std::move(images);
}

std::vector<std::int64_t> ImageEvaluator::seen_classes() const {
    std::vector<std::int64_t> classes;
    for (std::int64_t i = 0; i < trajectory_.front().x.count; ++i)
        classes.push_back(sampled_.rows[static_cast<std::size_t>(i)].label);
    return classes;
}

namespace {

/// The predicted noise of a batch, [N, C, H, W]: what the model emits without the learned variance.
std::vector<float> noise_in(const ImageBatch& output, std::int64_t channels) {
    const auto size = static_cast<std::size_t>(output.channels * output.height * output.width);
    const auto kept = static_cast<std::size_t>(channels * output.height * output.width);
    std::vector<float> noise;
    for (std::size_t i = 0; i < static_cast<std::size_t>(output.count); ++i)
        noise.insert(noise.end(), output.values.begin() + static_cast<std::ptrdiff_t>(i * size),
                     output.values.begin() + static_cast<std::ptrdiff_t>(i * size + kept));
    return noise;
}

std::vector<float> predict(DiffusionTransformer& model, const ImageBatch& x, std::int64_t timestep,
                           std::span<const std::int64_t> classes, Progress& progress) {
    const std::vector<float> times(static_cast<std::size_t>(x.count), static_cast<float>(timestep));
    return noise_in(model.denoise(x, times, classes, progress), x.channels);
}

} // namespace

void ImageEvaluator::predict_noise(Progress& progress) {
    if (trajectory_.empty()) return;
    const auto classes = seen_classes();
    for (std::size_t i = 0; i < trajectory_.size(); ++i) {
        const auto share = [&](std::size_t done) {
            return static_cast<double>(done) / static_cast<double>(trajectory_.size());
        };
        Progress part(progress, share(i), share(i + 1));
        trajectory_[i].noise = predict(original_, trajectory_[i].x, trajectory_[i].timestep, classes, part);
    }
}

std::vector<NoiseError> ImageEvaluator::noise_errors(DiffusionTransformer& model, Progress& progress) const {
    std::vector<NoiseError> errors;
    if (trajectory_.empty()) return errors;
    const auto classes = seen_classes();
    for (const auto& seen : trajectory_) {
        progress.report(static_cast<double>(errors.size()) / static_cast<double>(trajectory_.size()));
        const auto noise = predict(model, seen.x, seen.timestep, classes, progress);
        double apart = 0, whole = 0;
        for (std::size_t i = 0; i < noise.size(); ++i) {
            const double expected = seen.noise[i], difference = noise[i] - expected;
            apart += difference * difference;
            whole += expected * expected;
        }
        errors.push_back({static_cast<int>(seen.timestep), std::sqrt(apart / whole)});
    }
    return errors;
}

ImageColumn ImageEvaluator::original_column(const ImageRequest& request, Progress& progress) {
    sample_original(request, progress);
    last_images_ = images_;
    ImageColumn column;
    column.name = "original";
    for (std::int64_t i = 0; i < images_.count; ++i)
        column.pictures.push_back(picture_of(images_, i));
    column.metrics.resize(request.rows.size());
    column.seconds = seconds_;
    let_judge(column, request, progress);
    column.bytes = static_cast<double>(original_.weights().model().checkpoint().file_bytes());
    return column;
}

ImageColumn ImageEvaluator::candidate_column(std::shared_ptr<const WeightSource> weights, const ImageRequest& request,
                                             Progress& progress) {
    Progress first(progress, 0, 0.5), sampling(progress, 0.5, 0.9), comparing(progress, 0.9, 1);
    sample_original(request, first);
    DiffusionTransformer model(std::move(weights), compute_);
    const auto start = std::chrono::steady_clock::now();
    Progress denoising(sampling, 0, decoder_ ? 0.8 : 1), decoding(sampling, decoder_ ? 0.8 : 1, 1);
    last_images_ = decoded(model.sample(plan_of(request, model), schedule_of(request, original_.weights().model()),
                                        order_of(request), denoising),
                           decoding);
    ImageColumn column;
    column.seconds = seconds_since(start);
    const ImageShape shape{images_.channels, images_.height, images_.width};
    for (std::size_t i = 0; i < request.rows.size(); ++i) {
        column.pictures.push_back(picture_of(last_images_, static_cast<std::int64_t>(i)));
        const auto image = image_of(last_images_, i), reference = image_of(images_, i);
        column.metrics.push_back(
            {psnr_db(image, reference, pixel_range), ssim(image, reference, shape, pixel_range), -1});
    }
    add_means(column);
    let_judge(column, request, comparing);
    column.noise_errors = noise_errors(model, comparing);
    return column;
}

Picture ImageEvaluator::picture_of(const ImageBatch& images, std::int64_t index) const {
    const auto image = image_of(images, static_cast<std::size_t>(index));
    const auto plane = static_cast<std::size_t>(images.height * images.width);
    Picture picture;
    picture.width = static_cast<int>(images.width);
    picture.height = static_cast<int>(images.height);
    picture.false_colour = images.channels != 1 && images.channels != 3;
    picture.rgb.resize(3 * plane);
    for (std::size_t c = 0; c < 3; ++c) {
        const auto values = image.subspan(std::min(c, static_cast<std::size_t>(images.channels) - 1) * plane, plane);
        float low = -1, high = 1;
        if (picture.false_colour) {
            const auto [least, most] = std::minmax_element(values.begin(), values.end());
            low = *least, high = std::max(*most, *least + 1e-6f);
        }
        for (std::size_t i = 0; i < plane; ++i) {
            const float level = std::clamp((values[i] - low) / (high - low), 0.0f, 1.0f);
            picture.rgb[3 * i + c] = static_cast<std::uint8_t>(std::lround(255 * (std::isnan(level) ? 0.0f : level)));
        }
    }
    return picture;
}

} // namespace quantscope::studio
