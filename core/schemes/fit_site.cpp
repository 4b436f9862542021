// Fits a site: one pass over its rows, in parallel, each row's units chosen, encoded, decoded again and compared.
#include "core/schemes/fit_site.h"

#include <atomic>
#include <cmath>
#include <mutex>
#include <thread>

#include "core/base/memory.h"
#include "core/base/parallel.h"
#include "core/schemes/registry.h"
#include "core/schemes/site_arrays.h"
#include "core/schemes/stored_numbers.h"

namespace quantscope {

namespace {

/// One row's share of a site's error.
struct RowSums {
    double signal = 0, error = 0, product = 0, decoded = 0, largest = 0;
    std::int64_t saturated = 0;
};

class Fit {
public:
    Fit(const WeightRows& source, const nlohmann::json& scheme, Progress& progress)
        : source_(source), scheme_(scheme), progress_(progress), parts_(scheme),
          units_(parts_.grid->units(source.rows, source.columns)),
          clipping_(clipping_named(scheme.at("clipping").at("name").get<std::string>())
                        .method(scheme.at("clipping"), parts_.grid->symmetric())),
          rounding_(rounding_named(scheme.at("rounding").at("name").get<std::string>())),
          caller_(std::this_thread::get_id()) {
        options_.norm = clipping_.norm;
        options_.check = [&progress] { progress.check(); };
    }

    FittedSite run() {
        refuse_without_memory();
        if (units_.whole()) read_whole();
        options_.scale_dtype = parts_.grid->scale_dtype();
        if (!attempt()) { // scales that fp16 cannot hold well
            options_.scale_dtype = DType::F32;
            attempt();
        }
        return std::move(site_);
    }

private:
    void refuse_without_memory() const {
        const std::uint64_t needed = fit_memory(scheme_, source_.rows, source_.columns);
        const std::uint64_t free = available_memory();
        if (needed <= free) return;
        const auto gigabytes = [](std::uint64_t bytes) { return std::to_string(bytes / 100'000'000 / 10.0).substr(0, 5); };
        throw IoError(source_.file, source_.name,
                      "fitting needs " + gigabytes(needed) + " GB of memory and " + gigabytes(free) + " GB are free; " +
                          (units_.whole() ? "use granularity channel or group, which streams the rows, or "
                                          : "use larger groups or ") +
                          "close other programs");
    }

    void check_finite(std::int64_t first_row, std::span<const float> weights) const {
        for (std::size_t i = 0; i < weights.size(); ++i) {
            if (std::abs(weights[i]) <= 1e37f) continue; // false for NaN
            const auto at = static_cast<std::int64_t>(i);
            const std::string value = std::isnan(weights[i])   ? "NaN"
                                      : std::isinf(weights[i]) ? "infinity"
                                                               : "a value beyond ±1e37";
            throw DataError(source_.file, source_.name,
                            "holds " + value + " at row " + std::to_string(first_row + at / source_.columns) +
                                ", column " + std::to_string(at % source_.columns) +
                                "; repair the checkpoint or leave this layer in float");
        }
    }

    void read_whole() {
        whole_.resize(static_cast<std::size_t>(source_.rows * source_.columns));
        parallel_for(source_.rows, grain(), [&](std::int64_t first, std::int64_t last) {
            progress_.check();
            const std::span<float> rows = std::span(whole_).subspan(
                static_cast<std::size_t>(first * source_.columns),
                static_cast<std::size_t>((last - first) * source_.columns));
            source_.read(first, last - first, rows);
            check_finite(first, rows);
        });
    }

    /// Rows that a thread takes at a time: few enough that a cancel is heard soon.
    std::int64_t grain() const { return std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, source_.columns)); }

    static UnitWeights unit_of(std::span<const float> weights) {
        UnitWeights unit{.values = weights, .importance = {}, .range = {}};
        for (const float w : weights) {
            unit.range.low = std::min(unit.range.low, w);
            unit.range.high = std::max(unit.range.high, w);
        }
        return unit;
    }

