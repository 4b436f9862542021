// A histogram, zeros, and the plain sum. Part of kernels.inl.

/// Adds one to the cells of four bins that lie in one word.
QUANTSCOPE_INLINE void add_four(const void* indices, std::uint32_t* cells) {
    std::uint64_t four;
    __builtin_memcpy(&four, indices, 8);
    ++cells[four & 0xffff];
    ++cells[window_bins + ((four >> 16) & 0xffff)];
    ++cells[(four >> 32) & 0xffff];
    ++cells[window_bins + (four >> 48)];
}

template <Kind K, bool Clamp>
QUANTSCOPE_INLINE I bin_of(const std::byte* at, F inverse, F low, F high, I first) {
    F place = load_values<K>(at) * inverse; // exact: a power of two
    if constexpr (Clamp) place = smaller(larger(place, low), high);
    return floor_of(place) - first;
}

template <Kind K, bool Clamp>
void count_window_of(const std::byte* row, std::int64_t count, float inverse_value, float first_value,
                     std::uint32_t* cells) {
    constexpr int block = 8 * L;
    alignas(64) std::uint16_t bins[block];
    const F inverse = splat(inverse_value), low = splat(first_value), high = splat(first_value + (window_bins - 1));
    const I first = I{} + static_cast<std::int32_t>(first_value);
    std::int64_t i = 0;
    for (; i + block <= count; i += block) {
        for (int b = 0; b < block; b += L) {
            const I bin = bin_of<K, Clamp>(row + (i + b) * size_of(K), inverse, low, high, first);
            store(bins + b, __builtin_convertvector(bin, WH));
        }
        for (int b = 0; b < block; b += 4) add_four(bins + b, cells);
    }
    for (; i < count; ++i) {
        const float place = __builtin_floorf(load_value<K>(row + i * size_of(K)) * inverse_value) - first_value;
        ++cells[static_cast<std::int32_t>(!(place > 0) ? 0 : place < window_bins - 1 ? place : window_bins - 1)];
    }
}

void count_window(Kind kind, const std::byte* row, std::int64_t count, float inverse, float first, bool clamp,
                  std::uint32_t* cells) {
    const auto run = clamp ? (kind == Kind::f32   ? count_window_of<Kind::f32, true>
                              : kind == Kind::f16 ? count_window_of<Kind::f16, true>
                                                  : count_window_of<Kind::bf16, true>)
                           : (kind == Kind::f32   ? count_window_of<Kind::f32, false>
                              : kind == Kind::f16 ? count_window_of<Kind::f16, false>
                                                  : count_window_of<Kind::bf16, false>);
    run(row, count, inverse, first, cells);
}

template <Kind K>
std::int64_t outside_of(const std::byte* row, std::int64_t count, float low_value, float high_value,
                        std::int64_t* out) {
    const F low = splat(low_value), high = splat(high_value);
    std::int64_t found = 0, i = 0;
    for (; i + L <= count; i += L)
        for (unsigned lanes = beyond(load_values<K>(row + i * size_of(K)), low, high); lanes; lanes &= lanes - 1)
            out[found++] = i + __builtin_ctz(lanes);
    for (; i < count; ++i) {
        const float x = load_value<K>(row + i * size_of(K));
        if (x < low_value || x >= high_value) out[found++] = i;
    }
    return found;
}

std::int64_t outside(Kind kind, const std::byte* row, std::int64_t count, float low, float high, std::int64_t* out) {
    return kind == Kind::f32   ? outside_of<Kind::f32>(row, count, low, high, out)
           : kind == Kind::f16 ? outside_of<Kind::f16>(row, count, low, high, out)
                               : outside_of<Kind::bf16>(row, count, low, high, out);
}

// --- pooling ---------------------------------------------------------------------------------------------------------

template <Kind K, bool Maximum>
bool pool_of(const std::byte* row, std::int64_t count, float* magnitudes) {
    constexpr std::uint32_t infinity = 0x7f800000;
    U unfit = {};
    bool fit = true;
    std::int64_t i = 0;
    for (; i + L <= count; i += L) {
        const U bits = (U)load_values<K>(row + i * size_of(K)) & 0x7fffffff;
        unfit |= (U)(bits >= infinity);
        const F so_far = load<F>(magnitudes + i);
        store(magnitudes + i, Maximum ? larger((F)bits, so_far) : so_far + (F)bits);
    }
    for (int l = 0; l < L; ++l) fit = fit && unfit[l] == 0;
    for (; i < count; ++i) {
        const float magnitude = __builtin_fabsf(load_value<K>(row + i * size_of(K)));
        fit = fit && magnitude < __builtin_inff();
        if (!Maximum) magnitudes[i] += magnitude;
        else if (magnitude > magnitudes[i]) magnitudes[i] = magnitude;
    }
    return fit;
}

