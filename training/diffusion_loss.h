// What a DiT is trained to make small: the error of the predicted noise, and for a learned variance the variational
// bound.
#pragma once

#include <ATen/ATen.h>

#include "core/model/noise_schedule.h"

namespace quantscope::training {

struct DiffusionLoss {
    at::Tensor noise_error; ///< mean squared error of the predicted noise, over all but the first dimension; [N]
    at::Tensor bound;       ///< the bound's term at t in bits per dimension, [N]; undefined without a learned variance
};

class NoisyImages {
public:
    explicit NoisyImages(const NoiseSchedule& schedule);

    /// √ᾱ_t · x + √(1 − ᾱ_t) · noise. \param t  [N], int64
    at::Tensor mix(const at::Tensor& x, const at::Tensor& noise, const at::Tensor& t) const;

    /// \param x       [N, C, H, W], clean, in [−1, 1]
    /// \param noise   what was mixed in, the same shape
    /// \param output  of the model for mix(x, noise, t): [N, C or 2C, H, W]
    /// Source: Nichol and Dhariwal 2021, equations 14 to 16: the bound trains the variance only, the mean is held.
    DiffusionLoss loss(const at::Tensor& x, const at::Tensor& noise, const at::Tensor& t,
                       const at::Tensor& output) const;

private:
    at::Tensor at_times(const at::Tensor& values, const at::Tensor& t) const; ///< [N, 1, 1, 1]

    at::Tensor signal_, noise_;                ///< √ᾱ_t and √(1 − ᾱ_t)
    at::Tensor mean_of_clean_, mean_of_noisy_; ///< the posterior's mean = a · x_0 + b · x_t
    at::Tensor log_least_, log_most_;          ///< logarithms of the posterior's variance and of β
};

} // namespace quantscope::training
