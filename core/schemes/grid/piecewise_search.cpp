// The piecewise search: coarse over limits and breakpoints together, then finer steps around the best few. Sixteen
// candidates are tried on each weight at a time (lanes.h).
#include "core/schemes/grid/piecewise_search.h"

#include <algorithm>
#include <cmath>

#include "core/schemes/grid/granularity.h"
#include "core/schemes/grid/lanes.h"

namespace quantscope {

namespace {

constexpr std::size_t max_pieces = 4;

/// Sixteen grids for the weights of one side.
struct alignas(64) Candidates {
    Lanes scale[max_pieces], inverse[max_pieces], base[max_pieces];
    Lanes threshold[max_pieces]; ///< from where on a piece's levels are nearer than those of the piece before
};

/// What all candidates of a side share.
struct Side {
    float offset = 0.5f;            ///< where within its step a level lies
    float highest[max_pieces] = {}; ///< highest index of each piece
};

/// Distance of a magnitude to the nearest level, of all candidates. The innermost piece needs no lower bound: its index
/// rounds to 0, or on mid-tread's negative side to −1, which is the level 0.
template <int Pieces, bool Overlapping>
QUANTSCOPE_INLINE Lanes distance(const Candidates& c, const Side& side, float magnitude) {
    const Lanes a = Lanes{} + magnitude;
    if constexpr (Overlapping) {
        Lanes least{};
        for (int r = 0; r < Pieces; ++r) {
            const Lanes x = a * c.inverse[r] - side.offset;
            const Lanes top = Lanes{} + side.highest[r];
            Lanes k = x > top ? top : x;
            if (r > 0) k = k < Lanes{} ? Lanes{} : k;
            Lanes e = (x - rounded(k)) * c.scale[r];
            e = e < Lanes{} ? -e : e;
            if (r == 0)
                least = e;
            else
                least = e < least ? e : least;
        }
        return least;
    } else {
        Lanes scale = c.scale[0];
        Lanes x = a * c.inverse[0] - side.offset;
        Lanes top = Lanes{} + side.highest[0];
        Lanes bottom = Lanes{} - 1.0f;
        for (int r = 1; r < Pieces; ++r) {
            const LanesInt beyond = a > c.threshold[r];
            const Lanes here = (a - c.base[r]) * c.inverse[r] - side.offset;
            x = beyond ? here : x;
            scale = beyond ? c.scale[r] : scale;
            bottom = beyond ? Lanes{} : bottom;
            if (Pieces > 2) top = beyond ? Lanes{} + side.highest[r] : top;
        }
        Lanes k = x > top ? top : x;
        k = k < bottom ? bottom : k;
        return (x - rounded(k)) * scale;
    }
}

template <int Pieces, bool Overlapping>
QUANTSCOPE_INLINE void add_errors(const float* magnitudes, const float* importance, std::size_t begin, std::size_t end,
                                  const Candidates& candidates, const Side& side, bool power, double* sums) {
    const Candidates c = candidates;
    const Side s = side;
    for (std::size_t first = begin; first < end; first += 512) { // floats add up 512 errors before doubles take over
        Lanes sum{};
        const std::size_t last = std::min(end, first + 512);
        if (!importance && !power) {
            for (std::size_t i = first; i < last; ++i) {
                const Lanes e = distance<Pieces, Overlapping>(c, s, magnitudes[i]);
                sum += e * e;
            }
        } else {
            for (std::size_t i = first; i < last; ++i) {
                const Lanes e = distance<Pieces, Overlapping>(c, s, magnitudes[i]);
                const Lanes error = power ? power_1_2(e * e) : e * e;
                sum += importance ? error * importance[i] : error;
            }
        }
        for (std::size_t k = 0; k < lane_count; ++k)
            sums[k] += double(sum[k]);
    }
}

QUANTSCOPE_CLONES void piecewise_errors(const float* magnitudes, const float* importance, std::size_t begin,
                                        std::size_t end, std::span<const Candidates> blocks, const Side& side,
                                        const PiecewiseShape& shape, bool power, double* sums) {
    for (const auto& block : blocks) {
        const auto run = [&]<int Pieces, bool Overlapping>() __attribute__((always_inline)) {
            add_errors<Pieces, Overlapping>(magnitudes, importance, begin, end, block, side, power, sums);
        };
        if (shape.overlapping) {
            if (shape.pieces == 2)
                run.template operator()<2, true>();
            else if (shape.pieces == 3)
                run.template operator()<3, true>();
            else
                run.template operator()<4, true>();
        } else {
            if (shape.pieces == 2)
                run.template operator()<2, false>();
            else if (shape.pieces == 3)
                run.template operator()<3, false>();
            else
                run.template operator()<4, false>();
        }
        sums += lane_count;
    }
}

/// Rounds to fp16's or bf16's number of digits. In fp16's subnormal range this is finer than fp16, which does not
/// matter: a site with such scales is fitted again with fp32 scales.
QUANTSCOPE_INLINE Lanes rounded_to(DType dtype, Lanes x) {
    if (dtype == DType::F32) return x;
    const int dropped = dtype == DType::F16 ? 13 : 16;
    LanesInt bits = (LanesInt)x;
    bits = (bits + ((1 << (dropped - 1)) - 1) + ((bits >> dropped) & 1)) & -(1 << dropped);
    return (Lanes)bits;
}

/// Sixteen candidates' grids from their edges, for one side.
QUANTSCOPE_CLONES void fill_candidates(const PiecewiseShape& shape, const PiecewiseEdges* edges, std::size_t count,
                                       DType dtype, float offset, Candidates& out) {
    Lanes inner{};
    Lanes base{};
    for (int r = 0; r < shape.pieces; ++r) {
        Lanes outer{};
        for (std::size_t k = 0; k < lane_count; ++k)
            outer[k] = edges[std::min(k, count - 1)][static_cast<std::size_t>(r)];
        const float levels = static_cast<float>(shape.count(r));
        const Lanes scale = rounded_to(dtype, (shape.overlapping ? outer : outer - inner) * (1 / levels));
        out.scale[r] = scale;
        out.inverse[r] = 1.0f / scale;
        out.base[r] = base;
        if (r > 0) {
            const float last = static_cast<float>(shape.count(r - 1) - 1) + offset;
            out.threshold[r] = 0.5f * (out.base[r - 1] + last * out.scale[r - 1] + base + offset * scale);
        }
        if (!shape.overlapping) base = base + levels * scale;
        inner = outer;
    }
}

float interpolated(const std::vector<float>& limits, double position) {
    const double clamped = std::clamp(position, 0.0, double(limits.size() - 1));
    const auto below = static_cast<std::size_t>(clamped);
    const std::size_t above = std::min(below + 1, limits.size() - 1);
    const auto part = static_cast<float>(clamped - double(below));
    return limits[below] + part * (limits[above] - limits[below]);
}

constexpr float lowest_fraction = 0.02f, highest_fraction = 0.98f;

} // namespace

UnitParameters piecewise_scales(const PiecewiseShape& shape, const PiecewiseEdges& edges, DType scale_dtype) {
    UnitParameters scales{};
    for (int r = 0; r < shape.pieces; ++r) {
        const auto i = static_cast<std::size_t>(r);
        const float inner = r == 0 || shape.overlapping ? 0 : edges[i - 1];
        scales[i] = stored_scale((edges[i] - inner) * (1 / static_cast<float>(shape.count(r))), scale_dtype);
    }
    return scales;
}

PiecewiseSearch::PiecewiseSearch(const PiecewiseShape& shape, const UnitWeights& unit, const FitOptions& options)
    : shape_(shape)
    , options_(options) {
    const auto& values = unit.values;
    magnitudes_.reserve(values.size());
    importance_.reserve(unit.importance.size());
    const auto take = [&](auto&& wanted) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (!wanted(values[i])) continue;
            magnitudes_.push_back(std::abs(values[i]));
            if (!unit.importance.empty()) importance_.push_back(unit.importance[i]);
        }
    };
    if (shape_.mid_rise) {
        take([](float) { return true; });
        positive_ = values.size();
    } else {
        take([](float w) { return w >= 0; });
        positive_ = magnitudes_.size();
        take([](float w) { return w < 0; });
    }
}

