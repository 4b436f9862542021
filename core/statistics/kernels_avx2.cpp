// The hot loops of weight statistics for processors with AVX2, FMA and F16C.
#include "core/statistics/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma GCC target("avx2,fma,f16c")

#define QUANTSCOPE_LEVEL avx2
#define QUANTSCOPE_LANES 8
#define QUANTSCOPE_ROWS 2 // rows whose sums fit in the registers
#include "core/statistics/kernels.inl"

#else

namespace quantscope::kernels::avx2 {
const Table& table() { return portable::table(); }
} // namespace quantscope::kernels::avx2

#endif
