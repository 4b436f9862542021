// Each sampler is one function from x and the model's output at a timestep to x at the next; the rest is shared.
// Coefficients are doubles: near the end of the cosine schedule 1 − ᾱ and √ᾱ need more digits than float32 has.
#include "core/model/samplers.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/errors.h"

namespace quantscope {

namespace {

constexpr std::int64_t channels_guided_by_default = 3; ///< forward_with_cfg of facebookresearch/DiT

/// One step's place on the schedule. ᾱ of the next timestep is 1 at the last step.
struct Place {
    double alpha_bar = 1;      ///< ᾱ_t
    double next_alpha_bar = 1; ///< ᾱ of the timestep that the step goes to
    bool last = false;
};

/// x̂_0 = (x_t − √(1 − ᾱ_t) · ε) / √ᾱ_t
at::Tensor predicted_clean(const SamplingPlan& plan, const Place& place, const at::Tensor& x,
                           const at::Tensor& epsilon) {
    auto clean = (x - epsilon * std::sqrt(1 - place.alpha_bar)) / std::sqrt(place.alpha_bar); // [N, C, H, W]
    return plan.clip_denoised ? clean.clamp(-1, 1) : clean;
}

/// The logarithm of the variance that a DDPM step adds, as a tensor where it is learned.
/// Source: Nichol and Dhariwal 2021, equation 15; ranges from β̃_t (−1) to β_t (1).
at::Tensor log_variance(Variance variance, const Place& place, const at::Tensor& output, std::int64_t channels) {
    const double beta = 1 - place.alpha_bar / place.next_alpha_bar;
    const double log_large = std::log(beta);
    const double log_small = std::log(beta * (1 - place.next_alpha_bar) / (1 - place.alpha_bar));
    if (variance == Variance::fixed_small) return at::scalar_tensor(log_small, output.options());
    if (variance == Variance::fixed_large) return at::scalar_tensor(log_large, output.options());
    if (output.size(1) != 2 * channels)
        throw ShapeError({}, "output",
                         "the learned variance needs " + std::to_string(2 * channels) +
                             " channels, but the model emits " + std::to_string(output.size(1)) +
                             "; choose a fixed variance");
    const auto fraction = (output.narrow(1, channels, channels) + 1) / 2; // [N, C, H, W]
    return fraction * log_large + (1 - fraction) * log_small;
}

/// The posterior's mean given x̂_0, then noise. Source: Ho et al. 2020, equation 7 and algorithm 2.
at::Tensor ddpm_step(const SamplingPlan& plan, const Place& place, const at::Tensor& x, const at::Tensor& output,
                     const NoiseSource& noise) {
    const auto channels = x.size(1);
    const auto clean = predicted_clean(plan, place, x, output.narrow(1, 0, channels));
    const double alpha = place.alpha_bar / place.next_alpha_bar;
    const auto mean = clean * (std::sqrt(place.next_alpha_bar) * (1 - alpha) / (1 - place.alpha_bar)) +
                      x * (std::sqrt(alpha) * (1 - place.next_alpha_bar) / (1 - place.alpha_bar));
    if (place.last) return mean;
    const auto variance =
        plan.variance.value_or(output.size(1) == 2 * channels ? Variance::learned_range : Variance::fixed_large);
    return mean + (log_variance(variance, place, output, channels) * 0.5).exp() * noise();
}

/// Source: Song et al. 2021, equations 12 and 16. ε follows from a clipped x̂_0, as in the original DiT's code.
at::Tensor ddim_step(const SamplingPlan& plan, const Place& place, const at::Tensor& x, const at::Tensor& output,
                     const NoiseSource& noise) {
    auto epsilon = output.narrow(1, 0, x.size(1));
    const auto clean = predicted_clean(plan, place, x, epsilon);
    if (plan.clip_denoised) epsilon = (x - clean * std::sqrt(place.alpha_bar)) / std::sqrt(1 - place.alpha_bar);
    const double sigma = plan.eta * std::sqrt((1 - place.next_alpha_bar) / (1 - place.alpha_bar)) *
                         std::sqrt(1 - place.alpha_bar / place.next_alpha_bar);
    const double direction = std::sqrt(std::max(0.0, 1 - place.next_alpha_bar - sigma * sigma));
    auto next = clean * std::sqrt(place.next_alpha_bar) + epsilon * direction;
    return plan.eta > 0 && !place.last ? next + noise() * sigma : next;
}

/// λ = log(√ᾱ / √(1 − ᾱ)), half the logarithm of the ratio of signal to noise; infinite for the clean image.
double half_log_snr(double alpha_bar) { return 0.5 * (std::log(alpha_bar) - std::log1p(-alpha_bar)); }

/// What the multistep solver remembers of the step before.
struct SolverHistory {
    at::Tensor clean; ///< x̂_0, or undefined before the first step
    double lambda = 0;
};

/// Source: Lu et al. 2022 (DPM-Solver++), algorithm 2; the first step, and the last as its λ is infinite, are first
/// order.
at::Tensor dpm_solver_step(const SamplingPlan& plan, const Place& place, const at::Tensor& x, const at::Tensor& output,
                           SolverHistory& history) {
    const auto clean = predicted_clean(plan, place, x, output.narrow(1, 0, x.size(1)));
    const double lambda = half_log_snr(place.alpha_bar);
    auto target = clean; // D of the paper
    if (history.clean.defined() && !place.last) {
        const double h = half_log_snr(place.next_alpha_bar) - lambda;
        const double r = (lambda - history.lambda) / h;
        target = clean + (clean - history.clean) * (0.5 / r);
    }
    history = {clean, lambda};
    if (place.last) return target;
    const double h = half_log_snr(place.next_alpha_bar) - lambda;
    return x * std::sqrt((1 - place.next_alpha_bar) / (1 - place.alpha_bar)) -
           target * (std::sqrt(place.next_alpha_bar) * std::expm1(-h));
}

void check_plan(const SamplingPlan& plan) {
    if (!(plan.eta >= 0) || !std::isfinite(plan.eta))
        throw UsageError({}, "eta", "must be a number from 0, mostly 0 to 1");
    if (!std::isfinite(plan.guidance)) throw UsageError({}, "guidance", "must be a number; 1 is none");
}

void check_start(const at::Tensor& x, const at::Tensor& y) {
    if (x.dim() != 4 || !x.is_floating_point())
        throw ShapeError({}, "x", "sampling starts from floating-point noise [N, C, H, W]");
    if (y.dim() != 1 || y.size(0) != x.size(0))
        throw ShapeError({}, "y", "there must be one class for each of the " + std::to_string(x.size(0)) + " images");
}

void check_output(const at::Tensor& output, const at::Tensor& x) {
    const auto fits = [&](std::int64_t dimension) { return output.size(dimension) == x.size(dimension); };
    if (output.dim() == 4 && fits(0) && fits(2) && fits(3) &&
        (output.size(1) == x.size(1) || output.size(1) == 2 * x.size(1)))
        return;
    const auto text = [](const at::Tensor& tensor) {
        std::string sizes;
        for (const auto size : tensor.sizes())
            sizes += (sizes.empty() ? "[" : ", ") + std::to_string(size);
        return sizes + "]";
    };
    throw ShapeError({}, "output",
                     "the model makes " + text(output) + " of " + text(x) +
                         "; the shape must be the same, or have twice the channels");
}

} // namespace

std::vector<std::int64_t> plan_timesteps(const SamplingPlan& plan, const NoiseSchedule& schedule) {
    return plan.sampler == SamplerKind::dpm_solver_plus_plus
               ? spaced_timesteps_without_zero(plan.spacing, schedule.size(), plan.steps)
               : spaced_timesteps(plan.spacing, schedule.size(), plan.steps);
}

at::Tensor guided_output(const SamplingPlan& plan, const Denoiser& denoiser, const at::Tensor& x, std::int64_t t,
                         const at::Tensor& y) {
    const auto timesteps = [&](std::int64_t count) { return at::full({count}, t, y.options().dtype(at::kLong)); };
    const auto images = x.size(0), channels = x.size(1);
    if (plan.guidance == 1) {
        const auto output = denoiser(x, timesteps(images), y).to(at::kFloat); // [N, C or 2C, H, W]
        check_output(output, x);
        return output;
    }
    if (plan.null_class < 0)
        throw UsageError({}, "guidance",
                         "needs a model with a null class, which this one does not have; choose guidance 1");
    const auto both = at::cat({x, x}); // [2N, C, H, W]
    const auto labels = at::cat({y, at::full_like(y, plan.null_class)});
    const auto output = denoiser(both, timesteps(2 * images), labels).to(at::kFloat); // [2N, C or 2C, H, W]
    check_output(output, both);
    const bool all = plan.guided_channels == GuidedChannels::all;
    const auto guided = all ? channels : std::min(channels, channels_guided_by_default);
    const auto conditional = output.narrow(0, 0, images);
    const auto with_class = conditional.narrow(1, 0, guided);
    const auto without_class = output.narrow(0, images, images).narrow(1, 0, guided);
    const auto rest = conditional.narrow(1, guided, output.size(1) - guided);
    return at::cat({without_class + (with_class - without_class) * plan.guidance, rest}, 1); // [N, C or 2C, H, W]
}

at::Tensor sample(const SamplingPlan& plan, const NoiseSchedule& schedule, const Denoiser& denoiser,
                  const at::Tensor& start, const at::Tensor& y, const NoiseSource& noise, Progress& progress,
                  const SamplingObserver& observer) {
    check_plan(plan);
    check_start(start, y);
    const auto timesteps = plan_timesteps(plan, schedule);
    auto x = start.to(at::kFloat); // [N, C, H, W]
    SolverHistory history;
    for (std::size_t step = 0; step < timesteps.size(); ++step) {
        progress.report(static_cast<double>(step) / static_cast<double>(timesteps.size()),
                        "step " + std::to_string(step + 1) + " of " + std::to_string(timesteps.size()));
        const bool last = step + 1 == timesteps.size();
        const Place place{schedule.alpha_bar(timesteps[step]), last ? 1.0 : schedule.alpha_bar(timesteps[step + 1]),
                          last};
        const auto output = guided_output(plan, denoiser, x, timesteps[step], y); // [N, C or 2C, H, W]
        switch (plan.sampler) {
        case SamplerKind::ddpm:
            x = ddpm_step(plan, place, x, output, noise);
            break;
        case SamplerKind::ddim:
            x = ddim_step(plan, place, x, output, noise);
            break;
        case SamplerKind::dpm_solver_plus_plus:
            x = dpm_solver_step(plan, place, x, output, history);
            break;
        }
        if (observer) observer({static_cast<std::int64_t>(step), timesteps[step], x});
    }
    progress.report(1);
    return x;
}

at::Tensor sample(const SamplingPlan& plan, const NoiseSchedule& schedule, const Denoiser& denoiser,
                  std::span<const std::int64_t> classes, std::span<const std::uint64_t> seeds,
                  const std::vector<std::int64_t>& shape, at::Device device, Progress& progress,
                  const SamplingObserver& observer) {
    if (classes.size() != seeds.size())
        throw UsageError({}, "seeds",
                         "there must be one seed for each of the " + std::to_string(classes.size()) + " classes");
    ImageNoise noise(seeds, shape, device);
    const auto y = at::tensor(at::ArrayRef<std::int64_t>(classes.data(), classes.size()), at::kLong).to(device);
    return sample(
        plan, schedule, denoiser, noise.next(), y, [&] { return noise.next(); }, progress, observer);
}

} // namespace quantscope
