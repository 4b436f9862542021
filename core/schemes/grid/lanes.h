// Sixteen candidates for a unit's parameters side by side: every lane of a vector is one candidate, and each weight is
// tried on all of them at once. So no remainder has to be handled, and a candidate's error is summed in the same order on
// every processor.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/base/parallel.h"

// The vector types never cross a function that is not inlined, so their calling convention does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"

/// Compiled for several processors, the best chosen at start.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define QUANTSCOPE_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define QUANTSCOPE_CLONES
#endif
#define QUANTSCOPE_INLINE inline __attribute__((always_inline))

namespace quantscope {

constexpr std::size_t lane_count = 16;
/// Structs that hold lanes in memory are declared alignas(64): g++ aligns these types to what the base processor needs,
/// while the clones for wider ones expect the full width.
using Lanes = float __attribute__((vector_size(64)));
using LanesInt = std::int32_t __attribute__((vector_size(64)));

/// Rounds to the nearest whole number, ties to even, for |x| < 2^22: the sum has no room for a fraction.
QUANTSCOPE_INLINE Lanes rounded(Lanes x) {
    constexpr float magic = 12582912.0f; // 1.5 · 2^23
    return (x + magic) - magic;
}

/// x^1.2 for x ≥ 0 within 3e-5, which is ample for choosing between candidates: |e|^2.4 = (e²)^1.2.
QUANTSCOPE_INLINE Lanes power_1_2(Lanes x) {
    const Lanes tiny = Lanes{} + 1e-37f;
    x = x > tiny ? x : tiny;
    const LanesInt bits = (LanesInt)x;
    const Lanes exponent = __builtin_convertvector((bits >> 23) - 127, Lanes);
    const LanesInt mantissa_bits = (bits & 0x7fffff) | 0x3f800000;
    const Lanes m = (Lanes)mantissa_bits;
    // log2(m) on [1, 2): polynomial through Chebyshev nodes
    Lanes log2 = ((((0.04300496f * m - 0.40251339f) * m + 1.58947429f) * m - 3.48987855f) * m + 5.04785541f) * m - 2.78792627f;
    const Lanes power = 1.2f * (exponent + log2);
    const Lanes whole = rounded(power);
    const Lanes f = (power - whole) * 0.69314718f;
    const Lanes fraction = 1.0f + f * (1.0f + f * (0.5f + f * (0.16666667f + f * (0.041666667f + f * 0.0083333333f))));
    const LanesInt scale_bits = (__builtin_convertvector(whole, LanesInt) + 127) << 23;
    return fraction * (Lanes)scale_bits;
}

/// Sums a kernel's errors over a unit, in pieces that fit the cache; the pieces of a large unit run in parallel.
/// \param weights  how many values the unit has
/// \param errors   out: one per candidate
/// \param kernel   kernel(begin, end, sums) adds the candidates' errors over the values [begin, end) to sums
template <typename Kernel>
void sum_errors(std::size_t weights, std::span<double> errors, const std::function<void()>& check, const Kernel& kernel) {
    constexpr std::size_t piece = 1 << 15;
    std::fill(errors.begin(), errors.end(), 0.0);
    const std::size_t pieces = (weights + piece - 1) / piece;
    if (pieces <= 1) {
        kernel(std::size_t(0), weights, errors.data());
        return;
    }
    std::vector<double> sums(pieces * errors.size());
    parallel_for(static_cast<std::int64_t>(pieces), 1, [&](std::int64_t first, std::int64_t last) {
        for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
            if (check) check();
            kernel(i * piece, std::min(weights, (i + 1) * piece), sums.data() + i * errors.size());
        }
    });
    for (std::size_t i = 0; i < pieces; ++i) // in order: the same sum however many threads there were
        for (std::size_t k = 0; k < errors.size(); ++k) errors[k] += sums[i * errors.size() + k];
}

} // namespace quantscope
