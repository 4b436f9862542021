// Sums of powers and what follows from them; the sample that is taken before the first walk.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/statistics/moment_sweep.h"

namespace quantscope {

PowerSums::PowerSums()
    : low(std::numeric_limits<float>::infinity())
    , high(-std::numeric_limits<float>::infinity()) {}

void PowerSums::add(double value) {
    const double d = value - shift;
    ++count;
    powers[0] += d;
    powers[1] += d * d;
    powers[2] += d * d * d;
    powers[3] += d * d * d * d;
    low = std::min(low, static_cast<float>(value));
    high = std::max(high, static_cast<float>(value));
}

PowerSums& PowerSums::operator+=(const PowerSums& other) {
    count += other.count;
    for (int p = 0; p < 4; ++p)
        powers[p] += other.powers[p];
    low = std::min(low, other.low);
    high = std::max(high, other.high);
    return *this;
}

PowerSums PowerSums::shifted(double to) const {
    PowerSums moved = *this;
    const double n = static_cast<double>(count), d = shift - to, d2 = d * d;
    moved.shift = to;
    moved.powers[0] = powers[0] + n * d;
    moved.powers[1] = powers[1] + 2 * d * powers[0] + n * d2;
    moved.powers[2] = powers[2] + 3 * d * powers[1] + 3 * d2 * powers[0] + n * d2 * d;
    moved.powers[3] = powers[3] + 4 * d * powers[2] + 6 * d2 * powers[1] + 4 * d2 * d * powers[0] + n * d2 * d2;
    return moved;
}

double PowerSums::mean() const { return count ? shift + powers[0] / static_cast<double>(count) : NAN; }

double PowerSums::variance() const {
    if (count == 0) return NAN;
    if (low == high) return 0;
    const double n = static_cast<double>(count), d = powers[0] / n;
    return std::max(0.0, powers[1] / n - d * d);
}

double PowerSums::skewness() const {
    const double m2 = variance();
    if (!(m2 > 0)) return NAN;
    const double n = static_cast<double>(count), d = powers[0] / n;
    return (powers[2] / n - 3 * d * powers[1] / n + 2 * d * d * d) / (m2 * std::sqrt(m2));
}

double PowerSums::kurtosis() const {
    const double m2 = variance();
    if (!(m2 > 0)) return NAN;
    const double n = static_cast<double>(count), d = powers[0] / n;
    return (powers[3] / n - 4 * d * powers[2] / n + 6 * d * d * powers[1] / n - 3 * d * d * d * d) / (m2 * m2);
}

bool PowerSums::cancels() const {
    if (count == 0 || low == high) return false;
    const double d = powers[0] / static_cast<double>(count);
    // Rounding errors of some 1e-6 (bfloat16 has few values, so they add up) grow by 1 + (d/σ)² in the variance and by
    // about the square of that in the kurtosis.
    return d * d > variance();
}

Sample sample_of(const MatrixSource& source) {
    constexpr std::int64_t rows_wanted = 32, columns_wanted = 128;
    Sample sample;
    if (source.rows() == 0 || source.columns() == 0) return sample;
    std::vector<float> values, decoded(static_cast<std::size_t>(source.is_in_place() ? 0 : source.columns()));
    const std::int64_t rows = std::min(rows_wanted, source.rows()),
                       columns = std::min(columns_wanted, source.columns());
    for (std::int64_t i = 0; i < rows; ++i) {
        const std::int64_t row = i * source.rows() / rows;
        if (!source.is_in_place()) source.read(row, 1, decoded);
        for (std::int64_t j = 0; j < columns; ++j) {
            // Places that drift from row to row, so that no pattern in the columns is met again and again.
            const std::int64_t column = (j * source.columns() / columns + i * 7) % source.columns();
            const float value =
                source.is_in_place() ? source.at(row, column) : decoded[static_cast<std::size_t>(column)];
            if (std::isfinite(value)) values.push_back(value);
        }
    }
    if (values.size() < 2) return sample;
    std::sort(values.begin(), values.end());
    const std::size_t cut = values.size() / 200; // half a percent on each side
    double sum = 0, squares = 0;
    const double middle = values[values.size() / 2], kept = static_cast<double>(values.size() - 2 * cut);
    for (std::size_t i = cut; i < values.size() - cut; ++i) {
        sum += values[i] - middle;
        squares += (values[i] - middle) * (values[i] - middle);
    }
    sample.mean = middle + sum / kept;
    sample.deviation = std::sqrt(std::max(0.0, squares / kept - sum / kept * sum / kept));
    if (std::abs(sample.mean) > 0.5 * sample.deviation) sample.shift = static_cast<float>(sample.mean);
    const double unit = sample.deviation > 0 ? sample.deviation : 1;
    for (float value : values)
        sample.sorted.push_back((value - sample.mean) / unit);
    sample.window = window_of(values, sample.deviation);
    return sample;
}

PercentileShape Sample::shape(double percent) const {
    if (sorted.size() < 16) return {};
    const double n = static_cast<double>(sorted.size() - 1), p = percent / 100;
    const auto at = [&](double rank) {
        const double place = std::clamp(rank, 0.0, 1.0) * n;
        const std::size_t below = static_cast<std::size_t>(place), above = std::min(below + 1, sorted.size() - 1);
        return sorted[below] + (place - std::floor(place)) * (sorted[above] - sorted[below]);
    };
    const double reach = std::max(0.003, 0.25 * std::min(p, 1 - p));
    const double low = std::max(0.0, p - reach), high = std::min(1.0, p + reach);
    return {at(p), std::max(1e-6, (at(high) - at(low)) / (high - low))};
}

} // namespace quantscope
