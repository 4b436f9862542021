// Counting values above thresholds, in rows and in strips of columns. Part of kernels.inl.

constexpr std::int64_t most_before_overflow = 32000; // of int16 counters

/// Values of V above a threshold, by four counters so that one need not wait for the other.
template <typename V, typename T>
std::int64_t count_above_pattern(const std::byte* row, std::int64_t count, T threshold_value) {
    const V threshold = V{} + threshold_value;
    std::int64_t above = 0, i = 0;
    while (i + 4 * L <= count) {
        const std::int64_t left = (count - i) / (4 * L);
        const std::int64_t end = i + 4 * L * (left < most_before_overflow ? left : most_before_overflow);
        S a = {}, b = {};
        for (; i < end; i += 4 * L) {
            a = count_above(a, load<V>(row + 2 * i), threshold);
            b = count_above(b, load<V>(row + 2 * i + 4 * L), threshold);
        }
        for (int l = 0; l < 2 * L; ++l) above += a[l] + b[l];
    }
    for (; i < count; ++i) {
        T x;
        __builtin_memcpy(&x, row + 2 * i, 2);
        above += x > threshold_value;
    }
    return above;
}

std::int64_t count_not_above_16(const std::byte* row, std::int64_t count, std::int16_t key) {
    // Not above 0 or a positive value: all patterns but those that are larger as signed numbers. Not above a negative
    // one: the patterns that are no smaller as unsigned numbers.
    if (key >= 0) return count - count_above_pattern<S, std::int16_t>(row, count, key);
    const auto pattern = static_cast<std::uint16_t>(key ^ 0x7fff);
    return count_above_pattern<W, std::uint16_t>(row, count, static_cast<std::uint16_t>(pattern - 1));
}

std::int64_t count_not_above_32(const std::byte* row, std::int64_t count, float threshold_value) {
    const F threshold = splat(threshold_value);
    I a = {}, b = {}; // a row of more than 2^31 · L values cannot be
    std::int64_t i = 0, above = 0;
    for (; i + 2 * L <= count; i += 2 * L) {
        a = count_above(a, load<F>(row + 4 * i), threshold);
        b = count_above(b, load<F>(row + 4 * i + 4 * L), threshold);
    }
    for (int l = 0; l < L; ++l) above += static_cast<std::int64_t>(a[l]) + b[l];
    for (; i < count; ++i) above += load_value<Kind::f32>(row + 4 * i) > threshold_value;
    return count - above;
}

void ordered(const std::byte* row, std::int64_t count, std::int16_t* keys) {
    std::int64_t i = 0;
    for (; i + 2 * L <= count; i += 2 * L) {
        const S x = load<S>(row + 2 * i);
        store(keys + i, x ^ ((x >> 15) & 0x7fff));
    }
    for (; i < count; ++i) {
        std::int16_t x;
        __builtin_memcpy(&x, row + 2 * i, 2);
        keys[i] = static_cast<std::int16_t>(x ^ ((x >> 15) & 0x7fff));
    }
}

/// Rows whose turn is soon are fetched while others are copied: each lies on a memory page of its own.
constexpr std::int64_t rows_ahead = 16;

void load_strips_16(const std::byte* const* rows, std::int64_t count, std::int64_t column, std::int64_t strips,
                    std::int64_t stride, std::int16_t* out) {
    for (std::int64_t r = 0; r < count; ++r, out += strip_lanes_16)
        for (std::int64_t s = 0; s < strips; ++s) {
            const std::int64_t at = 2 * (column + s * strip_lanes_16);
            if (r + rows_ahead < count) prefetch(rows[r + rows_ahead] + at);
            for (int part = 0; part < strip_lanes_16; part += 2 * L) {
                const S x = load<S>(rows[r] + at + 2 * part);
                store(out + s * stride + part, x ^ ((x >> 15) & 0x7fff));
            }
        }
}

void load_strips_32(const std::byte* const* rows, std::int64_t count, std::int64_t column, std::int64_t strips,
                    std::int64_t stride, float* out) {
    for (std::int64_t r = 0; r < count; ++r, out += strip_lanes_32)
        for (std::int64_t s = 0; s < strips; ++s) {
            const std::int64_t at = 4 * (column + s * strip_lanes_32);
            if (r + rows_ahead < count) prefetch(rows[r + rows_ahead] + at);
            for (int part = 0; part < strip_lanes_32; part += L)
                store(out + s * stride + part, load<F>(rows[r] + at + 4 * part));
        }
}

template <int N>
void count_strip_16(const std::int16_t* keys, std::int64_t count, const std::int16_t* thresholds, std::int32_t* above) {
    for (int part = 0; part < strip_lanes_16; part += 2 * L) {
        S threshold[N];
        for (int q = 0; q < N; ++q) {
            threshold[q] = load<S>(thresholds + q * strip_lanes_16 + part);
            for (int l = 0; l < 2 * L; ++l) above[q * strip_lanes_16 + part + l] = 0;
        }
        for (std::int64_t i = 0; i < count;) {
            const std::int64_t end = count - i < most_before_overflow ? count : i + most_before_overflow;
            S counts[N] = {};
            for (; i < end; ++i) {
                const S x = load<S>(keys + i * strip_lanes_16 + part);
#pragma GCC unroll 3
                for (int q = 0; q < N; ++q) counts[q] = count_above(counts[q], x, threshold[q]);
            }
            for (int q = 0; q < N; ++q)
                for (int l = 0; l < 2 * L; ++l) above[q * strip_lanes_16 + part + l] += counts[q][l];
        }
    }
}

template <int N>
void count_strip_32(const float* values, std::int64_t count, const float* thresholds, std::int32_t* above) {
    for (int part = 0; part < strip_lanes_32; part += L) {
        F threshold[N];
        I counts[N] = {};
        for (int q = 0; q < N; ++q) threshold[q] = load<F>(thresholds + q * strip_lanes_32 + part);
        for (std::int64_t i = 0; i < count; ++i) {
            const F x = load<F>(values + i * strip_lanes_32 + part);
#pragma GCC unroll 3
            for (int q = 0; q < N; ++q) counts[q] = count_above(counts[q], x, threshold[q]);
        }
        for (int q = 0; q < N; ++q) store(above + q * strip_lanes_32 + part, counts[q]);
    }
}

void count_strip_16(const std::int16_t* keys, std::int64_t count, int wanted, const std::int16_t* thresholds,
                    std::int32_t* above) {
    const auto run = wanted == 1 ? count_strip_16<1> : wanted == 2 ? count_strip_16<2> : count_strip_16<3>;
    run(keys, count, thresholds, above);
}

void count_strip_32(const float* values, std::int64_t count, int wanted, const float* thresholds, std::int32_t* above) {
    const auto run = wanted == 1 ? count_strip_32<1> : wanted == 2 ? count_strip_32<2> : count_strip_32<3>;
    run(values, count, thresholds, above);
}
