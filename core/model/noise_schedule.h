// How much noise a diffusion model's training mixed in at each timestep, and which of those timesteps a sampler visits.
// All in double; free of torch.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace quantscope {

/// x_t = √ᾱ_t · x_0 + √(1 − ᾱ_t) · ε for t = 0 … size() − 1, with ᾱ_t = Π_{s ≤ t} (1 − β_s).
/// Source: Ho et al. 2020, equation 4; timesteps count from 0 as in code, not from 1 as in the paper.
class NoiseSchedule {
public:
    /// β evenly spaced from 1e-4 to 0.02 at 1,000 timesteps; with another number both ends are multiplied by
    /// 1000 / timesteps, as facebookresearch/DiT does (diffusers does not: see linear_between).
    /// \throws UsageError when there is no timestep, or so few that β would reach 1 (20 or fewer)
    static NoiseSchedule linear(std::int64_t timesteps = 1000);
    /// β evenly spaced from `first` to `last`, both included (diffusers' beta_start and beta_end).
    static NoiseSchedule linear_between(double first, double last, std::int64_t timesteps);
    /// β_t = min(1 − f((t + 1) / T) / f(t / T), 0.999), f(u) = cos²(π/2 · (u + 0.008) / 1.008): "squaredcos_cap_v2".
    /// Source: Nichol and Dhariwal 2021, equation 17.
    static NoiseSchedule cosine(std::int64_t timesteps = 1000);
    /// As a diffusers scheduler_config.json says: num_train_timesteps, beta_schedule ("linear", "scaled_linear",
    /// "squaredcos_cap_v2"), beta_start, beta_end, trained_betas; what it leaves out as diffusers' DDPMScheduler has
    /// it. \throws FormatError naming file and key; DataError for schedules and predictions that are not known
    static NoiseSchedule from_scheduler(const nlohmann::json& config, const std::string& file);
    /// \throws UsageError when there is no β, or one is not in (0, 1)
    static NoiseSchedule from_betas(std::vector<double> betas);

    std::int64_t size() const { return static_cast<std::int64_t>(betas_.size()); }
    std::span<const double> betas() const { return betas_; }
    std::span<const double> alphas_cumprod() const { return alphas_cumprod_; }
    /// ᾱ_t; for t = −1, the clean image, 1.
    double alpha_bar(std::int64_t timestep) const;

private:
    std::vector<double> betas_, alphas_cumprod_;
};

/// Which timesteps stand for all of the training's. T: the training's timesteps, N: those visited.
enum class Spacing {
    respace, ///< i · (T − 1) / (N − 1), rounded: both ends included; `respace` of facebookresearch/DiT
    leading, ///< i · ⌊T / N⌋: begins at 0, stops short of the end; "leading" of diffusers, "ddimN" of the original
    trailing, ///< T − i · T / N − 1, rounded: includes the end, stops short of 0; "trailing" of diffusers
    linspace, ///< as respace, up to the rounding of halves; "linspace" of diffusers
};

/// The timesteps that a sampler visits, highest first. Halves are rounded to even, as Python and NumPy do. A single
/// step is timestep 0 except with trailing spacing, as in the originals. \returns [steps], strictly falling, in 0 …
/// timesteps − 1 \throws UsageError unless 1 ≤ steps ≤ timesteps
std::vector<std::int64_t> spaced_timesteps(Spacing spacing, std::int64_t timesteps, std::int64_t steps);

/// The same for solvers that end on the clean image instead of visiting timestep 0 (DPM-Solver++): but for trailing
/// spacing, which leaves 0 out already, N + 1 timesteps are spaced and the last is left out, as in diffusers.
/// \throws UsageError unless 1 ≤ steps < timesteps
std::vector<std::int64_t> spaced_timesteps_without_zero(Spacing spacing, std::int64_t timesteps, std::int64_t steps);

} // namespace quantscope
