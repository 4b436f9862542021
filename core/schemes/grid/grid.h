// A grid is the set of representable values and how their codes and parameters are stored. `Grid` is the registered
// member; `GridMethod` is the grid with its parameters set, which fits, encodes and decodes units.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/schemes/fitted_site.h"
#include "core/schemes/member.h"
#include "core/schemes/unit.h"

namespace quantscope {

/// What a unit stores, as the float32 values that its stored bytes decode to. What each number means is the grid's
/// business: uniform {scale, zero or minimum}, piecewise {the pieces' scales}.
using UnitParameters = std::array<float, 4>;

struct UnitFit {
    UnitParameters parameters{};
    Range range;      ///< the clip range that was chosen
    double error = 0; ///< Σ importance · |w − ŵ|^norm, as the search saw it; NaN when nothing had to be searched
};

/// One array that a site of a grid stores.
struct ArrayPlan {
    std::string name;
    DType dtype{};
    std::vector<std::int64_t> shape;
    std::uint64_t bytes() const;
};

/// What a fit minimises and how its scales are rounded.
struct FitOptions {
    double norm = 2;                  ///< exponent of the error
    DType scale_dtype = DType::F16;   ///< F16, BF16 or F32: scales are rounded to it before anything is measured
    std::function<void()> check = {}; ///< called often; throws Cancelled
};

class GridMethod {
public:
    virtual ~GridMethod() = default;

    virtual Units units(std::int64_t rows, std::int64_t columns) const = 0;
    virtual int code_bits() const = 0;     ///< stored bits of one code
    virtual bool symmetric() const = 0;    ///< only max(−low, high) of a range matters
    virtual DType scale_dtype() const = 0; ///< as asked for
    virtual int weights_per_code() const { return 1; }

    /// Everything a site stores beside the codes. \param scale_dtype as used, wider than asked for when need be
    virtual std::vector<ArrayPlan> arrays(const Units& units, DType scale_dtype) const = 0;

    /// Chooses a unit's parameters: the best over the ranges, measured with scales rounded as they will be stored.
    virtual UnitFit choose(const UnitWeights& unit, std::span<const Range> ranges, const FitOptions& options) const = 0;
    /// The error of each range, other parameters as `choose` would take them; Σ importance · |w − ŵ|^norm.
    virtual std::vector<double> errors(const UnitWeights& unit, std::span<const Range> ranges,
                                       const FitOptions& options) const = 0;
    /// Whether a scale of these parameters would be subnormal or infinite in fp16.
    virtual bool exceeds_float16(const UnitParameters& parameters) const = 0;

    /// The nearest level's code for each weight, ties to the even code.
    virtual void encode_nearest(const UnitParameters& parameters, std::span<const float> weights,
                                std::span<std::uint16_t> codes) const = 0;
    virtual void decode(const UnitParameters& parameters, std::span<const std::uint16_t> codes,
                        std::span<float> weights) const = 0;
    /// Positive breakpoints, smallest first; empty for grids without.
    virtual std::vector<float> breakpoints(const UnitParameters& parameters) const {
        (void)parameters;
        return {};
    }
    /// Lowest and highest value the grid covers (the outer edges, not the outer levels).
    virtual Range covered(const UnitParameters& parameters) const = 0;

    using Arrays = std::map<std::string, StoredArray>;
    virtual void store(std::int64_t unit, const UnitParameters& parameters, const Units& units,
                       Arrays& arrays) const = 0;
    virtual UnitParameters load(std::int64_t unit, const Units& units, const Arrays& arrays) const = 0;
};

class Grid : public Member {
public:
    /// \param values resolved parameters
    virtual std::unique_ptr<GridMethod> method(const nlohmann::json& values) const = 0;
};

} // namespace quantscope
