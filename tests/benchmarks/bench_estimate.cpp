// How long the live preview takes on a large layer: making its histogram once, and one estimate with its curves.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <random>
#include <vector>

#include "core/schemes/estimate.h"
#include "core/schemes/parameter.h"

using namespace quantscope;
using nlohmann::json;

namespace {

constexpr std::int64_t rows = 4096, columns = 11008;

json resolved(const json& grid, const char* clipping) {
    return {{"grid", resolved_member(Choice::grid, grid, "grid")},
            {"clipping", resolved_member(Choice::clipping, {{"name", clipping}}, "clipping")},
            {"rounding", resolved_member(Choice::rounding, {{"name", "nearest"}}, "rounding")}};
}

template <typename Work>
double milliseconds(const Work& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return 1e3 * std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void time_scheme(const WeightRows& source, const char* grid, const json& cut, const char* clipping) {
    json values{{"name", grid}, {"bits", 4}};
    values.update(cut);
    const json scheme = resolved(values, clipping);
    Progress progress;
    std::shared_ptr<const ErrorHistogram> histogram;
    const double once = milliseconds([&] { histogram = make_error_histogram(source, scheme, progress); });
    for (const bool curves : {false, true}) {
        std::vector<double> times;
        const std::clock_t processor = std::clock();
        for (int i = 0; i < 40; ++i)
            times.push_back(milliseconds([&] { estimate_error(*histogram, scheme, curves); }));
        const double used = 1e3 * double(std::clock() - processor) / CLOCKS_PER_SEC / double(times.size());
        std::sort(times.begin(), times.end());
        std::printf("%-10s %-8s %-8s %-6s %9.2f %9.2f %9.2f %9.1f\n", grid,
                    cut["granularity"].get<std::string>().c_str(), clipping, curves ? "yes" : "no",
                    times[times.size() / 2], times[times.size() * 95 / 100], used, once);
    }
}

} // namespace

int main() {
    std::vector<float> values(rows * columns);
    std::mt19937 random(1);
    std::normal_distribution<float> gauss(0, 0.02f);
    std::vector<float> pool(1 << 20);
    for (float& w : pool)
        w = gauss(random);
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = pool[(i * 7 + i / pool.size() * 13) % pool.size()];
    const WeightRows source{"made up", "layer", rows, columns,
                            [&](std::int64_t first, std::int64_t count, std::span<float> out) {
                                std::copy_n(values.begin() + first * columns, count * columns, out.begin());
                            }};
    std::puts("milliseconds on 4096 x 11008 float32\n"
              "grid       unit     clipping curves    median  95th pct processor    once");
    for (const char* grid : {"uniform", "piecewise"})
        for (const json& cut : {json{{"granularity", "channel"}}, json{{"granularity", "group"}, {"group", 64}},
                                json{{"granularity", "tensor"}}})
            for (const char* clipping : {"coefficient", "percentile", "mse"})
                time_scheme(source, grid, cut, clipping);
    return 0;
}
