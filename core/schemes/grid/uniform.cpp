// Uniform integer grid: equal steps, b bits, symmetric (three ranges in use) or asymmetric with a zero point or
// minimum.
#include <cmath>
#include <limits>

#include "core/schemes/describe.h"
#include "core/schemes/grid/granularity.h"
#include "core/schemes/grid/grid.h"
#include "core/schemes/grid/lanes.h"
#include "core/schemes/stored_numbers.h"

namespace quantscope {

namespace {

/// What a code stands for: scale · (code − zero) + minimum; codes are kept within [lowest, highest].
struct Affine {
    float scale = 1, zero = 0, minimum = 0;
};

struct alignas(64) Candidates {
    Lanes scale, inverse, minimum, lowest, highest; ///< the last two bound (w − minimum)/scale, rounded
};

template <bool Weighted, bool Power>
QUANTSCOPE_INLINE void add_errors(const float* values, const float* importance, std::size_t begin, std::size_t end,
                                  const Candidates& candidates, double* sums) {
    const Candidates c = candidates;
    for (std::size_t first = begin; first < end; first += 512) { // floats add up 512 errors before doubles take over
        Lanes sum{};
        const std::size_t last = std::min(end, first + 512);
        for (std::size_t i = first; i < last; ++i) {
            const Lanes x = (values[i] - c.minimum) * c.inverse;
            Lanes clamped = x < c.lowest ? c.lowest : x;
            clamped = clamped > c.highest ? c.highest : clamped;
            const Lanes e = (x - rounded(clamped)) * c.scale;
            Lanes error = e * e;
            if constexpr (Power) error = power_1_2(error);
            if constexpr (Weighted) error *= importance[i];
            sum += error;
        }
        for (std::size_t k = 0; k < lane_count; ++k)
            sums[k] += double(sum[k]);
    }
}

QUANTSCOPE_CLONES void uniform_errors(const float* values, const float* importance, std::size_t begin, std::size_t end,
                                      std::span<const Candidates> blocks, bool power, double* sums) {
    for (const auto& block : blocks) {
        if (importance && power)
            add_errors<true, true>(values, importance, begin, end, block, sums);
        else if (importance)
            add_errors<true, false>(values, importance, begin, end, block, sums);
        else if (power)
            add_errors<false, true>(values, importance, begin, end, block, sums);
        else
            add_errors<false, false>(values, importance, begin, end, block, sums);
        sums += lane_count;
    }
}

class UniformMethod : public GridMethod {
public:
    explicit UniformMethod(const nlohmann::json& values)
        : granularity_(values)
        , bits_(values.at("bits").get<int>())
        , symmetric_(values.at("symmetric").get<bool>())
        , stores_minimum_(!symmetric_ && values.at("offset").get<std::string>() == "minimum")
        , range_(values.at("range").get<std::string>())
        , lowest_(symmetric_ && range_ == "narrow" ? 1 : 0)
        , highest_(static_cast<float>((1 << bits_) - 1)) {}

    Units units(std::int64_t rows, std::int64_t columns) const override { return granularity_.units(rows, columns); }
    int code_bits() const override { return bits_; }
    bool symmetric() const override { return symmetric_; }
    DType scale_dtype() const override { return granularity_.scale_dtype(); }

    std::vector<ArrayPlan> arrays(const Units& units, DType scale_dtype) const override {
        std::vector<ArrayPlan> plans{{"scale", scale_dtype, parameter_shape(units)}};
        if (symmetric_) return plans;
        if (stores_minimum_)
            plans.push_back({"minimum", scale_dtype, parameter_shape(units)});
        else if (units.whole())
            plans.push_back({"zero", DType::U8, {1}});
        else
            plans.push_back({"zero", DType::U8, {units.rows, packed_bytes(units.per_row, bits_)}});
        return plans;
    }

    UnitFit choose(const UnitWeights& unit, std::span<const Range> ranges, const FitOptions& options) const override {
        std::size_t best = 0;
        double least = std::numeric_limits<double>::quiet_NaN();
        if (ranges.size() > 1) {
            const auto all = errors(unit, ranges, options);
            best = static_cast<std::size_t>(std::min_element(all.begin(), all.end()) - all.begin());
            least = all[best];
        }
        const Affine a = affine(ranges[best], options.scale_dtype);
        return {{a.scale, stores_minimum_ ? a.minimum : a.zero}, ranges[best], least};
    }

    std::vector<double> errors(const UnitWeights& unit, std::span<const Range> ranges,
                               const FitOptions& options) const override {
        std::vector<Candidates> blocks((ranges.size() + lane_count - 1) / lane_count);
        for (std::size_t i = 0; i < blocks.size() * lane_count; ++i) {
            const Affine a = affine(ranges[std::min(i, ranges.size() - 1)], options.scale_dtype);
            auto& block = blocks[i / lane_count];
            const std::size_t lane = i % lane_count;
            block.scale[lane] = a.scale;
            block.inverse[lane] = 1 / a.scale;
            block.minimum[lane] = a.minimum;
            block.lowest[lane] = lowest_ - a.zero;
            block.highest[lane] = highest_ - a.zero;
        }
        std::vector<double> errors(blocks.size() * lane_count);
        const float* importance = unit.importance.empty() ? nullptr : unit.importance.data();
        sum_errors(unit.values.size(), errors, options.check, [&](std::size_t begin, std::size_t end, double* sums) {
            uniform_errors(unit.values.data(), importance, begin, end, blocks, options.norm != 2, sums);
        });
        errors.resize(ranges.size());
        return errors;
    }