std::vector<double> PiecewiseSearch::errors(const std::vector<PiecewiseEdges>& edges) const {
    const std::size_t count = (edges.size() + lane_count - 1) / lane_count;
    std::vector<Candidates> blocks(count);
    std::vector<double> errors(count * lane_count), total(count * lane_count);
    const auto add_side = [&](std::size_t begin, std::size_t end, float offset) {
        if (begin == end) return;
        Side side{.offset = offset};
        for (int r = 0; r < shape_.pieces; ++r)
            side.highest[r] = static_cast<float>(shape_.count(r) - 1);
        for (std::size_t i = 0; i < count; ++i)
            fill_candidates(shape_, edges.data() + i * lane_count, edges.size() - i * lane_count, options_.scale_dtype,
                            offset, blocks[i]);
        const float* values = magnitudes_.data() + begin;
        const float* importance = importance_.empty() ? nullptr : importance_.data() + begin;
        sum_errors(end - begin, errors, options_.check, [&](std::size_t first, std::size_t last, double* sums) {
            piecewise_errors(values, importance, first, last, blocks, side, shape_, options_.norm != 2, sums);
        });
        for (std::size_t i = 0; i < total.size(); ++i)
            total[i] += errors[i];
    };
    if (shape_.mid_rise) {
        add_side(0, magnitudes_.size(), 0.5f);
    } else {
        add_side(0, positive_, 0);
        add_side(positive_, magnitudes_.size(), 1);
    }
    total.resize(edges.size());
    return total;
}

