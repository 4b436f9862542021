// Decoding of fitted sites, and their sizes.
#include "core/schemes/fitted_site.h"

#include <cmath>

#include "core/base/errors.h"
#include "core/schemes/site_arrays.h"
#include "core/schemes/stored_numbers.h"

namespace quantscope {

std::uint64_t FittedSite::bytes() const {
    std::uint64_t total = 0;
    for (const auto& [name, array] : arrays)
        total += array.data.size();
    return total;
}

double FittedSite::bits_per_weight() const {
    const double weights = double(rows) * double(columns);
    return weights > 0 ? 8 * double(bytes()) / weights : 0;
}

void FittedSite::decode_rows(std::int64_t first, std::int64_t count, std::span<float> out) const {
    const OpenSite open(*this);
    if (first < 0 || count < 0 || first > rows || count > rows - first ||
        out.size() != static_cast<std::size_t>(count) * static_cast<std::size_t>(columns))
        throw ShapeError({}, name,
                         std::to_string(count) + " rows from row " + std::to_string(first) + " were asked for, into " +
                             std::to_string(out.size()) + " values; it is [" + std::to_string(rows) + ", " +
                             std::to_string(columns) + "]");
    const auto correction = arrays.find("correction");
    std::vector<std::uint16_t> codes(static_cast<std::size_t>(columns));
    for (std::int64_t row = first; row < first + count; ++row) {
        const auto decoded = out.subspan(static_cast<std::size_t>((row - first) * columns), codes.size());
        unpack_codes(code_row(*this, row, open.grid->code_bits()), open.grid->code_bits(), 0, codes);
        for (std::int64_t segment = 0; segment < open.units.segments(); ++segment) {
            const auto begin = static_cast<std::size_t>(segment * open.units.width);
            const std::size_t width = std::min(static_cast<std::size_t>(open.units.width), codes.size() - begin);
            const UnitParameters parameters = open.grid->load(open.units.in_row(row) + segment, open.units, arrays);
            for (const float parameter : parameters)
                if (!std::isfinite(parameter))
                    throw FormatError({}, name,
                                      "row " + std::to_string(row) +
                                          " has a scale that is not finite; the packed file is damaged");
            open.grid->decode(parameters, std::span(codes).subspan(begin, width), decoded.subspan(begin, width));
        }
        if (correction != arrays.end()) apply_correction(decoded, correction->second, row);
    }
}

} // namespace quantscope