    bool exceeds_float16(const UnitParameters& p) const override {
        return outside_float16(p[0]) || (stores_minimum_ && std::abs(p[1]) >= 65504);
    }

    void encode_nearest(const UnitParameters& p, std::span<const float> weights,
                        std::span<std::uint16_t> codes) const override {
        const Affine a = from(p);
        const float low = lowest_ - a.zero, high = highest_ - a.zero;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            const float x = std::clamp((weights[i] - a.minimum) / a.scale, low, high);
            codes[i] = static_cast<std::uint16_t>(((x + 12582912.0f) - 12582912.0f) + a.zero);
        }
    }
    void decode(const UnitParameters& p, std::span<const std::uint16_t> codes,
                std::span<float> weights) const override {
        const Affine a = from(p);
        if (stores_minimum_)
            for (std::size_t i = 0; i < codes.size(); ++i)
                weights[i] = a.scale * float(codes[i]) + a.minimum;
        else
            for (std::size_t i = 0; i < codes.size(); ++i)
                weights[i] = a.scale * (float(codes[i]) - a.zero);
    }
    Range covered(const UnitParameters& p) const override {
        const Affine a = from(p);
        if (symmetric_ && range_ == "full") { // edges half a step beyond the levels' middle
            const float limit = std::abs(a.scale) * highest_ / 2;
            return {-limit, limit};
        }
        const float first = a.scale * (lowest_ - a.zero) + a.minimum, last = a.scale * (highest_ - a.zero) + a.minimum;
        return {std::min(first, last), std::max(first, last)};
    }

    void store(std::int64_t unit, const UnitParameters& p, const Units& units, Arrays& arrays) const override {
        store_number(arrays.at("scale"), unit, p[0]);
        if (stores_minimum_)
            store_number(arrays.at("minimum"), unit, p[1]);
        else if (!symmetric_)
            store_packed(arrays.at("zero"), unit, units, bits_, static_cast<unsigned>(p[1]));
    }
    UnitParameters load(std::int64_t unit, const Units& units, const Arrays& arrays) const override {
        const float scale = load_number(arrays.at("scale"), unit);
        if (symmetric_) return {scale, static_cast<float>(1 << (bits_ - 1))};
        if (stores_minimum_) return {scale, load_number(arrays.at("minimum"), unit)};
        return {scale, static_cast<float>(load_packed(arrays.at("zero"), unit, units, bits_))};
    }

private:
    Affine from(const UnitParameters& p) const {
        return stores_minimum_ ? Affine{p[0], 0, p[1]} : Affine{p[0], p[1], 0};
    }

    /// The grid over a range, with its numbers as they will be stored.
    Affine affine(const Range& range, DType dtype) const {
        if (symmetric_) return {symmetric_scale(range, dtype), static_cast<float>(1 << (bits_ - 1)), 0};
        const double width = double(range.high) - double(range.low);
        if (width == 0) return {};
        const float scale = stored_scale(width / highest_, dtype);
        if (stores_minimum_) return {scale, 0, rounded_to(dtype, range.low)};
        const double zero = std::nearbyint(-double(range.low) / scale);
        return {scale, static_cast<float>(std::clamp(zero, 0.0, double(highest_))), 0};
    }
    float symmetric_scale(const Range& range, DType dtype) const {
        const double limit = range.limit();
        if (limit == 0) return 1;
        if (range_ == "narrow") return stored_scale(limit / ((1 << (bits_ - 1)) - 1), dtype);
        if (range_ == "full") return stored_scale(2 * limit / highest_, dtype);
        // signed-max: the entry of largest magnitude maps to the lowest code, which is one step farther out
        const bool positive = range.high >= -range.low;
        const float scale = stored_scale(limit / (1 << (bits_ - 1)), dtype);
        return positive ? -scale : scale;
    }

    Granularity granularity_;
    int bits_;
    bool symmetric_, stores_minimum_;
    std::string range_;
    float lowest_, highest_;
};

class Uniform : public Grid {
    Description describe() const override {
        using namespace describe;
        std::vector<Parameter> parameters{
            integer({"bits", "Bits", "bits", "Stored bits of each weight's code."}, 4, 2, 8),
            flag({"symmetric", "Symmetric", "", "Levels centred on 0 and no zero point; saves its bits."}, false),
            only_with(
                "symmetric", {"true"},
                option({"range", "Range", "",
                        "full: 2^b levels, 0 the middle one; narrow: ±(2^(b−1) − 1) steps; signed-max: the largest "
                        "weight maps to −2^(b−1), as in GGUF Q4_0."},
                       "full", {"full", "narrow", "signed-max"})),
            only_with(
                "symmetric", {"false"},
                option({"offset", "Offset", "",
                        "zero_point: an integer of b bits, 0 stays exact; minimum: a stored number, as in GGUF Q4_1."},
                       "zero_point", {"zero_point", "minimum"}))};
        append_granularity(parameters);
        return {.choice = Choice::grid,
                .name = "uniform",
                .label = "Uniform integer",
                .help = "Equal steps over the range, the form every runtime can read. With small groups it follows the "
                        "weights' local size.",
                .source = "Jacob et al. 2018, section 2; ranges as in GPTQ, compressed-tensors and llama.cpp",
                .parameters = parameters};
    }
    std::unique_ptr<GridMethod> method(const nlohmann::json& values) const override {
        return std::make_unique<UniformMethod>(values);
    }
};

} // namespace

std::unique_ptr<Grid> make_uniform() { return std::make_unique<Uniform>(); }

} // namespace quantscope
