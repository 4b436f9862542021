// Statistics of a 4096 × 11008 weight per dtype, as a share of the bandwidth of a plain multi-threaded sum over the
// same resident buffer in the same run. Best of several runs; the sum itself is held against memcpy's traffic. Usage:
// bench_statistics [runs]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "core/base/half.h"
#include "core/base/parallel.h"
#include "core/statistics/kernels.h"
#include "core/statistics/weight_statistics.h"

using namespace quantscope;

namespace {

constexpr std::int64_t rows = 4096, columns = 11008;

template <typename Work>
double best_of(int runs, Work work) {
    double best = 1e9;
    for (int i = 0; i < runs; ++i) {
        const auto start = std::chrono::steady_clock::now();
        work();
        best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return best;
}

/// Gaussian of σ 0.02 with a few channels of larger scale and a few single outliers, as trained layers have.
std::vector<std::byte> weight(DType dtype) {
    std::mt19937_64 random(1);
    std::normal_distribution<float> gaussian(0, 0.02f);
    std::vector<float> pool(1 << 20);
    for (float& x : pool)
        x = gaussian(random);
    const std::size_t size = dtype == DType::F32 ? 4 : 2;
    std::vector<std::byte> bytes(static_cast<std::size_t>(rows * columns) * size);
    for (std::int64_t i = 0; i < rows * columns; ++i) {
        if (i % 4096 == 0) random.discard(1);
        float x = pool[static_cast<std::size_t>(random() >> 44)];
        if (i % columns % 3001 == 7) x *= 4;
        if (i % 1'000'003 == 0) x = 0.5f;
        if (dtype == DType::F32) {
            std::memcpy(bytes.data() + 4 * i, &x, 4);
            continue;
        }
        const std::uint16_t bits = dtype == DType::F16 ? float_to_float16(x) : float_to_bfloat16(x);
        std::memcpy(bytes.data() + 2 * i, &bits, 2);
    }
    return bytes;
}

void measure(DType dtype, int runs) {
    const std::vector<std::byte> bytes = weight(dtype);
    std::vector<std::byte> copy(bytes.size());
    const auto source = MatrixSource::in_place(dtype, bytes, rows, columns);
    const double gigabytes = static_cast<double>(bytes.size()) / 1e9;
    constexpr std::int64_t piece = std::int64_t{1} << 20;
    volatile double kept = 0;
    const double memcpy_seconds = best_of(runs, [&] {
        parallel_for(static_cast<std::int64_t>(bytes.size()), piece, [&](std::int64_t begin, std::int64_t end) {
            std::memcpy(copy.data() + begin, bytes.data() + begin, static_cast<std::size_t>(end - begin));
        });
    });
    const double sum_seconds = best_of(runs, [&] {
        std::vector<double> sums(rows);
        parallel_for(rows, 64, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t r = begin; r < end; ++r)
                sums[static_cast<std::size_t>(r)] = kernels::table().sum(source.kind(), source.row(r), columns);
        });
        for (double sum : sums)
            kept = kept + sum;
    });
    StatisticsOptions moments;
    moments.percentiles = false;
    const auto seconds_of = [&](const StatisticsOptions& options) {
        return best_of(runs, [&] {
            Progress progress;
            kept = weight_statistics(source, options, progress).tensor.kurtosis;
        });
    };
    const double moments_seconds = seconds_of(moments), everything_seconds = seconds_of({});
    // memcpy reads and writes: its traffic is twice the buffer.
    std::printf("%-5s memcpy %6.2f GB/s  sum %6.2f GB/s (%3.0f %% of memcpy)  moments and extremes %5.1f %%  "
                "everything %5.1f %% of the sum  (%.1f ms, %.1f ms, %.1f ms)\n",
                std::string(name(dtype)).c_str(), 2 * gigabytes / memcpy_seconds, gigabytes / sum_seconds,
                100 * (memcpy_seconds / 2) / sum_seconds, 100 * sum_seconds / moments_seconds,
                100 * sum_seconds / everything_seconds, 1e3 * sum_seconds, 1e3 * moments_seconds,
                1e3 * everything_seconds);
}

} // namespace

int main(int argc, char** argv) {
    const int runs = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
    for (auto dtype : {DType::F32, DType::F16, DType::BF16})
        measure(dtype, runs);
    return 0;
}
