// The levels of a piecewise linear grid: how 2^B codes are split into pieces, what each code stands for, and which code is
// nearest. Plain arithmetic; the search for the edges is in piecewise_search.h.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "core/schemes/grid/grid.h"

namespace quantscope {

/// The shape of a piecewise grid, the same for all units. Each side of 0 has 2^(bits−1) codes, split into pieces: half
/// and half for two pieces; half, quarter, quarter for three; four quarters for four. The *main* breakpoint is the one
/// that halves the codes.
struct PiecewiseShape {
    int bits = 4; ///< stored bits of a code
    int pieces = 2;
    bool overlapping = false; ///< every piece's levels start at 0 instead of at the piece's lower edge
    bool mid_rise = true;     ///< levels at odd half steps, none at 0; else mid-tread, at whole steps

    int side() const { return 1 << (bits - 1); }
    int count(int piece) const { ///< codes of a piece on one side
        if (pieces == 2 || (pieces == 3 && piece == 0)) return side() / 2;
        return side() / 4;
    }
    int main_edge() const { return pieces == 4 ? 1 : 0; } ///< index of the main breakpoint among the edges
};

/// One unit's grid. `scale` is what is stored; the edges follow from it.
struct PiecewiseLevels {
    PiecewiseShape shape;
    UnitParameters scale{};
    std::array<float, 4> base{}; ///< where a piece's levels start

    PiecewiseLevels(const PiecewiseShape& s, const UnitParameters& scales) : shape(s), scale(scales) {
        if (shape.overlapping) return;
        for (int r = 1; r < shape.pieces; ++r) {
            const auto i = static_cast<std::size_t>(r);
            base[i] = base[i - 1] + static_cast<float>(shape.count(r - 1)) * scale[i - 1];
        }
    }
    /// Outer edge of a piece: a breakpoint, or the clip limit for the last.
    float edge(int piece) const {
        const auto i = static_cast<std::size_t>(piece);
        return base[i] + static_cast<float>(shape.count(piece)) * scale[i];
    }
    /// Where within its step a level lies. Mid-tread repeats two's complement: the positive side starts at 0, the negative
    /// side one step out.
    float offset(bool negative) const { return shape.mid_rise ? 0.5f : negative ? 1.0f : 0.0f; }

    float level(unsigned code) const {
        const int index = static_cast<int>(code) - shape.side();
        const bool negative = index < 0;
        int k = negative ? -1 - index : index;
        int piece = 0;
        while (piece + 1 < shape.pieces && k >= shape.count(piece)) k -= shape.count(piece++);
        const auto i = static_cast<std::size_t>(piece);
        const float magnitude = base[i] + (static_cast<float>(k) + offset(negative)) * scale[i];
        return negative ? -magnitude : magnitude;
    }

    /// The code of the level nearest to w, ties within a piece to the even index, between pieces to the inner one.
    std::uint16_t nearest(float w) const {
        const bool negative = w < 0;
        const float a = std::abs(w), o = offset(negative);
        int best = 0, before = 0;
        float least = INFINITY;
        for (int piece = 0; piece < shape.pieces; before += shape.count(piece++)) {
            const auto i = static_cast<std::size_t>(piece);
            const float s = scale[i];
            if (s == 0) continue;
            // Negative weights close to 0 are nearest to the positive side's level 0: index −1.
            const float first = piece == 0 && o == 1 ? -1.0f : 0.0f;
            const float x = std::clamp((a - base[i]) / s - o, first, static_cast<float>(shape.count(piece) - 1));
            const float k = (x + 12582912.0f) - 12582912.0f;
            const float error = std::abs(a - (base[i] + (k + o) * s));
            if (error < least) {
                least = error;
                best = before + static_cast<int>(k);
            }
        }
        return static_cast<std::uint16_t>(negative ? shape.side() - 1 - best : shape.side() + best);
    }
};

} // namespace quantscope
