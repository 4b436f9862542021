// Piecewise linear grid (PWLQ): the range is split at breakpoints and each piece has equal steps of its own, finer
// where weights are dense.
#include <cmath>
#include <limits>
#include <numeric>

#include "core/schemes/describe.h"
#include "core/schemes/grid/granularity.h"
#include "core/schemes/grid/piecewise_search.h"

namespace quantscope {

namespace {

enum class Breakpoint { search, closed_form, fixed };

struct Moments {
    double standard_deviation = 0, kurtosis = 3;
};

Moments moments(const UnitWeights& unit) {
    double weight = 0, mean = 0;
    const auto importance = [&](std::size_t i) { return unit.importance.empty() ? 1.0 : double(unit.importance[i]); };
    for (std::size_t i = 0; i < unit.values.size(); ++i) {
        weight += importance(i);
        mean += importance(i) * double(unit.values[i]);
    }
    mean /= weight;
    double second = 0, fourth = 0;
    for (std::size_t i = 0; i < unit.values.size(); ++i) {
        const double square = std::pow(double(unit.values[i]) - mean, 2);
        second += importance(i) * square;
        fourth += importance(i) * square * square;
    }
    second /= weight;
    fourth /= weight;
    return {std::sqrt(second), second > 0 ? fourth / (second * second) : 3};
}

class PiecewiseMethod : public GridMethod {
public:
    explicit PiecewiseMethod(const nlohmann::json& values)
        : granularity_(values)
        , shape_{.bits = values.at("bits").get<int>() + (values.at("count").get<std::string>() == "paper"),
                 .pieces = values.at("pieces").get<int>(),
                 .overlapping = values.at("overlapping").get<bool>(),
                 .mid_rise = values.at("center").get<std::string>() == "mid-rise"}
        , fraction_(values.at("breakpoint_fraction").get<double>())
        , distribution_(values.at("distribution").get<std::string>())
        , corrected_(values.at("bias_correction").get<std::string>() == "weight-moments") {
        const auto breakpoint = values.at("breakpoint").get<std::string>();
        breakpoint_ = breakpoint == "search"  ? Breakpoint::search
                      : breakpoint == "fixed" ? Breakpoint::fixed
                                              : Breakpoint::closed_form;
    }

    Units units(std::int64_t rows, std::int64_t columns) const override { return granularity_.units(rows, columns); }
    int code_bits() const override { return shape_.bits; }
    bool symmetric() const override { return true; }
    DType scale_dtype() const override { return granularity_.scale_dtype(); }

    std::vector<ArrayPlan> arrays(const Units& units, DType scale_dtype) const override {
        auto shape = parameter_shape(units);
        shape.push_back(shape_.pieces);
        std::vector<ArrayPlan> plans{{"scale", scale_dtype, shape}};
        // Gain and shift of each output channel: fit_site.h fills them in and applies them.
        if (corrected_) plans.push_back({"correction", scale_dtype, {units.rows, 2}});
        return plans;
    }

    UnitFit choose(const UnitWeights& unit, std::span<const Range> ranges, const FitOptions& options) const override {
        std::vector<float> limits;
        for (const auto& range : ranges)
            if (range.limit() > 0) limits.push_back(range.limit());
        if (limits.empty()) return {.parameters = {}, .range = ranges[0], .error = 0}; // all zero: scales 0 decode to 0
        PiecewiseSearch search(shape_, unit, options);
        const auto found = breakpoint_ == Breakpoint::search ? search.search(limits)
                                                             : search.search(limits, breakpoints_for(unit, limits));
        const float limit = found.edges[static_cast<std::size_t>(shape_.pieces - 1)];
        return {piecewise_scales(shape_, found.edges, options.scale_dtype), {-limit, limit}, found.error};
    }

    std::vector<double> errors(const UnitWeights& unit, std::span<const Range> ranges,
                               const FitOptions& options) const override {
        if (breakpoint_ == Breakpoint::search || shape_.pieces > 2) { // each range has a search of its own
            std::vector<double> found;
            for (const auto& range : ranges)
                found.push_back(choose(unit, {&range, 1}, options).error);
            return found;
        }
        std::vector<float> limits;
        for (const auto& range : ranges)
            limits.push_back(std::max(range.limit(), 1e-30f)); // 0: everything saturates
        const auto breakpoints = breakpoints_for(unit, limits);
        std::vector<PiecewiseEdges> edges;
        for (std::size_t i = 0; i < limits.size(); ++i)
            edges.push_back({breakpoints[i], limits[i], 0, 0});
        return PiecewiseSearch(shape_, unit, options).errors(edges);
    }

    bool exceeds_float16(const UnitParameters& p) const override {
        for (const float scale : p)
            if (outside_float16(scale)) return true;
        return false;
    }
    void encode_nearest(const UnitParameters& p, std::span<const float> weights,
                        std::span<std::uint16_t> codes) const override {
        const PiecewiseLevels levels(shape_, p);
        for (std::size_t i = 0; i < weights.size(); ++i)
            codes[i] = levels.nearest(weights[i]);
    }
    void decode(const UnitParameters& p, std::span<const std::uint16_t> codes,
                std::span<float> weights) const override {
        const PiecewiseLevels levels(shape_, p);
        const unsigned count = 1u << shape_.bits;
        if (codes.size() >= 2 * count) { // a table pays off
            std::array<float, 512> table{};
            for (unsigned code = 0; code < count; ++code)
                table[code] = levels.level(code);
            for (std::size_t i = 0; i < codes.size(); ++i)
                weights[i] = table[codes[i] & 511];
        } else {
            for (std::size_t i = 0; i < codes.size(); ++i)
                weights[i] = levels.level(codes[i]);
        }
    }
    std::vector<float> breakpoints(const UnitParameters& p) const override {
        const PiecewiseLevels levels(shape_, p);
        std::vector<float> edges;
        for (int piece = 0; piece + 1 < shape_.pieces; ++piece)
            edges.push_back(levels.edge(piece));
        return edges;
    }
    Range covered(const UnitParameters& p) const override {
        const float limit = PiecewiseLevels(shape_, p).edge(shape_.pieces - 1);
        return {-limit, limit};
    }

