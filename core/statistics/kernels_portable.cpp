// The hot loops of weight statistics for any processor, and the choice between the levels.
#include "core/statistics/kernels.h"

#define QUANTSCOPE_LEVEL portable
#define QUANTSCOPE_LANES 4
#include "core/statistics/kernels.inl"

namespace quantscope::kernels {

const Table& table(SimdLevel level) {
    switch (level) {
    case SimdLevel::avx512:
        return avx512::table();
    case SimdLevel::avx2:
        return avx2::table();
    case SimdLevel::portable:
        break;
    }
    return portable::table();
}

} // namespace quantscope::kernels