PiecewiseEdges PiecewiseSearch::with_halves(float breakpoint, float limit) const {
    switch (shape_.pieces) {
    case 3:
        return {breakpoint, (breakpoint + limit) / 2, limit, 0};
    case 4:
        return {breakpoint / 2, breakpoint, (breakpoint + limit) / 2, limit};
    default:
        return {breakpoint, limit, 0, 0};
    }
}

PiecewiseSearch::Found PiecewiseSearch::best_of(const std::vector<PiecewiseEdges>& edges) const {
    const auto all = errors(edges);
    std::size_t best = 0;
    for (std::size_t i = 1; i < all.size(); ++i)
        if (all[i] < all[best]) best = i;
    return {edges[best], all[best]};
}

PiecewiseSearch::Found PiecewiseSearch::search(const std::vector<float>& limits,
                                               const std::vector<float>& breakpoints) {
    std::vector<PiecewiseEdges> edges;
    for (std::size_t i = 0; i < limits.size(); ++i)
        edges.push_back(with_halves(breakpoints[i], limits[i]));
    Found found = best_of(edges), unclipped = best_of({edges.front()});
    search_further_pieces(found);
    if (shape_.pieces > 2) search_further_pieces(unclipped);
    return unclipped.error < found.error ? unclipped : found;
}

PiecewiseSearch::Found PiecewiseSearch::search(const std::vector<float>& limits) {
    const Found joint = joint_search(limits);
    if (limits.size() == 1) return joint;
    // The widest limit is searched as if it were the only one: so clipping never ends worse than not clipping.
    const Found unclipped = joint_search({limits.front()});
    return unclipped.error < joint.error ? unclipped : joint;
}