    UnitFit choose(std::span<const float> weights) {
        const UnitWeights unit = unit_of(weights);
        std::vector<Range> ranges;
        clipping_.ranges(unit, ranges);
        UnitFit fit = parts_.grid->choose(unit, ranges, options_);
        if (options_.scale_dtype == DType::F16 && parts_.grid->exceeds_float16(fit.parameters))
            too_fine_.store(true, std::memory_order_relaxed);
        return fit;
    }

    /// Fits all rows with the present scale type. \returns false when fp16 scales turned out not to do.
    bool attempt() {
        too_fine_.store(false);
        site_ = {};
        site_.name = source_.name;
        site_.rows = source_.rows;
        site_.columns = source_.columns;
        site_.scheme = scheme_;
        site_.arrays = allocated(planned_arrays(*parts_.grid, units_, options_.scale_dtype));
        sums_.assign(static_cast<std::size_t>(source_.rows), {});
        if (units_.whole()) {
            whole_fit_ = choose(whole_);
            if (too_fine_) return false;
            parts_.grid->store(0, whole_fit_.parameters, units_, site_.arrays);
        }
        std::atomic<std::int64_t> done{0};
        parallel_for(source_.rows, grain(), [&](std::int64_t first, std::int64_t last) {
            progress_.check();
            if (too_fine_.load(std::memory_order_relaxed)) return;
            fit_rows(first, last);
            const std::int64_t finished = done += last - first;
            // A listener hears of progress from the calling thread only; a second attempt starts where the first ended.
            if (std::this_thread::get_id() == caller_)
                progress_.report(reported_ = std::max(reported_, double(finished) / double(source_.rows)), source_.name);
        });
        if (too_fine_) return false;
        site_.error = total();
        return true;
    }

    void fit_rows(std::int64_t first, std::int64_t last) {
        const auto columns = static_cast<std::size_t>(source_.columns);
        std::vector<float> read;
        std::span<const float> rows;
        const auto count = static_cast<std::size_t>(last - first) * columns;
        if (units_.whole()) {
            rows = std::span(whole_).subspan(static_cast<std::size_t>(first) * columns, count);
        } else {
            read.resize(count);
            source_.read(first, last - first, read);
            check_finite(first, read);
            rows = read;
        }
        std::vector<float> decoded(columns);
        std::vector<std::uint16_t> codes(columns);
        for (std::int64_t row = first; row < last && !too_fine_.load(std::memory_order_relaxed); ++row)
            fit_row(row, rows.subspan(static_cast<std::size_t>(row - first) * columns, columns), codes, decoded);
    }

    void fit_row(std::int64_t row, std::span<const float> weights, std::span<std::uint16_t> codes,
                 std::span<float> decoded) {
        auto& sums = sums_[static_cast<std::size_t>(row)];
        for (std::int64_t segment = 0; segment < units_.segments(); ++segment) {
            if (segment % 64 == 0) progress_.check();
            const auto begin = static_cast<std::size_t>(segment * units_.width);
            const std::size_t width = std::min(static_cast<std::size_t>(units_.width), weights.size() - begin);
            const auto part = weights.subspan(begin, width);
            const UnitFit fit = units_.whole() ? whole_fit_ : choose(part);
            if (!units_.whole())
                parts_.grid->store(units_.in_row(row) + segment, fit.parameters, units_, site_.arrays);
            rounding_.round(*parts_.grid, fit.parameters, part, codes.subspan(begin, width));
            parts_.grid->decode(fit.parameters, codes.subspan(begin, width), decoded.subspan(begin, width));
            for (const float w : part) sums.saturated += w < fit.range.low || w > fit.range.high;
        }
        if (const auto correction = site_.arrays.find("correction"); correction != site_.arrays.end())
            correct_row(weights, decoded, correction->second, row);
        pack_codes(codes, parts_.grid->code_bits(), code_row(site_, row, parts_.grid->code_bits()));
        for (std::size_t i = 0; i < weights.size(); ++i) {
            const double w = weights[i], v = decoded[i], e = w - v;
            sums.signal += w * w;
            sums.error += e * e;
            sums.product += w * v;
            sums.decoded += v * v;
            sums.largest = std::max(sums.largest, std::abs(e));
        }
    }

