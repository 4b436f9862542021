#include "training/diffusion_loss.h"

#include <cmath>
#include <numbers>

namespace quantscope::training {

namespace {

at::Tensor over_pixels(const at::Tensor& x) { return x.mean({1, 2, 3}); } // [N]

at::Tensor normal_cdf(const at::Tensor& x) { return (at::erf(x / std::numbers::sqrt2) + 1) / 2; }

/// −log of the probability that a normal distribution gives the grey level of x, whose 256 levels lie 2/255 apart.
at::Tensor discretized_nll(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& log_deviation) {
    const auto centred = x - mean, inverse = at::exp(-log_deviation);
    const auto upper = normal_cdf((centred + 1.0 / 255) * inverse), lower = normal_cdf((centred - 1.0 / 255) * inverse);
    const auto all_below = at::where(x > 0.999, at::ones_like(upper), upper);
    const auto none_below = at::where(x < -0.999, at::zeros_like(lower), lower);
    return -at::log((all_below - none_below).clamp_min(1e-12));
}

} // namespace

NoisyImages::NoisyImages(const NoiseSchedule& schedule) {
    std::vector<double> signal, noise, clean, noisy, least, most;
    for (std::int64_t t = 0; t < schedule.size(); ++t) {
        const double beta = schedule.betas()[static_cast<std::size_t>(t)];
        const double now = schedule.alpha_bar(t), before = schedule.alpha_bar(t - 1);
        signal.push_back(std::sqrt(now));
        noise.push_back(std::sqrt(1 - now));
        clean.push_back(beta * std::sqrt(before) / (1 - now));
        noisy.push_back((1 - before) * std::sqrt(1 - beta) / (1 - now));
        // At t = 0 the posterior's variance is 0; the next one takes its place.
        const auto at = std::max<std::int64_t>(t, 1);
        const double next_beta = schedule.betas()[static_cast<std::size_t>(at)];
        least.push_back(std::log(next_beta * (1 - schedule.alpha_bar(at - 1)) / (1 - schedule.alpha_bar(at))));
        most.push_back(std::log(beta));
    }
    const auto tensor = [](const std::vector<double>& values) {
        return at::tensor(at::ArrayRef<double>(values), at::kDouble).to(at::kFloat);
    };
    signal_ = tensor(signal), noise_ = tensor(noise);
    mean_of_clean_ = tensor(clean), mean_of_noisy_ = tensor(noisy);
    log_least_ = tensor(least), log_most_ = tensor(most);
}

at::Tensor NoisyImages::at_times(const at::Tensor& values, const at::Tensor& t) const {
    return values.to(t.device()).index_select(0, t).view({-1, 1, 1, 1});
}

at::Tensor NoisyImages::mix(const at::Tensor& x, const at::Tensor& noise, const at::Tensor& t) const {
    return at_times(signal_, t) * x + at_times(noise_, t) * noise;
}

DiffusionLoss NoisyImages::loss(const at::Tensor& x, const at::Tensor& noise, const at::Tensor& t,
                                const at::Tensor& output) const {
    const auto channels = x.size(1);
    const auto predicted = output.narrow(1, 0, channels);
    DiffusionLoss loss;
    loss.noise_error = over_pixels(at::square(predicted - noise));
    if (output.size(1) == channels) return loss;

    const auto mixed = mix(x, noise, t);
    const auto clean = (mixed - at_times(noise_, t) * predicted.detach()) / at_times(signal_, t);
    const auto mean_of = [&](const at::Tensor& x0) {
        return at_times(mean_of_clean_, t) * x0 + at_times(mean_of_noisy_, t) * mixed;
    };
    const auto least = at_times(log_least_, t), most = at_times(log_most_, t);
    const auto share = (output.narrow(1, channels, channels) + 1) / 2;
    const auto log_variance = share * most + (1 - share) * least; // [N, C, H, W]
    const auto apart = mean_of(x) - mean_of(clean);
    const auto divergence =
        0.5 * (log_variance - least - 1 + at::exp(least - log_variance) + at::square(apart) * at::exp(-log_variance));
    const auto nll = discretized_nll(x, mean_of(clean), 0.5 * log_variance);
    loss.bound = at::where(t == 0, over_pixels(nll), over_pixels(divergence)) / std::numbers::ln2;
    return loss;
}

} // namespace quantscope::training