    void store(std::int64_t unit, const UnitParameters& p, const Units&, Arrays& arrays) const override {
        auto& scale = arrays.at("scale");
        for (int r = 0; r < shape_.pieces; ++r)
            store_number(scale, unit * shape_.pieces + r, p[static_cast<std::size_t>(r)]);
    }
    UnitParameters load(std::int64_t unit, const Units&, const Arrays& arrays) const override {
        const auto& scale = arrays.at("scale");
        UnitParameters p{};
        for (int r = 0; r < shape_.pieces; ++r)
            p[static_cast<std::size_t>(r)] = load_number(scale, unit * shape_.pieces + r);
        return p;
    }

private:
    /// Breakpoints that need no search: a fixed share of each limit, or the closed form of PWLQ, where the limit is
    /// counted in standard deviations (METHODS: within 1.3 % of the optimum for m = 3…10).
    std::vector<float> breakpoints_for(const UnitWeights& unit, const std::vector<float>& limits) const {
        std::vector<float> breakpoints;
        if (breakpoint_ == Breakpoint::fixed) {
            for (const float limit : limits)
                breakpoints.push_back(static_cast<float>(fraction_ * limit));
            return breakpoints;
        }
        const auto [deviation, kurtosis] = moments(unit);
        // Gaussian has kurtosis 3, Laplace 6.
        const bool laplace = distribution_ == "laplace" || (distribution_ == "auto" && kurtosis > 4.5);
        for (const float limit : limits) {
            const double m = deviation > 0 ? limit / deviation : 0;
            const double p = laplace ? 0.8030 * std::sqrt(m) - 0.3167 : std::log(0.8614 * m + 0.6079);
            const double fraction = m > 0 ? std::clamp(p / m, 0.02, 0.98) : 0.5;
            breakpoints.push_back(static_cast<float>(fraction * limit));
        }
        return breakpoints;
    }

    Granularity granularity_;
    PiecewiseShape shape_;
    double fraction_;
    std::string distribution_;
    bool corrected_;
    Breakpoint breakpoint_ = Breakpoint::search;
};

class Piecewise : public Grid {
    Description describe() const override {
        using namespace describe;
        std::vector<Parameter> parameters{
            integer({"bits", "Bits", "bits", "Bits of each weight's code."}, 4, 2, 8),
            integer(
                {"pieces", "Pieces", "", "Pieces on each side of 0, each with steps of its own; 3 and 4 need 3 bits."},
                2, 2, 4),
            option({"breakpoint", "Breakpoint", "",
                    "search: least error, together with the clip when that is searched; closed-form: from the limit in "
                    "standard deviations; fixed: a share of the limit."},
                   "search", {"search", "closed-form", "fixed"}),
            only_with("breakpoint", {"fixed"},
                      real({"breakpoint_fraction", "p / m", "× limit",
                            "Where the range is split, as a share of its limit; 0.5 is the uniform grid."},
                           0.35, 0.02, 0.98)),
            only_with("breakpoint", {"closed-form"},
                      option({"distribution", "Distribution", "",
                              "Whose closed form is used; auto picks by each unit's kurtosis."},
                             "auto", {"auto", "gaussian", "laplace"})),
            option({"center", "Centre", "",
                    "mid-rise: levels at ±½ step, none at 0; mid-tread: a level at 0. Mid-rise wins at low bits."},
                   "mid-rise", {"mid-rise", "mid-tread"}),
            flag({"overlapping", "Overlapping", "", "Every piece's levels start at 0 instead of at its lower edge."},
                 false),
            option(
                {"count", "Count", "",
                 "stored: bits are what a code takes; paper: bits in each region as PWLQ counts, one more is stored."},
                "stored", {"stored", "paper"}),
            option({"bias_correction", "Bias correction", "",
                    "weight-moments: gives each output channel its original mean and spread back; stores two numbers "
                    "each."},
                   "none", {"none", "weight-moments"})};
        append_granularity(parameters);
        return {.choice = Choice::grid,
                .name = "piecewise",
                .label = "Piecewise linear",
                .help =
                    "Fine steps around 0 where most weights are, coarse steps in the tails. Searched breakpoints cut "
                    "the error of uniform steps at equal bits.",
                .source = "Fang et al. 2020 (PWLQ), section 3",
                .parameters = parameters};
    }
    std::string conflict(const nlohmann::json& values) const override {
        const int stored = values.at("bits").get<int>() + (values.at("count").get<std::string>() == "paper");
        if (values.at("pieces").get<int>() > 2 && stored < 3)
            return std::to_string(values.at("pieces").get<int>()) +
                   " pieces need codes of 3 bits or more; raise bits, or "
                   "use 2 pieces";
        return {};
    }
    std::unique_ptr<GridMethod> method(const nlohmann::json& values) const override {
        return std::make_unique<PiecewiseMethod>(values);
    }
};

} // namespace

std::unique_ptr<Grid> make_piecewise() { return std::make_unique<Piecewise>(); }

} // namespace quantscope
