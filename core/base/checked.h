// Arithmetic on sizes that come from a file: the one place where an overflow is noticed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace quantscope {

/// a · b, or nothing when the product does not fit 63 bits (so that it also fits std::int64_t).
inline std::optional<std::uint64_t> checked_multiply(std::uint64_t a, std::uint64_t b) {
    std::uint64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product) || product > INT64_MAX) return std::nullopt;
    return product;
}

/// a + b, or nothing when the sum does not fit 63 bits.
inline std::optional<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b) {
    std::uint64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum) || sum > INT64_MAX) return std::nullopt;
    return sum;
}

/// The product of all dimensions (1 for none), or nothing on a negative dimension or when it does not fit 63 bits.
inline std::optional<std::uint64_t> checked_product(std::span<const std::int64_t> shape) {
    std::uint64_t count = 1;
    for (auto dimension : shape) {
        if (dimension < 0) return std::nullopt;
        auto next = checked_multiply(count, static_cast<std::uint64_t>(dimension));
        if (!next) return std::nullopt;
        count = *next;
    }
    return count;
}

} // namespace quantscope