    SiteError total() const {
        RowSums all;
        for (const auto& row : sums_) {
            all.signal += row.signal;
            all.error += row.error;
            all.product += row.product;
            all.decoded += row.decoded;
            all.largest = std::max(all.largest, row.largest);
            all.saturated += row.saturated;
        }
        const double count = std::max(1.0, double(source_.rows) * double(source_.columns));
        SiteError error;
        error.mse = all.error / count;
        error.sqnr_db = all.error > 0 ? 10 * std::log10(all.signal / all.error) : INFINITY;
        error.cosine = all.error == 0 ? 1 : all.signal > 0 && all.decoded > 0
                                          ? all.product / std::sqrt(all.signal * all.decoded)
                                          : 0;
        error.max_error = all.largest;
        error.relative = all.error == 0 ? 0 : std::sqrt(all.error / all.signal);
        error.saturated = double(all.saturated) / count;
        return error;
    }

    const WeightRows& source_;
    const nlohmann::json& scheme_;
    Progress& progress_;
    SchemeParts parts_;
    Units units_;
    ClippingMethod clipping_;
    const Rounding& rounding_;
    FitOptions options_;
    std::thread::id caller_;
    std::vector<float> whole_; ///< the site's weights, for granularity tensor
    UnitFit whole_fit_;
    FittedSite site_;
    std::vector<RowSums> sums_;
    std::atomic<bool> too_fine_{false};
    double reported_ = 0;
};

} // namespace

FittedSite fit_site(const WeightRows& source, const nlohmann::json& scheme, Progress& progress) {
    return Fit(source, scheme, progress).run();
}

std::uint64_t stored_bytes(const nlohmann::json& scheme, std::int64_t rows, std::int64_t columns, bool fp32_scales) {
    const SchemeParts parts(scheme);
    const DType dtype = fp32_scales ? DType::F32 : parts.grid->scale_dtype();
    std::uint64_t bytes = 0;
    for (const auto& plan : planned_arrays(*parts.grid, parts.grid->units(rows, columns), dtype)) bytes += plan.bytes();
    return bytes;
}

std::uint64_t fit_memory(const nlohmann::json& scheme, std::int64_t rows, std::int64_t columns) {
    const SchemeParts parts(scheme);
    const auto weights = static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(columns);
    const std::uint64_t result = stored_bytes(scheme, rows, columns, true) + std::uint64_t(rows) * sizeof(RowSums);
    // The whole tensor, and what a search copies of it.
    if (parts.grid->units(rows, columns).whole()) return result + 2 * 4 * weights;
    const auto row = static_cast<std::uint64_t>(columns) * (3 * 4 + 2);
    return result + static_cast<std::uint64_t>(thread_count()) * (row + 16384 * 4);
}

UnitTable unit_table(const FittedSite& site) {
    const OpenSite open(site);
    UnitTable table;
    for (std::int64_t unit = 0; unit < open.units.count(); ++unit) {
        const UnitParameters parameters = open.grid->load(unit, open.units, site.arrays);
        const Range range = open.grid->covered(parameters);
        table.scale.push_back(parameters[0]);
        table.clip_low.push_back(range.low);
        table.clip_high.push_back(range.high);
        const auto breakpoints = open.grid->breakpoints(parameters);
        table.breakpoints.resize(breakpoints.size());
        for (std::size_t i = 0; i < breakpoints.size(); ++i) table.breakpoints[i].push_back(breakpoints[i]);
    }
    return table;
}

UnitLevels unit_levels(const FittedSite& site, std::int64_t unit) {
    const OpenSite open(site);
    if (unit < 0 || unit >= open.units.count())
        throw ShapeError({}, site.name, "has no unit " + std::to_string(unit));
    return levels_of(*open.grid, open.grid->load(unit, open.units, site.arrays));
}

} // namespace quantscope
