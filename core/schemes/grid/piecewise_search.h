// Finds the edges (breakpoints and clip limit) of a piecewise grid that minimise a unit's error, with scales rounded as
// they will be stored.
#pragma once

#include <optional>
#include <vector>

#include "core/schemes/grid/piecewise_levels.h"

namespace quantscope {

/// Outer edges of the pieces, increasing; the last is the clip limit m.
using PiecewiseEdges = std::array<float, 4>;

/// The stored scales for given edges.
UnitParameters piecewise_scales(const PiecewiseShape& shape, const PiecewiseEdges& edges, DType scale_dtype);

class PiecewiseSearch {
public:
    PiecewiseSearch(const PiecewiseShape& shape, const UnitWeights& unit, const FitOptions& options);

    struct Found {
        PiecewiseEdges edges{};
        double error = 0;
    };
    /// Main breakpoint and limit together (or the breakpoint alone where there is one limit). The candidates include
    /// p = m/2 for every limit, so that the result is never worse than the uniform grid of the same centre.
    /// \param limits  candidates for m, largest first, > 0
    Found search(const std::vector<float>& limits);
    /// The best limit where each has its breakpoint given. \param breakpoints  as many as limits, in (0, m)
    Found search(const std::vector<float>& limits, const std::vector<float>& breakpoints);
    /// Error of given edges.
    std::vector<double> errors(const std::vector<PiecewiseEdges>& edges) const;

private:
    /// Two pieces' main breakpoint as edges of all pieces: further pieces start as halves, which changes nothing yet.
    PiecewiseEdges with_halves(float breakpoint, float limit) const;
    Found joint_search(const std::vector<float>& limits) const;
    Found best_of(const std::vector<PiecewiseEdges>& edges) const;
    Found refine(Found start, const std::vector<float>& limits, double limit_step) const;
    /// Moves the breakpoints beside the main one.
    void search_further_pieces(Found& found) const;

    PiecewiseShape shape_;
    FitOptions options_;
    std::vector<float> magnitudes_; ///< |w|: all for mid-rise; for mid-tread the positive ones, then the negative ones
    std::vector<float> importance_; ///< in the same order, or empty
    std::size_t positive_ = 0;      ///< how many come first
};

} // namespace quantscope
