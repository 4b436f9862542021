// Which of the compiled variants of a hot loop this processor can run. Such a loop is written once in an .inl file that is
// compiled per level under `#pragma GCC target`; every other file stays portable.
#pragma once

namespace quantscope {

enum class SimdLevel { portable, avx2, avx512 };

/// The highest level that the processor and the operating system support. avx2 includes FMA and F16C; avx512 includes
/// F, BW, DQ and VL.
inline SimdLevel simd_level() {
#if defined(__x86_64__)
    static const SimdLevel level = [] {
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
            return SimdLevel::avx512;
        // Every processor with AVX2 and FMA has F16C, which GCC 12 cannot ask for by name.
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return SimdLevel::avx2;
        return SimdLevel::portable;
    }();
    return level;
#else
    return SimdLevel::portable;
#endif
}

} // namespace quantscope
