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
    parallel_for(tile.height, 1, [&](std::int64_t begin, std::int64_t end) {
        RowWindow window(source);
        std::vector<double> sums(cells);
        std::vector<std::int64_t> counts(cells);
        for (std::int64_t y = begin; y < end; ++y) {
            float* out = tile.values.data() + y * tile.width;
            std::fill(sums.begin(), sums.end(), 0.0);
            std::fill(counts.begin(), counts.end(), 0);
            const std::int64_t bottom = (y + 1) * rows / tile.height;
            for (std::int64_t r = y * rows / tile.height; r < bottom; ++r) {
                progress.check();
                const std::byte* at = window.rows(first_row + r, 1)[0];
                for (std::int64_t x = 0; x < tile.width; ++x) {
                    const auto cell = static_cast<std::size_t>(x);
                    const std::int64_t right = (x + 1) * columns / tile.width;
                    for (std::int64_t c = x * columns / tile.width; c < right; ++c) {
                        const float value = value_at(source.kind(), at, first_column + c);
                        if (!std::isfinite(value)) continue;
                        const double magnitude = tile.exact ? value : std::abs(value);
                        sums[cell] = maximum && !tile.exact ? std::max(sums[cell], magnitude) : sums[cell] + magnitude;
                        ++counts[cell];
                    }
                }
            }
            for (std::size_t x = 0; x < cells; ++x)
                if (counts[x] > 0)
                    out[x] = static_cast<float>(maximum ? sums[x] : sums[x] / static_cast<double>(counts[x]));
        }
    });
    return tile;
}

} // namespace quantscope
