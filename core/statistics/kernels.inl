// Body of the hot loops, compiled once per processor level (kernels_portable.cpp, kernels_avx2.cpp, kernels_avx512.cpp).
// It calls no inline function of a header: compiled here for a newer processor, such a function could be the copy that
// the linker keeps for everyone.

namespace quantscope::kernels::QUANTSCOPE_LEVEL {

namespace {

#define QUANTSCOPE_INLINE inline __attribute__((always_inline))

#include "core/statistics/kernels_vector.inl"

#include "core/statistics/kernels_counting.inl"
#include "core/statistics/kernels_histogram.inl"
#include "core/statistics/kernels_moments.inl"

#undef QUANTSCOPE_INLINE

} // namespace

const Table& table() {
    static constexpr Table functions = {.moments = moments,
                                        .column_place = column_place,
                                        .ordered = ordered,
                                        .load_strips_16 = load_strips_16,
                                        .load_strips_32 = load_strips_32,
                                        .count_not_above_16 = count_not_above_16,
                                        .count_not_above_32 = count_not_above_32,
                                        .count_strip_16 = count_strip_16,
                                        .count_strip_32 = count_strip_32,
                                        .count_window = count_window,
                                        .outside = outside,
                                        .pool = pool,
                                        .zeros = zeros,
                                        .add_zeros = add_zeros,
                                        .sum = sum};
    return functions;
}

} // namespace quantscope::kernels::QUANTSCOPE_LEVEL
