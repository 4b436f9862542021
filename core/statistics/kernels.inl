// Body of the hot loops, compiled once per processor level (kernels_portable.cpp, kernels_avx2.cpp, kernels_avx512.cpp).
// It calls no inline function of a header: compiled here for a newer processor, such a function could be the copy that
// the linker keeps for everyone.

namespace quantscope::kernels::QUANTSCOPE_LEVEL {

namespace {

#define QUANTSCOPE_INLINE inline __attribute__((always_inline))

constexpr int L = QUANTSCOPE_LANES; // float lanes of a vector
typedef float F __attribute__((vector_size(4 * L)));
typedef std::int32_t I __attribute__((vector_size(4 * L)));
typedef std::uint32_t U __attribute__((vector_size(4 * L)));
typedef std::int16_t S __attribute__((vector_size(4 * L)));        // 2·L lanes
typedef std::uint16_t W __attribute__((vector_size(4 * L)));       // 2·L lanes
typedef std::uint16_t WH __attribute__((vector_size(2 * L)));      // L lanes

template <typename V>
QUANTSCOPE_INLINE V load(const void* from) {
    V v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}
template <typename V>
QUANTSCOPE_INLINE void store(void* to, V v) {
    __builtin_memcpy(to, &v, sizeof v);
}
QUANTSCOPE_INLINE F splat(float x) { return x - F{}; }

#if QUANTSCOPE_LANES == 16
QUANTSCOPE_INLINE F smaller(F a, F b) { return (F)_mm512_min_ps((__m512)a, (__m512)b); }
QUANTSCOPE_INLINE F larger(F a, F b) { return (F)_mm512_max_ps((__m512)a, (__m512)b); }
QUANTSCOPE_INLINE S larger(S a, S b) { return (S)_mm512_max_epi16((__m512i)a, (__m512i)b); }
QUANTSCOPE_INLINE W larger(W a, W b) { return (W)_mm512_max_epu16((__m512i)a, (__m512i)b); }
QUANTSCOPE_INLINE F multiply_add(F a, F b, F c) { return (F)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
QUANTSCOPE_INLINE F from_float16(WH h) { return (F)_mm512_cvtph_ps((__m256i)h); }
QUANTSCOPE_INLINE S count_above(S counts, S v, S threshold) {
    return (S)_mm512_mask_add_epi16((__m512i)counts, _mm512_cmpgt_epi16_mask((__m512i)v, (__m512i)threshold),
                                    (__m512i)counts, _mm512_set1_epi16(1));
}
QUANTSCOPE_INLINE I count_above(I counts, F v, F threshold) {
    return (I)_mm512_mask_add_epi32((__m512i)counts, _mm512_cmp_ps_mask((__m512)v, (__m512)threshold, _CMP_GT_OQ),
                                    (__m512i)counts, _mm512_set1_epi32(1));
}
QUANTSCOPE_INLINE I floor_of(F v) {
    return (I)_mm512_cvt_roundps_epi32((__m512)v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
QUANTSCOPE_INLINE void store_saturated(std::int16_t* to, I v) {
    _mm256_storeu_si256((__m256i*)to, _mm512_cvtsepi32_epi16((__m512i)v));
}
#elif QUANTSCOPE_LANES == 8
QUANTSCOPE_INLINE F smaller(F a, F b) { return (F)_mm256_min_ps((__m256)a, (__m256)b); }
QUANTSCOPE_INLINE F larger(F a, F b) { return (F)_mm256_max_ps((__m256)a, (__m256)b); }
QUANTSCOPE_INLINE S larger(S a, S b) { return (S)_mm256_max_epi16((__m256i)a, (__m256i)b); }
QUANTSCOPE_INLINE W larger(W a, W b) { return (W)_mm256_max_epu16((__m256i)a, (__m256i)b); }
QUANTSCOPE_INLINE F multiply_add(F a, F b, F c) { return (F)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
QUANTSCOPE_INLINE F from_float16(WH h) { return (F)_mm256_cvtph_ps((__m128i)h); }
QUANTSCOPE_INLINE S count_above(S counts, S v, S threshold) { return counts - (v > threshold); }
QUANTSCOPE_INLINE I count_above(I counts, F v, F threshold) { return counts - (v > threshold); }
QUANTSCOPE_INLINE I floor_of(F v) { return (I)_mm256_cvttps_epi32(_mm256_floor_ps((__m256)v)); }
QUANTSCOPE_INLINE void store_saturated(std::int16_t* to, I v) {
    _mm_storeu_si128((__m128i*)to, _mm_packs_epi32(_mm256_castsi256_si128((__m256i)v), _mm256_extracti128_si256((__m256i)v, 1)));
}
#else
QUANTSCOPE_INLINE F smaller(F a, F b) { return a < b ? a : b; }
QUANTSCOPE_INLINE F larger(F a, F b) { return a > b ? a : b; }
QUANTSCOPE_INLINE S larger(S a, S b) { return a > b ? a : b; }
QUANTSCOPE_INLINE W larger(W a, W b) { return a > b ? a : b; }
QUANTSCOPE_INLINE F multiply_add(F a, F b, F c) { return a * b + c; }
QUANTSCOPE_INLINE F from_float16(WH h) {
    const U wide = __builtin_convertvector(h, U);
    const U shifted = (wide & 0x7fff) << 13, sign = (wide & 0x8000) << 16;
    const F magnitude = (F)shifted * 0x1p112f; // makes the exponent's bias right, subnormals included
    const U finite = (U)magnitude;
    return (F)((shifted >= 0x0f800000 ? (shifted | 0x70000000) : finite) | sign);
}
QUANTSCOPE_INLINE S count_above(S counts, S v, S threshold) { return counts - (v > threshold); }
QUANTSCOPE_INLINE I count_above(I counts, F v, F threshold) { return counts - (v > threshold); }
QUANTSCOPE_INLINE I floor_of(F v) {
    // Beyond the range of int16 any result that saturates will do; the comparison keeps the conversion defined.
    const F bounded = v > -40000.0f ? (v < 40000.0f ? v : splat(40000.0f)) : splat(-40000.0f);
    const I whole = __builtin_convertvector(bounded, I);
    return whole + (__builtin_convertvector(whole, F) > bounded);
}
QUANTSCOPE_INLINE void store_saturated(std::int16_t* to, I v) {
    for (int l = 0; l < L; ++l) to[l] = static_cast<std::int16_t>(v[l] < -32768 ? -32768 : v[l] > 32767 ? 32767 : v[l]);
}
#endif

QUANTSCOPE_INLINE F from_bfloat16(WH h) { return (F)(__builtin_convertvector(h, U) << 16); }

template <Kind K>
QUANTSCOPE_INLINE F load_values(const std::byte* from) {
    if constexpr (K == Kind::f32) return load<F>(from);
    else if constexpr (K == Kind::f16) return from_float16(load<WH>(from));
    else return from_bfloat16(load<WH>(from));
}

constexpr int size_of(Kind kind) { return kind == Kind::f32 ? 4 : 2; }

template <Kind K>
QUANTSCOPE_INLINE float load_value(const std::byte* from) {
    if constexpr (K == Kind::f32) {
        float x;
        __builtin_memcpy(&x, from, 4);
        return x;
    } else {
        std::uint16_t h;
        __builtin_memcpy(&h, from, 2);
        WH v = {};
        v[0] = h;
        return K == Kind::f16 ? from_float16(v)[0] : from_bfloat16(v)[0];
    }
}

// --- moments ---------------------------------------------------------------------------------------------------------

/// What is left after the last whole vector, value by value.
template <Kind K>
void moments_tail(int count, const std::byte* const* rows, std::int64_t first, std::int64_t last, float shift,
                  RowLanes* lanes, const ColumnSums& columns) {
    for (int r = 0; r < count; ++r)
        for (std::int64_t c = first; c < last; ++c) {
            const float x = load_value<K>(rows[r] + c * size_of(K));
            const float d = x - shift, square = d * d;
            const float powers[4] = {d, square, square * d, square * square};
            for (int p = 0; p < 4; ++p) {
                lanes[r].sums[p][0] += powers[p];
                columns.sums[p][c] += powers[p];
            }
            if constexpr (K == Kind::f32) {
                if (x < lanes[r].low[0]) lanes[r].low[0] = x;
                if (x > lanes[r].high[0]) lanes[r].high[0] = x;
                if (x < columns.low[c]) columns.low[c] = x;
                if (x > columns.high[c]) columns.high[c] = x;
            } else {
                std::uint16_t u;
                __builtin_memcpy(&u, rows[r] + c * 2, 2);
                const auto s = static_cast<std::int16_t>(u);
                if (s > lanes[r].positive[0]) lanes[r].positive[0] = s;
                if (u > lanes[r].negative[0]) lanes[r].negative[0] = u;
                if (s > columns.positive[c]) columns.positive[c] = s;
                if (u > columns.negative[c]) columns.negative[c] = u;
            }
        }
}

/// One vector of R rows into the rows' registers and the columns' sums.
template <Kind K, int R, bool Shifted>
QUANTSCOPE_INLINE void add_powers(const std::byte* const (&at)[R], F shift, F (&row)[R][4], float* const (&sums)[4]) {
    F c1 = load<F>(sums[0]), c2 = load<F>(sums[1]), c3 = load<F>(sums[2]), c4 = load<F>(sums[3]);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
        F x = load_values<K>(at[r]);
        if constexpr (Shifted) x -= shift;
        const F square = x * x;
        row[r][0] += x;
        row[r][1] += square;
        row[r][2] = multiply_add(square, x, row[r][2]);
        row[r][3] = multiply_add(square, square, row[r][3]);
        c1 += x;
        c2 += square;
        c3 = multiply_add(square, x, c3);
        c4 = multiply_add(square, square, c4);
    }
    store(sums[0], c1), store(sums[1], c2), store(sums[2], c3), store(sums[3], c4);
}

template <Kind K, int R, bool Shifted>
void moments_of(const std::byte* const* rows, std::int64_t first, std::int64_t last, float shift_value, RowLanes* lanes,
                const ColumnSums& columns) {
    constexpr int step = K == Kind::f32 ? L : 2 * L;
    const F shift = splat(shift_value);
    F row[R][4];
    F low[R], high[R];
    S positive[R];
    W negative[R];
    for (int r = 0; r < R; ++r) {
        for (int p = 0; p < 4; ++p) row[r][p] = load<F>(lanes[r].sums[p]);
        low[r] = load<F>(lanes[r].low), high[r] = load<F>(lanes[r].high);
        positive[r] = load<S>(lanes[r].positive), negative[r] = load<W>(lanes[r].negative);
    }
    std::int64_t c = first;
    for (; c + step <= last; c += step) {
        const std::byte* at[R];
        for (int r = 0; r < R; ++r) at[r] = rows[r] + c * size_of(K);
        float* sums[4] = {columns.sums[0] + c, columns.sums[1] + c, columns.sums[2] + c, columns.sums[3] + c};
        if constexpr (K == Kind::f32) {
            F column_low = load<F>(columns.low + c), column_high = load<F>(columns.high + c);
#pragma GCC unroll 4
            for (int r = 0; r < R; ++r) {
                const F x = load<F>(at[r]);
                low[r] = smaller(x, low[r]), high[r] = larger(x, high[r]);
                column_low = smaller(x, column_low), column_high = larger(x, column_high);
            }
            store(columns.low + c, column_low), store(columns.high + c, column_high);
            add_powers<K, R, Shifted>(at, shift, row, sums);
        } else {
            S column_positive = load<S>(columns.positive + c);
            W column_negative = load<W>(columns.negative + c);
#pragma GCC unroll 4
            for (int r = 0; r < R; ++r) {
                const S x = load<S>(at[r]);
                positive[r] = larger(x, positive[r]), negative[r] = larger((W)x, negative[r]);
                column_positive = larger(x, column_positive), column_negative = larger((W)x, column_negative);
            }
            store(columns.positive + c, column_positive), store(columns.negative + c, column_negative);
            add_powers<K, R, Shifted>(at, shift, row, sums);
            for (int r = 0; r < R; ++r) at[r] += 2 * L;
            for (auto& sum : sums) sum += L;
            add_powers<K, R, Shifted>(at, shift, row, sums);
        }
    }
    for (int r = 0; r < R; ++r) {
        for (int p = 0; p < 4; ++p) store(lanes[r].sums[p], row[r][p]);
        store(lanes[r].low, low[r]), store(lanes[r].high, high[r]);
        store(lanes[r].positive, positive[r]), store(lanes[r].negative, negative[r]);
    }
    moments_tail<K>(R, rows, c, last, shift_value, lanes, columns);
}

template <Kind K>
void moments_of(int count, const std::byte* const* rows, std::int64_t first, std::int64_t last, float shift,
                RowLanes* lanes, const ColumnSums& columns) {
    if (count == 4) {
        if (shift != 0) moments_of<K, 4, true>(rows, first, last, shift, lanes, columns);
        else moments_of<K, 4, false>(rows, first, last, shift, lanes, columns);
        return;
    }
    for (int r = 0; r < count; ++r) moments_of<K, 1, true>(rows + r, first, last, shift, lanes + r, columns);
}

void moments(Kind kind, int count, const std::byte* const* rows, std::int64_t first, std::int64_t last, float shift,
             RowLanes* lanes, const ColumnSums& columns) {
    switch (kind) {
    case Kind::f32: return moments_of<Kind::f32>(count, rows, first, last, shift, lanes, columns);
    case Kind::f16: return moments_of<Kind::f16>(count, rows, first, last, shift, lanes, columns);
    case Kind::bf16: return moments_of<Kind::bf16>(count, rows, first, last, shift, lanes, columns);
    }
}

// --- counting --------------------------------------------------------------------------------------------------------

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

void load_strip_16(const std::byte* const* rows, std::int64_t count, std::int64_t column, std::int16_t* out) {
    for (std::int64_t r = 0; r < count; ++r, out += strip_lanes_16)
        for (int part = 0; part < strip_lanes_16; part += 2 * L) {
            const S x = load<S>(rows[r] + 2 * (column + part));
            store(out + part, x ^ ((x >> 15) & 0x7fff));
        }
}

void load_strip_32(const std::byte* const* rows, std::int64_t count, std::int64_t column, float* out) {
    for (std::int64_t r = 0; r < count; ++r, out += strip_lanes_32)
        for (int part = 0; part < strip_lanes_32; part += L)
            store(out + part, load<F>(rows[r] + 4 * (column + part)));
}

constexpr std::int64_t most_before_overflow = 32000; // of int16 counters

void count_above_16(const std::int16_t* keys, std::int64_t count, const std::int16_t thresholds[3],
                    std::int64_t above[3]) {
    above[0] = above[1] = above[2] = 0;
    const S zero = {};
    const S t0 = zero + thresholds[0], t1 = zero + thresholds[1], t2 = zero + thresholds[2];
    std::int64_t i = 0;
    while (i + 2 * L <= count) {
        const std::int64_t left = (count - i) / (2 * L);
        const std::int64_t end = i + 2 * L * (left < most_before_overflow ? left : most_before_overflow);
        S c0 = zero, c1 = zero, c2 = zero;
        for (; i < end; i += 2 * L) {
            const S x = load<S>(keys + i);
            c0 = count_above(c0, x, t0), c1 = count_above(c1, x, t1), c2 = count_above(c2, x, t2);
        }
        for (int l = 0; l < 2 * L; ++l) above[0] += c0[l], above[1] += c1[l], above[2] += c2[l];
    }
    for (; i < count; ++i)
        for (int q = 0; q < 3; ++q) above[q] += keys[i] > thresholds[q];
}

void count_above_32(const float* values, std::int64_t count, const float thresholds[3], std::int64_t above[3]) {
    above[0] = above[1] = above[2] = 0;
    const F t0 = splat(thresholds[0]), t1 = splat(thresholds[1]), t2 = splat(thresholds[2]);
    I c0 = {}, c1 = {}, c2 = {}; // a row of more than 2^31 · L values cannot be
    std::int64_t i = 0;
    for (; i + L <= count; i += L) {
        const F x = load<F>(values + i);
        c0 = count_above(c0, x, t0), c1 = count_above(c1, x, t1), c2 = count_above(c2, x, t2);
    }
    for (int l = 0; l < L; ++l) above[0] += c0[l], above[1] += c1[l], above[2] += c2[l];
    for (; i < count; ++i) {
        float x;
        __builtin_memcpy(&x, values + i, 4);
        for (int q = 0; q < 3; ++q) above[q] += x > thresholds[q];
    }
}

void count_strip_16(const std::int16_t* keys, std::int64_t count, const std::int16_t* thresholds, std::int32_t* above) {
    for (int part = 0; part < strip_lanes_16; part += 2 * L) {
        const S t0 = load<S>(thresholds + part), t1 = load<S>(thresholds + strip_lanes_16 + part),
                t2 = load<S>(thresholds + 2 * strip_lanes_16 + part);
        for (int q = 0; q < 3; ++q)
            for (int l = 0; l < 2 * L; ++l) above[q * strip_lanes_16 + part + l] = 0;
        for (std::int64_t i = 0; i < count;) {
            const std::int64_t end = count - i < most_before_overflow ? count : i + most_before_overflow;
            S c0 = {}, c1 = {}, c2 = {};
            for (; i < end; ++i) {
                const S x = load<S>(keys + i * strip_lanes_16 + part);
                c0 = count_above(c0, x, t0), c1 = count_above(c1, x, t1), c2 = count_above(c2, x, t2);
            }
            for (int l = 0; l < 2 * L; ++l) {
                above[part + l] += c0[l];
                above[strip_lanes_16 + part + l] += c1[l];
                above[2 * strip_lanes_16 + part + l] += c2[l];
            }
        }
    }
}

void count_strip_32(const float* values, std::int64_t count, const float* thresholds, std::int32_t* above) {
    for (int part = 0; part < strip_lanes_32; part += L) {
        const F t0 = load<F>(thresholds + part), t1 = load<F>(thresholds + strip_lanes_32 + part),
                t2 = load<F>(thresholds + 2 * strip_lanes_32 + part);
        I c0 = {}, c1 = {}, c2 = {};
        for (std::int64_t i = 0; i < count; ++i) {
            const F x = load<F>(values + i * strip_lanes_32 + part);
            c0 = count_above(c0, x, t0), c1 = count_above(c1, x, t1), c2 = count_above(c2, x, t2);
        }
        store(above + part, c0), store(above + strip_lanes_32 + part, c1);
        store(above + 2 * strip_lanes_32 + part, c2);
    }
}

// --- histograms ------------------------------------------------------------------------------------------------------

/// Adds four 16-bit indices that lie in one word: one load instead of four.
QUANTSCOPE_INLINE void add_four(const void* indices, std::uint32_t* bins) {
    std::uint64_t four;
    __builtin_memcpy(&four, indices, 8);
    ++bins[four & 0xffff];
    ++bins[(four >> 16) & 0xffff];
    ++bins[(four >> 32) & 0xffff];
    ++bins[four >> 48];
}

void histogram_16(const std::byte* row, std::int64_t count, std::uint32_t* bins) {
    std::int64_t i = 0;
    for (; i + 4 <= count; i += 4) add_four(row + 2 * i, bins);
    for (; i < count; ++i) {
        std::uint16_t x;
        __builtin_memcpy(&x, row + 2 * i, 2);
        ++bins[x];
    }
}

void histogram_32(const std::byte* row, std::int64_t count, float inverse, std::uint32_t* bins) {
    constexpr int block = 8 * L;
    alignas(64) std::int16_t index[block];
    std::int64_t i = 0;
    for (; i + block <= count; i += block) {
        for (int b = 0; b < block; b += L) store_saturated(index + b, floor_of(load<F>(row + 4 * (i + b)) * inverse));
        for (int b = 0; b < block; b += 4) add_four(index + b, bins);
    }
    for (; i < count; ++i) {
        F x = {};
        __builtin_memcpy(&x, row + 4 * i, 4);
        store_saturated(index, floor_of(x * inverse));
        ++bins[static_cast<std::uint16_t>(index[0])];
    }
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

#undef QUANTSCOPE_INLINE

} // namespace

const Table& table() {
    static constexpr Table functions = {moments, ordered, load_strip_16, load_strip_32, count_above_16, count_above_32, count_strip_16,
                                        count_strip_32, histogram_16,   histogram_32,   zeros, add_zeros, sum};
    return functions;
}

} // namespace quantscope::kernels::QUANTSCOPE_LEVEL
