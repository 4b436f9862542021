// Checks what comes in, and that an image at full resolution fits into memory, before any weight is read.
#include "core/model/autoencoder.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <c10/core/InferenceMode.h>
#include <optional>

#include "core/base/checked.h"
#include "core/base/errors.h"
#include "core/base/parallel.h"
#include "core/model/autoencoder_forward.h"
#include "core/model/device.h"

namespace quantscope {

namespace {

/// Tensors of the widest layer's size that are alive at once: input, normalized, convolved, and the convolution's own.
constexpr std::uint64_t tensors_at_once = 4;

const AutoencoderArchitecture& evaluable(const Model& model) {
    if (model.autoencoder()) return *model.autoencoder();
    throw DataError(model.checkpoint().path().string(), "",
                    model.kind() == "vae" && !model.why_not_evaluated().empty()
                        ? model.why_not_evaluated()
                        : "is no AutoencoderKL; give the VAE that belongs to the model");
}

std::string text_of(const ImageBatch& x) {
    return "[" + std::to_string(x.count) + ", " + std::to_string(x.channels) + ", " + std::to_string(x.height) + ", " +
           std::to_string(x.width) + "]";
}

std::uint64_t mebibytes(std::uint64_t bytes) { return (bytes >> 20) + 1; }

/// Values of the widest layer for one latent pixel: a block begins with its predecessor's channels.
std::uint64_t values_per_latent(const AutoencoderArchitecture& facts) {
    std::uint64_t widest = 0, area = 1;
    auto before = facts.channels.front();
    for (const auto channels : facts.channels) {
        widest = std::max(widest, static_cast<std::uint64_t>(std::max(before, channels)) * area);
        before = channels;
        area *= 4;
    }
    return widest;
}

} // namespace

struct Autoencoder::Data {
    Data(std::shared_ptr<const WeightSource> weights, const ComputeOptions& options)
        : source(std::move(weights))
        , facts(evaluable(source->model()))
        , device(resolve_device(options.device))
        , type(computes_in_float32(source->model(), options.type) ? at::kFloat : at::kBFloat16)
        , threads(options.threads) {}

    void check(const ImageBatch& latents) const;
    void check_memory(const ImageBatch& latents) const;
    void read(const Progress& progress) {
        if (!decoder) decoder = read_autoencoder_decoder(WeightReader(source, device, type), facts, progress);
    }

    std::shared_ptr<const WeightSource> source;
    const AutoencoderArchitecture& facts;
    std::string device;
    at::ScalarType type;
    int threads;
    std::optional<AutoencoderDecoder> decoder;
};

void Autoencoder::Data::check(const ImageBatch& latents) const {
    const auto file = source->model().checkpoint().path().string();
    if (latents.count < 0 || latents.channels != facts.latent_channels || latents.height < 1 || latents.width < 1)
        throw ShapeError(file, "latents",
                         "have shape " + text_of(latents) + " where [N, " + std::to_string(facts.latent_channels) +
                             ", height, width] is expected; give the VAE that belongs to the model");
    const std::int64_t shape[] = {latents.count, latents.channels, latents.height, latents.width};
    if (checked_product(shape) != latents.values.size())
        throw ShapeError(file, "latents",
                         "hold " + std::to_string(latents.values.size()) + " values where " + text_of(latents) +
                             " is said");
}

void Autoencoder::Data::check_memory(const ImageBatch& latents) const {
    const auto value_bytes = static_cast<std::uint64_t>(c10::elementSize(type));
    const auto pixels = static_cast<std::uint64_t>(latents.height * latents.width);
    const auto layers = checked_multiply(values_per_latent(facts), pixels);
    const auto image = layers ? checked_multiply(*layers, tensors_at_once * value_bytes) : std::nullopt;
    const auto weights = decoder ? 0 : source->model().parameters() * value_bytes;
    const auto needed = image ? checked_add(*image, weights) : std::nullopt;
    const auto free = free_memory(device);
    if (needed && *needed <= free) return;
    throw IoError(source->model().checkpoint().path().string(), "",
                  "decoding an image of " + std::to_string(latents.height * facts.scale()) + " × " +
                      std::to_string(latents.width * facts.scale()) + " pixels needs about " +
                      std::to_string(mebibytes(needed.value_or(INT64_MAX))) + " MiB, but only " +
                      std::to_string(mebibytes(free)) + " MiB are free on " + device +
                      "; close other programs or compute in bfloat16");
}

Autoencoder::Autoencoder(std::shared_ptr<const WeightSource> weights, ComputeOptions options)
    : data_(std::make_unique<Data>(std::move(weights), options)) {}
Autoencoder::~Autoencoder() = default;
Autoencoder::Autoencoder(Autoencoder&&) noexcept = default;
Autoencoder& Autoencoder::operator=(Autoencoder&&) noexcept = default;

const WeightSource& Autoencoder::weights() const { return *data_->source; }
const AutoencoderArchitecture& Autoencoder::architecture() const { return data_->facts; }
std::string Autoencoder::device() const { return data_->device; }
std::string Autoencoder::compute_type() const { return data_->type == at::kFloat ? "float32" : "bfloat16"; }

ImageBatch Autoencoder::decode(const ImageBatch& latents, Progress& progress) {
    const c10::InferenceMode inference;
    auto& data = *data_;
    data.check(latents);
    data.check_memory(latents);
    at::set_num_threads(data.threads > 0 ? data.threads : thread_count());
    data.read(progress);
    const auto scale = data.facts.scale();
    const auto all = at::tensor(at::ArrayRef<float>(latents.values), at::kFloat)
                         .view({latents.count, latents.channels, latents.height, latents.width});
    ImageBatch images{latents.count, data.facts.image_channels, scale * latents.height, scale * latents.width, {}};
    for (std::int64_t i = 0; i < latents.count; ++i) {
        progress.report(static_cast<double>(i) / static_cast<double>(latents.count),
                        "image " + std::to_string(i + 1) + " of " + std::to_string(latents.count));
        const auto one = all.narrow(0, i, 1).to(at::Device(data.device), data.type);
        const auto image =
            autoencoder_decode(data.facts, *data.decoder, one, progress).to(at::kCPU, at::kFloat).contiguous();
        images.values.insert(images.values.end(), image.const_data_ptr<float>(),
                             image.const_data_ptr<float>() + image.numel());
    }
    progress.report(1);
    return images;
}

} // namespace quantscope
