// A part of a weight as a small picture.
#include <algorithm>
#include <cmath>

#include "core/base/parallel.h"
#include "core/statistics/keys.h"
#include "core/statistics/moment_sweep.h"
#include "core/statistics/weight_statistics.h"

namespace quantscope {

namespace {

void check_inside(std::int64_t first, std::int64_t count, std::int64_t all, const char* what) {
    if (first < 0 || count < 1 || first > all || count > all - first)
        throw ShapeError("", what,
                         "the part " + std::to_string(first) + " + " + std::to_string(count) +
                             " does not lie within the " + std::to_string(all) +
                             " of the weight; choose a smaller one");
}

/// One row of cells.
struct Pool {
    RowWindow window;
    kernels::Kind kind;
    std::int64_t first_column, columns, width;
    std::vector<float> magnitudes; // per column
    std::vector<double> sums;      // per cell
    std::vector<std::int64_t> counts;

    std::int64_t left(std::int64_t cell) const { return cell * columns / width; }
    bool quick(std::int64_t top, std::int64_t bottom, bool maximum, std::span<float> out);
    void careful(std::int64_t top, std::int64_t bottom, bool maximum, bool exact, std::span<float> out);
};

/// Rows [top, bottom) all columns at a time. \returns false when a value is not finite
bool Pool::quick(std::int64_t top, std::int64_t bottom, bool maximum, std::span<float> out) {
    constexpr std::int64_t rows_at_once = 64; // what float32 sums hold
    std::fill(out.begin(), out.end(), 0.0f);
    sums.assign(out.size(), 0.0);
    for (std::int64_t row = top; row < bottom; row += rows_at_once) {
        magnitudes.assign(static_cast<std::size_t>(columns), 0.0f);
        for (std::int64_t r = row; r < std::min(bottom, row + rows_at_once); ++r) {
            const std::byte* at = window.rows(r, 1)[0] + first_column * value_bytes(kind);
            if (!kernels::table().pool(kind, at, columns, maximum, magnitudes.data())) return false;
        }
        for (std::int64_t x = 0; x < width; ++x)
            for (std::int64_t c = left(x); c < left(x + 1); ++c) {
                const double magnitude = magnitudes[static_cast<std::size_t>(c)];
                double& sum = sums[static_cast<std::size_t>(x)];
                sum = maximum ? std::max(sum, magnitude) : sum + magnitude;
            }
    }
    for (std::int64_t x = 0; x < width; ++x) {
        const auto values = static_cast<double>((bottom - top) * (left(x + 1) - left(x)));
        out[static_cast<std::size_t>(x)] =
            static_cast<float>(sums[static_cast<std::size_t>(x)] / (maximum ? 1.0 : values));
    }
    return std::all_of(out.begin(), out.end(), [](float value) { return std::isfinite(value); });
}

/// The same value by value, leaving out what is not finite.
void Pool::careful(std::int64_t top, std::int64_t bottom, bool maximum, bool exact, std::span<float> out) {
    std::fill(out.begin(), out.end(), NAN);
    sums.assign(out.size(), 0.0);
    counts.assign(out.size(), 0);
    for (std::int64_t r = top; r < bottom; ++r) {
        const std::byte* at = window.rows(r, 1)[0];
        for (std::int64_t x = 0; x < width; ++x) {
            const auto cell = static_cast<std::size_t>(x);
            for (std::int64_t c = left(x); c < left(x + 1); ++c) {
                const float value = value_at(kind, at, first_column + c);
                if (!std::isfinite(value)) continue;
                const double magnitude = exact ? value : std::abs(value);
                sums[cell] = maximum && !exact ? std::max(sums[cell], magnitude) : sums[cell] + magnitude;
                ++counts[cell];
            }
        }
    }
    for (std::size_t x = 0; x < out.size(); ++x)
        if (counts[x] > 0) out[x] = static_cast<float>(maximum ? sums[x] : sums[x] / static_cast<double>(counts[x]));
}

} // namespace

PooledTile pooled_tile(const MatrixSource& source, std::int64_t first_row, std::int64_t first_column, std::int64_t rows,
                       std::int64_t columns, int height, int width, bool maximum, Progress& progress) {
    check_inside(first_row, rows, source.rows(), "rows");
    check_inside(first_column, columns, source.columns(), "columns");
    if (height < 1 || width < 1) throw ShapeError("", "tile", "needs at least one cell; ask for a larger one");
    PooledTile tile;
    tile.exact = rows <= height && columns <= width;
    tile.height = static_cast<int>(std::min<std::int64_t>(height, rows));
    tile.width = static_cast<int>(std::min<std::int64_t>(width, columns));
    const auto cells = static_cast<std::size_t>(tile.width);
    tile.values.assign(static_cast<std::size_t>(tile.height) * cells, NAN);
    // Cell y holds rows [y · rows / height, (y + 1) · rows / height), and so do columns: none is empty.
    parallel_for(tile.height, 4, [&](std::int64_t begin, std::int64_t end) {
        Pool pool{RowWindow(source), source.kind(), first_column, columns, tile.width, {}, {}, {}};
        for (std::int64_t y = begin; y < end; ++y) {
            progress.check();
            const std::int64_t top = first_row + y * rows / tile.height,
                               bottom = first_row + (y + 1) * rows / tile.height;
            const std::span<float> out = std::span(tile.values).subspan(static_cast<std::size_t>(y) * cells, cells);
            if (tile.exact || !pool.quick(top, bottom, maximum, out))
                pool.careful(top, bottom, maximum, tile.exact, out);
        }
    });
    return tile;
}

} // namespace quantscope
