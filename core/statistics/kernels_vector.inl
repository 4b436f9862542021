// Vectors of the level at hand and what the hot loops do with them. Part of kernels.inl.

constexpr int L = QUANTSCOPE_LANES; // float lanes of a vector
typedef float F __attribute__((vector_size(4 * L)));
typedef std::int32_t I __attribute__((vector_size(4 * L)));
typedef std::uint32_t U __attribute__((vector_size(4 * L)));
typedef std::int16_t S __attribute__((vector_size(4 * L)));        // 2·L lanes
typedef std::uint16_t W __attribute__((vector_size(4 * L)));       // 2·L lanes
typedef std::uint16_t WH __attribute__((vector_size(2 * L)));      // L lanes

/// Where a value begins that is asked for ahead of its use.
QUANTSCOPE_INLINE void prefetch(const void* at) { __builtin_prefetch(at, 0, 3); }

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
QUANTSCOPE_INLINE S count_above(S counts, W v, W threshold) {
    return (S)_mm512_mask_add_epi16((__m512i)counts, _mm512_cmpgt_epu16_mask((__m512i)v, (__m512i)threshold),
                                    (__m512i)counts, _mm512_set1_epi16(1));
}
QUANTSCOPE_INLINE I count_above(I counts, F v, F threshold) {
    return (I)_mm512_mask_add_epi32((__m512i)counts, _mm512_cmp_ps_mask((__m512)v, (__m512)threshold, _CMP_GT_OQ),
                                    (__m512i)counts, _mm512_set1_epi32(1));
}
QUANTSCOPE_INLINE I floor_of(F v) {
    return (I)_mm512_cvt_roundps_epi32((__m512)v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
/// The lanes whose values are below `low` or not below `high`, as bits.
QUANTSCOPE_INLINE unsigned beyond(F v, F low, F high) {
    return static_cast<unsigned>(_mm512_cmp_ps_mask((__m512)v, (__m512)low, _CMP_LT_OQ) |
                                 _mm512_cmp_ps_mask((__m512)v, (__m512)high, _CMP_GE_OQ));
}
/// Remembers whether any of the values seen was ±0.
struct ZeroSeen16 {
    __mmask32 none = 0xffffffff;
    QUANTSCOPE_INLINE void see(S v) {
        none = _mm512_mask_test_epi16_mask(none, (__m512i)v, _mm512_set1_epi16(0x7fff));
    }
    QUANTSCOPE_INLINE bool any() const { return none != 0xffffffff; }
};
struct ZeroSeen32 {
    __mmask16 none = 0xffff;
    QUANTSCOPE_INLINE void see(F v) {
        none = _mm512_mask_test_epi32_mask(none, (__m512i)v, _mm512_set1_epi32(0x7fffffff));
    }
    QUANTSCOPE_INLINE bool any() const { return none != 0xffff; }
};
#elif QUANTSCOPE_LANES == 8
QUANTSCOPE_INLINE F smaller(F a, F b) { return (F)_mm256_min_ps((__m256)a, (__m256)b); }
QUANTSCOPE_INLINE F larger(F a, F b) { return (F)_mm256_max_ps((__m256)a, (__m256)b); }
QUANTSCOPE_INLINE S larger(S a, S b) { return (S)_mm256_max_epi16((__m256i)a, (__m256i)b); }
QUANTSCOPE_INLINE W larger(W a, W b) { return (W)_mm256_max_epu16((__m256i)a, (__m256i)b); }
QUANTSCOPE_INLINE F multiply_add(F a, F b, F c) { return (F)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
QUANTSCOPE_INLINE F from_float16(WH h) { return (F)_mm256_cvtph_ps((__m128i)h); }
QUANTSCOPE_INLINE S count_above(S counts, S v, S threshold) { return counts - (v > threshold); }
QUANTSCOPE_INLINE S count_above(S counts, W v, W threshold) {
    // There is no unsigned comparison: both are moved by half the range.
    return counts - ((S)(v ^ 0x8000) > (S)(threshold ^ 0x8000));
}
QUANTSCOPE_INLINE I count_above(I counts, F v, F threshold) { return counts - (v > threshold); }
QUANTSCOPE_INLINE I floor_of(F v) { return (I)_mm256_cvttps_epi32(_mm256_floor_ps((__m256)v)); }
QUANTSCOPE_INLINE unsigned beyond(F v, F low, F high) {
    return static_cast<unsigned>(_mm256_movemask_ps((__m256)((v < low) | (v >= high))));
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
QUANTSCOPE_INLINE S count_above(S counts, W v, W threshold) {
    // There is no unsigned comparison: both are moved by half the range.
    return counts - ((S)(v ^ 0x8000) > (S)(threshold ^ 0x8000));
}
QUANTSCOPE_INLINE I count_above(I counts, F v, F threshold) { return counts - (v > threshold); }
QUANTSCOPE_INLINE I floor_of(F v) {
    const I whole = __builtin_convertvector(v, I);
    return whole + (__builtin_convertvector(whole, F) > v);
}
QUANTSCOPE_INLINE unsigned beyond(F v, F low, F high) {
    unsigned found = 0;
    for (int l = 0; l < L; ++l) found |= (v[l] < low[l] || v[l] >= high[l] ? 1u : 0u) << l;
    return found;
}
#endif

#if QUANTSCOPE_LANES != 16
/// Remembers whether any of the values seen was ±0.
struct ZeroSeen16 {
    S zeros = {};
    QUANTSCOPE_INLINE void see(S v) { zeros |= ((W)v + (W)v) == 0; }
    QUANTSCOPE_INLINE bool any() const {
        bool found = false;
        for (int l = 0; l < 2 * L; ++l) found |= zeros[l] != 0;
        return found;
    }
};
struct ZeroSeen32 {
    I zeros = {};
    QUANTSCOPE_INLINE void see(F v) { zeros |= v == 0; }
    QUANTSCOPE_INLINE bool any() const {
        bool found = false;
        for (int l = 0; l < L; ++l) found |= zeros[l] != 0;
        return found;
    }
};
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
