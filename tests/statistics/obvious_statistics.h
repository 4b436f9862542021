// The slow obvious version of weight statistics that the tests hold the fast one against: everything in double, by the
// definitions, one set of values at a time. And the made-up weights that both are run on.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/base/half.h"
#include "core/statistics/matrix_source.h"

namespace quantscope::obvious {

struct Statistics {
    std::vector<double> sorted; // finite ones
    std::uint64_t zeros = 0, non_finite = 0;
    double min = NAN, max = NAN, absmax = NAN, mean = NAN, deviation = NAN, skewness = NAN, kurtosis = NAN;

    explicit Statistics(const std::vector<float>& values) {
        for (float value : values)
            if (std::isfinite(value))
                sorted.push_back(value);
            else
                ++non_finite;
        if (sorted.empty()) return;
        std::sort(sorted.begin(), sorted.end());
        min = sorted.front();
        max = sorted.back();
        absmax = std::max(std::fabs(min), std::fabs(max));
        const auto n = static_cast<double>(sorted.size());
        double sum = 0;
        for (double value : sorted) {
            sum += value;
            zeros += value == 0;
        }
        mean = min == max ? min : sum / n;
        double m2 = 0, m3 = 0, m4 = 0;
        for (double value : sorted) {
            const double d = value - mean;
            m2 += d * d / n;
            m3 += d * d * d / n;
            m4 += d * d * d * d / n;
        }
        deviation = std::sqrt(m2);
        if (min == max) return;
        skewness = m3 / std::pow(m2, 1.5);
        kurtosis = m4 / (m2 * m2);
    }

    double percentile(double percent) const {
        if (sorted.empty()) return NAN;
        const double place = percent / 100 * static_cast<double>(sorted.size() - 1);
        const auto below = static_cast<std::size_t>(place);
        const std::size_t above = std::min(below + 1, sorted.size() - 1);
        return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
    }
    /// By how many of the values' ranks `value` misses the percentile.
    double rank_error(double percent, double value) const {
        const double place = percent / 100 * static_cast<double>(sorted.size() - 1);
        const auto below = std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
        const auto not_above = std::upper_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
        // Equal values hold the ranks below … not_above − 1; a value between two has those of its neighbours.
        const double first = not_above > below ? static_cast<double>(below) : static_cast<double>(below) - 1;
        const double last = not_above > below ? static_cast<double>(not_above) - 1 : static_cast<double>(below);
        return std::max({0.0, first - place, place - last});
    }
};

/// A weight in one of the dtypes, and the float32 values it stands for.
struct Weight {
    std::int64_t rows = 0, columns = 0;
    DType dtype = DType::F32;
    std::vector<std::byte> bytes;
    std::vector<float> values;

    Weight(DType type, std::int64_t row_count, std::int64_t column_count, std::vector<float> wished)
        : rows(row_count)
        , columns(column_count)
        , dtype(type)
        , values(std::move(wished)) {
        bytes.resize(values.size() * (type == DType::F32 ? 4 : 2));
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (type == DType::F32) {
                std::memcpy(bytes.data() + 4 * i, &values[i], 4);
                continue;
            }
            const std::uint16_t bits = type == DType::F16 ? float_to_float16(values[i]) : float_to_bfloat16(values[i]);
            std::memcpy(bytes.data() + 2 * i, &bits, 2);
            values[i] = type == DType::F16 ? float16_to_float(bits) : bfloat16_to_float(bits);
        }
    }
    MatrixSource in_place() const { return MatrixSource::in_place(dtype, bytes, rows, columns); }
    MatrixSource decoded() const {
        return MatrixSource::decoded(
            [this](std::int64_t first, std::int64_t count, std::span<float> out) {
                std::copy_n(values.begin() + first * columns, count * columns, out.begin());
            },
            rows, columns);
    }
    std::vector<float> row(std::int64_t r) const {
        return {values.begin() + r * columns, values.begin() + (r + 1) * columns};
    }
    std::vector<float> column(std::int64_t c) const {
        std::vector<float> out;
        for (std::int64_t r = 0; r < rows; ++r)
            out.push_back(values[static_cast<std::size_t>(r * columns + c)]);
        return out;
    }
};

