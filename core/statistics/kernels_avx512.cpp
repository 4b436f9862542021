// The hot loops of weight statistics for processors with AVX-512 (F, BW, DQ, VL).
#include "core/statistics/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

// GCC 12 warns of the deliberately undefined vectors inside its own intrinsics.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,prefer-vector-width=512")

#define QUANTSCOPE_LEVEL avx512
#define QUANTSCOPE_LANES 16
#define QUANTSCOPE_ROWS 4 // rows whose sums fit in the registers
#include "core/statistics/kernels.inl"

#else

namespace quantscope::kernels::avx512 {
const Table& table() { return portable::table(); }
} // namespace quantscope::kernels::avx512

#endif
