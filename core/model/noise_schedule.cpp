// Respacing keeps ᾱ at the timesteps that remain; a sampler derives each step's β from two neighbouring ᾱ.
#include "core/model/noise_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "core/base/errors.h"
#include "core/model/read_architecture.h"

namespace quantscope {

namespace {

constexpr double reference_timesteps = 1000; ///< for which the linear schedule's ends are given
constexpr double first_beta = 1e-4, last_beta = 0.02;
constexpr double largest_cosine_beta = 0.999;
constexpr double cosine_offset = 0.008;

/// To the nearest whole number, halves to even: the rounding mode that every thread starts with.
std::int64_t rounded(double value) { return static_cast<std::int64_t>(std::nearbyint(value)); }

void check_timesteps(std::int64_t timesteps) {
    if (timesteps < 1)
        throw UsageError({}, "timesteps",
                         "a noise schedule needs at least one timestep, not " + std::to_string(timesteps));
}

} // namespace

NoiseSchedule NoiseSchedule::linear(std::int64_t timesteps) {
    check_timesteps(timesteps);
    const double scale = reference_timesteps / static_cast<double>(timesteps);
    return linear_between(scale * first_beta, scale * last_beta, timesteps);
}

NoiseSchedule NoiseSchedule::linear_between(double first, double last, std::int64_t timesteps) {
    check_timesteps(timesteps);
    std::vector<double> betas(static_cast<std::size_t>(timesteps), first);
    for (std::size_t t = 1; t < betas.size(); ++t)
        betas[t] = first + (last - first) * static_cast<double>(t) / static_cast<double>(timesteps - 1);
    return from_betas(std::move(betas));
}

NoiseSchedule NoiseSchedule::cosine(std::int64_t timesteps) {
    check_timesteps(timesteps);
    const auto f = [&](std::int64_t t) {
        const double part = static_cast<double>(t) / static_cast<double>(timesteps);
        const double root = std::cos((part + cosine_offset) / (1 + cosine_offset) * std::numbers::pi / 2);
        return root * root;
    };
    std::vector<double> betas;
    for (std::int64_t t = 0; t < timesteps; ++t)
        betas.push_back(std::min(1 - f(t + 1) / f(t), largest_cosine_beta));
    return from_betas(std::move(betas));
}

NoiseSchedule NoiseSchedule::from_scheduler(const nlohmann::json& config, const std::string& file) {
    const auto given = [&](const char* key) { return config.contains(key) && !config.at(key).is_null(); };
    const auto number = [&](const char* key, double otherwise) {
        if (!given(key)) return otherwise;
        const double value = config.at(key).is_number() ? config.at(key).get<double>() : NAN;
        if (!(value > 0 && value < 1)) throw FormatError(file, key, "is no number between 0 and 1; correct it");
        return value;
    };
    const auto text = [&](const char* key, const char* otherwise) {
        return given(key) && config.at(key).is_string() ? config.at(key).get<std::string>() : std::string(otherwise);
    };
    if (const auto prediction = text("prediction_type", "epsilon"); prediction != "epsilon")
        throw DataError(file, "prediction_type",
                        "is '" + printable(prediction, 40) +
                            "', but only models that predict the noise are sampled; sample "
                            "this one with its own library");
    if (given("trained_betas")) {
        if (!config.at("trained_betas").is_array()) throw FormatError(file, "trained_betas", "is no list; correct it");
        std::vector<double> betas;
        for (const auto& beta : config.at("trained_betas"))
            betas.push_back(beta.is_number() ? beta.get<double>() : NAN);
        return from_betas(std::move(betas));
    }
    const auto steps =
        given("num_train_timesteps") ? checked_integer(config, "num_train_timesteps", 1, 100'000, file) : 1000;
    const double first = number("beta_start", 1e-4), last = number("beta_end", 0.02);
    const auto name = text("beta_schedule", "linear");
    if (name == "linear") return linear_between(first, last, steps);
    if (name == "squaredcos_cap_v2") return cosine(steps);
    if (name != "scaled_linear")
        throw DataError(file, "beta_schedule",
                        "'" + printable(name, 40) + "' is not known; choose a schedule yourself (--schedule)");
    const auto roots = linear_between(std::sqrt(first), std::sqrt(last), steps);
    std::vector<double> betas;
    for (const double root : roots.betas())
        betas.push_back(root * root);
    return from_betas(std::move(betas));
}

NoiseSchedule NoiseSchedule::from_betas(std::vector<double> betas) {
    check_timesteps(static_cast<std::int64_t>(betas.size()));
    NoiseSchedule schedule;
    double product = 1;
    for (const double beta : betas) {
        if (!(beta > 0 && beta < 1))
            throw UsageError({}, "betas",
                             "the variance added at timestep " + std::to_string(schedule.alphas_cumprod_.size()) +
                                 " is " + std::to_string(beta) + ", but must lie between 0 and 1");
        product *= 1 - beta;
        schedule.alphas_cumprod_.push_back(product);
    }
    schedule.betas_ = std::move(betas);
    return schedule;
}

double NoiseSchedule::alpha_bar(std::int64_t timestep) const {
    return timestep < 0 ? 1.0 : alphas_cumprod_.at(static_cast<std::size_t>(timestep));
}

std::vector<std::int64_t> spaced_timesteps(Spacing spacing, std::int64_t timesteps, std::int64_t steps) {
    if (steps < 1 || steps > timesteps)
        throw UsageError({}, "steps",
                         std::to_string(steps) + " steps cannot be taken from " + std::to_string(timesteps) +
                             " timesteps; choose 1 to " + std::to_string(timesteps));
    const auto whole = static_cast<double>(timesteps), taken = static_cast<double>(steps);
    const double stride = steps > 1 ? (whole - 1) / (taken - 1) : 0;
    double sum = 0; // the original adds the stride up, which can round another way than a product does
    std::vector<std::int64_t> visited;
    for (std::int64_t i = 0; i < steps; ++i) {
        const auto place = static_cast<double>(i);
        switch (spacing) {
        case Spacing::respace:
            visited.push_back(rounded(sum));
            break;
        case Spacing::leading:
            visited.push_back(i * (timesteps / steps));
            break;
        case Spacing::trailing:
            visited.push_back(rounded(whole - (taken - 1 - place) * (whole / taken)) - 1);
            break;
        case Spacing::linspace:
            visited.push_back(rounded(place * stride));
            break;
        }
        sum += stride;
    }
    std::reverse(visited.begin(), visited.end());
    return visited;
}

std::vector<std::int64_t> spaced_timesteps_without_zero(Spacing spacing, std::int64_t timesteps, std::int64_t steps) {
    if (steps < 1 || steps >= timesteps)
        throw UsageError({}, "steps",
                         std::to_string(steps) + " steps cannot be taken from " + std::to_string(timesteps) +
                             " timesteps without the first; choose 1 to " + std::to_string(timesteps - 1));
    if (spacing == Spacing::trailing) return spaced_timesteps(spacing, timesteps, steps);
    auto visited = spaced_timesteps(spacing, timesteps, steps + 1);
    visited.pop_back();
    return visited;
}

} // namespace quantscope