inline const std::vector<std::string>& distributions() {
    static const std::vector<std::string> names{
        "gaussian",   "far from zero", "all positive", "all negative", "heavy tails",    "one huge value", "one bin",
        "two values", "constant",      "zeros",        "sparse",       "few non-finite", "many infinite",  "all NaN",
        "denormal",   "huge",          "cubed",        "row scales",   "column offsets"};
    return names;
}

/// Those on which a search by interpolation goes astray, and bins of one width hold nearly everything or nothing.
inline const std::vector<std::string>& adversarial_distributions() {
    static const std::vector<std::string> names{"all equal but one", "two clusters", "thirty decades", "outlier column",
                                                "outlier row",       "steps",        "nearly sorted",  "tiny and huge",
                                                "negative decades",  "half denormal"};
    return names;
}

/// Every distribution's values, the same for the same arguments.
inline std::vector<float> values_of(const std::string& name, std::int64_t rows, std::int64_t columns,
                                    std::uint32_t seed = 1) {
    std::mt19937 random(seed);
    std::normal_distribution<float> gaussian;
    std::vector<float> values;
    const auto chance = [&](unsigned one_in) { return random() % one_in == 0; };
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t c = 0; c < columns; ++c) {
            const float g = 0.02f * gaussian(random);
            float x = g;
            if (name == "far from zero")
                x = 3.0f + g;
            else if (name == "all positive")
                x = std::fabs(g) + 1e-4f;
            else if (name == "all negative")
                x = -std::fabs(g) - 1e-4f;
            else if (name == "heavy tails")
                x = 0.01f * std::tan(1.57f * (static_cast<float>(random() % 20001) / 10000 - 1));
            else if (name == "one huge value")
                x = r == rows / 2 && c == columns / 3 ? 60000.0f : g;
            else if (name == "one bin")
                x = chance(50) ? 1000.0f * g : 1.0f + g * 1e-5f;
            else if (name == "two values")
                x = chance(3) ? -0.5f : 0.25f;
            else if (name == "constant")
                x = 0.375f;
            else if (name == "zeros")
                x = chance(2) ? 0.0f : -0.0f;
            else if (name == "sparse")
                x = chance(4) ? g : (chance(2) ? 0.0f : -0.0f);
            else if (name == "few non-finite" && chance(97))
                x = chance(2) ? NAN : -INFINITY;
            else if (name == "many infinite")
                x = chance(3) ? INFINITY : g;
            else if (name == "all NaN")
                x = NAN;
            else if (name == "denormal")
                x = g * 1e-38f;
            else if (name == "huge")
                x = g * 1e37f;
            else if (name == "cubed")
                x = 1e4f * g * g * g;
            else if (name == "row scales")
                x = g * std::exp2(static_cast<float>(r % 12));
            else if (name == "column offsets")
                x = g + 0.5f * static_cast<float>(c % 5);
            else if (name == "all equal but one")
                x = r == rows / 3 && c == columns / 2 ? -7.5f : 0.1f;
            else if (name == "two clusters")
                x = (chance(2) ? -1.0f : 1.0f) + 1e-3f * g;
            else if (name == "thirty decades" || name == "negative decades") {
                const float exponent = static_cast<float>(random() % 30001) / 1000 - 15;
                x = std::pow(10.0f, exponent) * (name == "thirty decades" && chance(2) ? 1.0f : -1.0f);
            } else if (name == "outlier column")
                x = c == columns / 2 ? 500 * g : g;
            else if (name == "outlier row")
                x = r == rows / 2 ? 500 * g : g;
            else if (name == "steps")
                x = 0.25f * static_cast<float>(random() % 7);
            else if (name == "nearly sorted")
                x = static_cast<float>(r * columns + c) / static_cast<float>(rows * columns) + 1e-3f * g;
            else if (name == "tiny and huge")
                x = chance(2) ? g * 1e-30f : g * 1e5f;
            else if (name == "half denormal")
                x = chance(2) ? g * 1e-38f : g;
            values.push_back(x);
        }
    return values;
}

} // namespace quantscope::obvious
