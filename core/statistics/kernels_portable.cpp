// The hot loops of weight statistics for any processor, and the choice between the levels.
#include "core/statistics/kernels.h"

#include <atomic>

#define QUANTSCOPE_LEVEL portable
#define QUANTSCOPE_LANES 4
#define QUANTSCOPE_ROWS 2 // rows whose sums fit in the registers
#include "core/statistics/kernels.inl"

namespace quantscope::kernels {

namespace {

std::atomic<const Table*> chosen{nullptr};

} // namespace

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

const Table& table() {
    const Table* table_in_use = chosen.load(std::memory_order_relaxed);
    return table_in_use ? *table_in_use : table(simd_level());
}

void use_level(SimdLevel level) { chosen.store(&table(level)); }

} // namespace quantscope::kernels
