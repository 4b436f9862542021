// One site after fitting: packed codes and stored parameters. Decoding it gives exactly what was evaluated, and its
// bytes are exactly what a packed file stores for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint/dtype.h"

namespace quantscope {

/// A stored array beside the codes: "scale", "zero", "breakpoint", …; written as tensor `<site>.<name>`.
struct StoredArray {
    DType dtype{};
    std::vector<std::int64_t> shape;
    std::vector<std::byte> data;
};

/// Exact comparison of decoded with source weights, over the whole site.
struct SiteError {
    double mse = 0;       ///< mean of (w − ŵ)²
    double sqnr_db = 0;   ///< 10·log10(Σw² / Σ(w − ŵ)²); infinite when exact
    double cosine = 1;
    double max_error = 0; ///< max |w − ŵ|
    double relative = 0;  ///< ‖W − Ŵ‖ / ‖W‖ (Frobenius)
    double saturated = 0; ///< fraction of weights beyond the clip range
};

struct FittedSite {
    std::string name;                ///< the site's name
    std::int64_t rows = 0, columns = 0;
    nlohmann::json scheme;           ///< resolved: what was asked for, all defaults filled in
    std::map<std::string, StoredArray> arrays; ///< "codes" and the grid's parameters
    SiteError error;

    std::uint64_t bytes() const;           ///< every stored byte
    double bits_per_weight() const;        ///< 8 · bytes / (rows · columns)
    /// Decodes rows [first, first + count). \param out count · columns values
    /// \throws FormatError naming the site when the arrays do not fit the scheme (a hostile packed file)
    void decode_rows(std::int64_t first, std::int64_t count, std::span<float> out) const;
};

} // namespace quantscope