bool pool(Kind kind, const std::byte* row, std::int64_t count, bool maximum, float* magnitudes) {
    const auto run = maximum ? (kind == Kind::f32   ? pool_of<Kind::f32, true>
                                : kind == Kind::f16 ? pool_of<Kind::f16, true>
                                                    : pool_of<Kind::bf16, true>)
                             : (kind == Kind::f32   ? pool_of<Kind::f32, false>
                                : kind == Kind::f16 ? pool_of<Kind::f16, false>
                                                    : pool_of<Kind::bf16, false>);
    return run(row, count, magnitudes);
}

// --- zeros -----------------------------------------------------------------------------------------------------------

template <Kind K>
QUANTSCOPE_INLINE bool is_zero(const std::byte* at) {
    if constexpr (K == Kind::f32) {
        std::uint32_t bits;
        __builtin_memcpy(&bits, at, 4);
        return (bits << 1) == 0;
    } else {
        std::uint16_t bits;
        __builtin_memcpy(&bits, at, 2);
        return (bits & 0x7fff) == 0;
    }
}

template <Kind K>
std::int64_t zeros_of(const std::byte* row, std::int64_t count) {
    constexpr int step = K == Kind::f32 ? L : 2 * L;
    std::int64_t found = 0, i = 0;
    while (i + step <= count) {
        const std::int64_t left = (count - i) / step;
        const std::int64_t end = i + step * (left < most_before_overflow ? left : most_before_overflow);
        if constexpr (K == Kind::f32) {
            I zeros = {};
            for (; i < end; i += step) zeros -= (load<U>(row + 4 * i) << 1) == 0;
            for (int l = 0; l < step; ++l) found += zeros[l];
        } else {
            S zeros = {};
            for (; i < end; i += step) zeros -= (load<W>(row + 2 * i) << 1) == 0;
            for (int l = 0; l < step; ++l) found += zeros[l];
        }
    }
    for (; i < count; ++i) found += is_zero<K>(row + i * size_of(K));
    return found;
}

std::int64_t zeros(Kind kind, const std::byte* row, std::int64_t count) {
    return kind == Kind::f32 ? zeros_of<Kind::f32>(row, count) : zeros_of<Kind::f16>(row, count);
}

void add_zeros(Kind kind, const std::byte* row, std::int64_t count, std::uint32_t* columns) {
    if (kind == Kind::f32)
        for (std::int64_t i = 0; i < count; ++i) columns[i] += is_zero<Kind::f32>(row + 4 * i);
    else
        for (std::int64_t i = 0; i < count; ++i) columns[i] += is_zero<Kind::f16>(row + 2 * i);
}
// --- the yardstick ---------------------------------------------------------------------------------------------------

template <Kind K>
double sum_of(const std::byte* values, std::int64_t count) {
    constexpr std::int64_t block = 1 << 16; // float lanes within a block, double between blocks
    double total = 0;
    std::int64_t i = 0;
    while (i + 4 * L <= count) {
        const std::int64_t end = count - i < block ? count : i + block;
        F a = {}, b = {}, c = {}, d = {};
        for (; i + 4 * L <= end; i += 4 * L) {
            const std::byte* at = values + i * size_of(K);
            a += load_values<K>(at);
            b += load_values<K>(at + L * size_of(K));
            c += load_values<K>(at + 2 * L * size_of(K));
            d += load_values<K>(at + 3 * L * size_of(K));
        }
        const F all = (a + b) + (c + d);
        for (int l = 0; l < L; ++l) total += static_cast<double>(all[l]);
    }
    for (; i < count; ++i) total += static_cast<double>(load_value<K>(values + i * size_of(K)));
    return total;
}

double sum(Kind kind, const std::byte* values, std::int64_t count) {
    switch (kind) {
    case Kind::f32: return sum_of<Kind::f32>(values, count);
    case Kind::f16: return sum_of<Kind::f16>(values, count);
    case Kind::bf16: return sum_of<Kind::bf16>(values, count);
    }
    return 0;
}

