// Sums of all columns over a tile and over a band of rows.
#include "core/statistics/band_columns.h"

#include <algorithm>
#include <limits>

namespace quantscope {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

template <typename T>
void add_counts(std::vector<T>& to, const std::vector<T>& from) {
    if (from.empty()) return;
    to.resize(from.size());
    for (std::size_t c = 0; c < from.size(); ++c)
        to[c] += from[c];
}

template <typename T>
void keep_largest(std::vector<T>& to, const T* from) {
    for (std::size_t c = 0; c < to.size(); ++c)
        to[c] = std::max(to[c], from[c]);
}

} // namespace

TileColumns::TileColumns(kernels::Kind kind, std::int64_t columns)
    : kind_(kind)
    , columns_(static_cast<std::size_t>(columns)) {
    sums_.resize(4 * columns_);
    if (kind == kernels::Kind::f32)
        extremes_.resize(2 * columns_);
    else
        positive_.resize(columns_), negative_.resize(columns_);
    for (int p = 0; p < 4; ++p)
        view_.sums[p] = sums_.data() + static_cast<std::size_t>(p) * columns_;
    view_.low = extremes_.data();
    view_.high = extremes_.data() + (kind == kernels::Kind::f32 ? columns_ : 0);
    view_.positive = positive_.data();
    view_.negative = negative_.data();
    clear();
}

void TileColumns::clear() {
    std::fill(sums_.begin(), sums_.end(), 0.0f);
    if (kind_ == kernels::Kind::f32) {
        std::fill_n(extremes_.begin(), columns_, infinity);
        std::fill_n(extremes_.begin() + static_cast<std::ptrdiff_t>(columns_), columns_, -infinity);
    } else {
        std::fill(positive_.begin(), positive_.end(), std::int16_t{-32768});
        std::fill(negative_.begin(), negative_.end(), std::uint16_t{0});
    }
}

void BandColumns::clear(kernels::Kind kind, std::size_t columns) {
    sums.assign(4 * columns, 0.0);
    if (kind == kernels::Kind::f32) {
        low.assign(columns, infinity);
        high.assign(columns, -infinity);
    } else {
        positive.assign(columns, -32768);
        negative.assign(columns, 0);
    }
    non_finite.clear();
    zeros.clear();
}

void BandColumns::add(const kernels::ColumnSums& tile, std::size_t columns) {
    for (std::size_t p = 0; p < 4; ++p) {
        double* to = sums.data() + p * columns;
        const float* from = tile.sums[p];
        for (std::size_t c = 0; c < columns; ++c)
            to[c] += static_cast<double>(from[c]);
    }
    for (std::size_t c = 0; c < low.size(); ++c) {
        low[c] = std::min(low[c], tile.low[c]);
        high[c] = std::max(high[c], tile.high[c]);
    }
    keep_largest(positive, tile.positive);
    keep_largest(negative, tile.negative);
}

void BandColumns::add(const BandColumns& next) {
    for (std::size_t i = 0; i < sums.size(); ++i)
        sums[i] += next.sums[i];
    for (std::size_t c = 0; c < low.size(); ++c) {
        low[c] = std::min(low[c], next.low[c]);
        high[c] = std::max(high[c], next.high[c]);
    }
    keep_largest(positive, next.positive.data());
    keep_largest(negative, next.negative.data());
    add_counts(non_finite, next.non_finite);
    add_counts(zeros, next.zeros);
}

} // namespace quantscope