PiecewiseSearch::Found PiecewiseSearch::joint_search(const std::vector<float>& limits) const {
    // Coarse: some 20 limits with breakpoints from the centre of sharply peaked to that of flat distributions.
    static constexpr float joint[] = {0.05f, 0.10f, 0.15f, 0.20f, 0.24f, 0.28f,
                                      0.32f, 0.36f, 0.40f, 0.45f, 0.55f, 0.62f};
    static constexpr float alone[] = {0.02f, 0.04f, 0.06f, 0.08f, 0.10f, 0.12f, 0.14f, 0.16f, 0.18f, 0.20f, 0.22f,
                                      0.24f, 0.26f, 0.28f, 0.30f, 0.32f, 0.34f, 0.36f, 0.38f, 0.40f, 0.42f, 0.44f,
                                      0.47f, 0.53f, 0.56f, 0.60f, 0.65f, 0.70f, 0.75f, 0.80f, 0.90f};
    const bool one = limits.size() == 1;
    const std::span<const float> fractions = one ? std::span<const float>(alone) : std::span<const float>(joint);
    const std::size_t stride = std::max<std::size_t>(1, limits.size() / 20);
    std::vector<PiecewiseEdges> edges;
    for (const float limit : limits)
        edges.push_back(with_halves(limit / 2, limit));
    for (std::size_t i = 0; i < limits.size(); i += stride)
        for (const float fraction : fractions)
            edges.push_back(with_halves(fraction * limits[i], limits[i]));

    const auto all = errors(edges);
    std::vector<std::size_t> order(all.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    const std::size_t starts = one ? 2 : 3;
    const auto kept = static_cast<std::ptrdiff_t>(std::min(starts, order.size()));
    std::partial_sort(order.begin(), order.begin() + kept, order.end(),
                      [&](std::size_t a, std::size_t b) { return all[a] < all[b] || (all[a] == all[b] && a < b); });
    Found found{edges[order[0]], all[order[0]]};
    for (std::ptrdiff_t i = 0; i < kept; ++i) {
        const std::size_t start = order[static_cast<std::size_t>(i)];
        const Found refined = refine({edges[start], all[start]}, limits, double(stride) / 2);
        if (refined.error < found.error) found = refined;
    }
    search_further_pieces(found);
    return found;
}

PiecewiseSearch::Found PiecewiseSearch::refine(Found found, const std::vector<float>& limits, double limit_step) const {
    const auto main = static_cast<std::size_t>(shape_.main_edge());
    const auto last = static_cast<std::size_t>(shape_.pieces - 1);
    const bool one = limits.size() == 1 || limits.front() == limits.back();
    float fraction_step = one ? 0.004f : 0.02f;
    for (int round = 0; round < (one ? 2 : 4); ++round, limit_step /= 2, fraction_step /= one ? 6 : 2) {
        const float limit = found.edges[last], fraction = found.edges[main] / limit;
        // Where among the candidates the limit lies; they fall evenly.
        const double place =
            one ? 0
                : double(limits.front() - limit) / double(limits.front() - limits.back()) * double(limits.size() - 1);
        std::vector<PiecewiseEdges> edges;
        // Fifteen candidates and no more: they are tried at the price of one.
        for (int i = one ? 0 : -1; i <= (one ? 0 : 1); ++i) {
            const float m = one ? limit : interpolated(limits, place + i * limit_step);
            const int reach = one ? 7 : 2;
            for (int j = -reach; j <= reach; ++j) {
                const float f =
                    std::clamp(fraction + static_cast<float>(j) * fraction_step, lowest_fraction, highest_fraction);
                edges.push_back(with_halves(f * m, m));
            }
        }
        const Found best = best_of(edges);
        if (best.error < found.error) found = best;
    }
    return found;
}

void PiecewiseSearch::search_further_pieces(Found& found) const {
    if (shape_.pieces == 2) return;
    const int main = shape_.main_edge();
    for (int round = 0; round < 3; ++round) {
        for (int edge = 0; edge < shape_.pieces - 1; ++edge) {
            if (edge == main) continue;
            const auto i = static_cast<std::size_t>(edge);
            const float inner = edge == 0 ? 0 : found.edges[i - 1], outer = found.edges[i + 1];
            std::vector<PiecewiseEdges> edges;
            for (int k = 1; k < 32; ++k) {
                PiecewiseEdges moved = found.edges;
                moved[i] = inner + static_cast<float>(k) / 32 * (outer - inner);
                edges.push_back(moved);
            }
            const Found best = best_of(edges);
            if (best.error < found.error) found = best;
        }
    }
}

} // namespace quantscope
