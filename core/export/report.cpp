// Walks the sites once and writes each as it comes; the summary and the comparison follow.
#include "core/export/report.h"

#include <algorithm>

#include "core/base/atomic_file.h"
#include "core/export/hdf5_file.h"
#include "core/recipe/recipe.h"
#include "core/schemes/fit_site.h"

namespace quantscope {

using hdf5::Column;
using hdf5::Dataset;
using hdf5::Group;
using nlohmann::json;

namespace {

using Doubles = std::vector<double>;

template <typename Value>
Doubles doubles(const std::vector<Value>& values) {
    return {values.begin(), values.end()};
}

/// The row of `values` that belongs to a percentile, or an empty one.
template <typename Row>
Row percentile_of(const std::vector<Row>& values, const std::vector<double>& percentiles, double wanted) {
    for (std::size_t i = 0; i < percentiles.size() && i < values.size(); ++i)
        if (percentiles[i] == wanted) return values[i];
    return Row{};
}

std::vector<Column> tensor_columns(const WeightStatistics& statistics) {
    const TensorStatistics& t = statistics.tensor;
    const auto percentile = [&](double wanted) {
        const auto& known = statistics.options.tensor_percentiles;
        const auto at = std::find(known.begin(), known.end(), wanted);
        const auto index = static_cast<std::size_t>(at - known.begin());
        return Doubles{at == known.end() || index >= t.percentiles.size() ? NAN : t.percentiles[index]};
    };
    return {{"min", "1", Doubles{t.min}},
            {"max", "1", Doubles{t.max}},
            {"absmax", "1", Doubles{t.absmax}},
            {"mean", "1", Doubles{t.mean}},
            {"std", "1", Doubles{t.standard_deviation}},
            {"skewness", "1", Doubles{t.skewness}},
            {"kurtosis", "1", Doubles{t.kurtosis}},
            {"p01", "1", percentile(1)},
            {"p50", "1", percentile(50)},
            {"p99", "1", percentile(99)},
            {"values", "count", std::vector<std::uint64_t>{t.values}},
            {"zeros", "count", std::vector<std::uint64_t>{t.zeros}},
            {"non_finite", "count", std::vector<std::uint64_t>{t.non_finite}}};
}

std::vector<Column> channel_columns(const ChannelStatistics& c, const StatisticsOptions& options) {
    const auto percentile = [&](double wanted) {
        auto row = percentile_of(c.percentiles, options.channel_percentiles, wanted);
        row.resize(c.size(), NAN);
        return row;
    };
    const auto floats = [&](const std::vector<double>& values) {
        std::vector<float> row(values.begin(), values.end());
        row.resize(c.size(), NAN);
        return row;
    };
    return {{"min", "1", c.min},
            {"max", "1", c.max},
            {"absmax", "1", c.absmax},
            {"mean", "1", floats(c.mean)},
            {"std", "1", floats(c.standard_deviation)},
            {"skewness", "1", floats(c.skewness)},
            {"kurtosis", "1", floats(c.kurtosis)},
            {"p01", "1", percentile(1)},
            {"p50", "1", percentile(50)},
            {"p99", "1", percentile(99)},
            {"non_finite", "count", c.non_finite}};
}

/// A site's two axes, which all its tables share.
struct Axes {
    Dataset output, input;
};

Dataset index_scale(const Group& group, const std::string& name, const std::string& long_name, std::int64_t count) {
    std::vector<std::int32_t> index(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < index.size(); ++i)
        index[i] = static_cast<std::int32_t>(i);
    Dataset scale = group.array(name, long_name, "1", std::span<const std::int32_t>(index), {index.size()});
    scale.make_scale(name);
    return scale;
}

void write_histogram(const Group& parent, const EqualWidthHistogram& histogram) {
    const Group group = parent.group("histogram");
    const std::size_t bins = histogram.counts.size();
    Doubles edges, centers;
    for (std::size_t i = 0; i < bins; ++i) {
        edges.push_back(histogram.low + static_cast<double>(i) * histogram.width());
        centers.push_back(histogram.low + (static_cast<double>(i) + 0.5) * histogram.width());
    }
    if (bins > 0) edges.push_back(histogram.high);
    group.array("edges", "edges of the bins", "1", std::span<const double>(edges), {edges.size()});
    const Dataset counts =
        group.array("counts", "weights in each bin", "count", std::span<const std::uint64_t>(histogram.counts), {bins});
    if (bins == 0) return;
    const Dataset scale = group.array("centers", "centers of the bins", "1", std::span<const double>(centers), {bins});
    scale.make_scale("bin center");
    counts.attach(0, scale);
}

void write_outliers(const Group& parent, const WeightStatistics& statistics) {
    const Group group = parent.group("outliers");
    std::vector<std::int64_t> rows, columns;
    std::vector<float> values;
    for (const WeightOutlier& outlier : statistics.outliers) {
        rows.push_back(outlier.row);
        columns.push_back(outlier.column);
        values.push_back(outlier.value);
    }
    const std::vector<hsize_t> shape{rows.size()};
    group.array("row", "output channel of each outlier", "1", std::span<const std::int64_t>(rows), shape);
    group.array("column", "input channel of each outlier", "1", std::span<const std::int64_t>(columns), shape);
    group.array("value", "weight of each outlier, farthest from the mean first", "1", std::span<const float>(values),
                shape);
    group.attribute("sigmas", statistics.options.outlier_sigmas);
    group.attribute("count", static_cast<std::int64_t>(statistics.outlier_count));
}

void write_statistics(const Group& parent, const std::string& name, const WeightStatistics& statistics,
                      const Axes& axes) {
    const Group group = parent.group(name);
    group.table("tensor", "statistics of the whole weight", tensor_columns(statistics));
    const auto channels = [&](const char* axis, const ChannelStatistics& values, const Dataset& scale) {
        if (values.size() == 0) return;
        group.table(axis, std::string("statistics of each ") + axis, channel_columns(values, statistics.options))
            .attach(0, scale);
    };
    channels("output_channel", statistics.output, axes.output);
    channels("input_channel", statistics.input, axes.input);
    if (!statistics.options.percentiles) return;
    write_histogram(group, statistics.histogram);
    write_outliers(group, statistics);
}

/// Parameters of every unit: [1] for a tensor, [out] for channels, [out, groups] for groups.
void write_fit(const Group& parent, const FittedSite& site, const Axes& axes) {
    const Group group = parent.group("fit");
    const UnitTable units = unit_table(site);
    const auto rows = static_cast<std::size_t>(site.rows);
    const auto write = [&](const std::string& name, const std::string& long_name, const std::vector<float>& values) {
        if (values.empty()) return;
        const bool per_row = rows > 0 && values.size() >= rows && values.size() % rows == 0;
        std::vector<hsize_t> shape{values.size()};
        if (per_row) shape = {rows};
        if (per_row && values.size() > rows) shape.push_back(values.size() / rows);
        const Dataset dataset = group.array(name, long_name, "1", std::span<const float>(values), shape);
        if (per_row) dataset.attach(0, axes.output);
        if (shape.size() > 1) dataset.label(1, "group");
    };
    write("scale", "step between neighbouring levels, of the innermost piece", units.scale);
    write("clip_low", "lower edge of what the grid covers", units.clip_low);
    write("clip_high", "upper edge of what the grid covers", units.clip_high);
    for (std::size_t i = 0; i < units.breakpoints.size(); ++i)
        write(i == 0 ? "breakpoint" : "breakpoint_" + std::to_string(i + 1), "where the pieces of the grid meet",
              units.breakpoints[i]);
    group.attribute("scheme", site.scheme.dump());
    group.attribute("mse", site.error.mse);
    group.attribute("sqnr_db", site.error.sqnr_db);
    group.attribute("cosine", site.error.cosine);
    group.attribute("max_error", site.error.max_error);
    group.attribute("relative_error", site.error.relative);
    group.attribute("saturated", site.error.saturated);
}

void write_site(const Group& sites, const ReportSite& site) {
    const Group group = sites.group(hdf5::link_name(site.name));
    group.attribute("name", site.name);
    group.attribute("role", site.role);
    group.attribute("dtype", site.dtype);
    group.attribute("block", std::int64_t(site.block));
    const Group weight = group.group("weight");
    const Axes axes{index_scale(weight, "output_channel_index", "output channel (row)", site.out),
                    index_scale(weight, "input_channel_index", "input channel (column)", site.in)};
    if (site.original) write_statistics(weight, "original", *site.original, axes);
    if (site.quantized) write_statistics(weight, "quantized", *site.quantized, axes);
    if (site.fitted) write_fit(group, *site.fitted, axes);
}

/// The summary's columns, filled row by row.
struct Summary {
    std::vector<std::string> name, role, dtype, scheme;
    std::vector<std::int64_t> block, out, in;
    std::vector<std::uint64_t> source_bytes, bytes;
    Doubles bits, mse, sqnr, cosine, max_error, relative, absmax, deviation, kurtosis, outlier_score;

    void add(const ReportSite& site) {
        name.push_back(site.name);
        role.push_back(site.role);
        dtype.push_back(site.dtype);
        scheme.push_back(scheme_label(site.fitted ? site.fitted->scheme : json()));
        block.push_back(site.block);
        out.push_back(site.out);
        in.push_back(site.in);
        source_bytes.push_back(site.source_bytes);
        bytes.push_back(site.fitted ? site.fitted->bytes() : site.source_bytes);
        const double weights = static_cast<double>(site.out) * static_cast<double>(site.in);
        bits.push_back(weights > 0 ? 8 * static_cast<double>(bytes.back()) / weights : NAN);
        const auto error = [&](double SiteError::*which) { return site.fitted ? site.fitted->error.*which : NAN; };
        mse.push_back(error(&SiteError::mse));
        sqnr.push_back(error(&SiteError::sqnr_db));
        cosine.push_back(error(&SiteError::cosine));
        max_error.push_back(error(&SiteError::max_error));
        relative.push_back(error(&SiteError::relative));
        const WeightStatistics* original = site.original ? &*site.original : nullptr;
        absmax.push_back(original ? original->tensor.absmax : NAN);
        deviation.push_back(original ? original->tensor.standard_deviation : NAN);
        kurtosis.push_back(original ? original->tensor.kurtosis : NAN);
        outlier_score.push_back(original ? original->outlier_score() : NAN);
    }

    std::vector<Column> columns() const {
        return {{"name", "1", name},
                {"role", "1", role},
                {"block", "1", block},
                {"out", "count", out},
                {"in", "count", in},
                {"dtype", "1", dtype},
                {"scheme", "1", scheme},
                {"source_bytes", "byte", source_bytes},
                {"bytes", "byte", bytes},
                {"bits_per_weight", "bit", bits},
                {"mse", "1", mse},
                {"sqnr_db", "dB", sqnr},
                {"cosine", "1", cosine},
                {"max_error", "1", max_error},
                {"relative_error", "1", relative},
                {"absmax", "1", absmax},
                {"std", "1", deviation},
                {"kurtosis", "1", kurtosis},
                {"outlier_score", "1", outlier_score}};
    }
};

void write_comparison(const Group& root, const std::vector<ReportComparison>& rows) {
    if (rows.empty()) return;
    const Group group = root.group("comparison");
    const auto column = [&](const char* name, const char* unit, auto member) {
        std::vector<std::decay_t<decltype(rows[0].*member)>> values;
        for (const auto& row : rows)
            values.push_back(row.*member);
        return Column{name, unit, std::move(values)};
    };
    using Row = ReportComparison;
    std::vector<std::string> recipes;
    std::vector<std::int64_t> bos;
    for (const Row& row : rows) {
        recipes.push_back(row.recipe.is_null() ? std::string() : row.recipe.dump());
        bos.push_back(row.bos ? 1 : 0);
    }
    group.table("models", "the compared models, one per row",
                {column("name", "1", &Row::name),
                 column("bytes", "byte", &Row::bytes),
                 column("bits_per_weight", "bit", &Row::bits_per_weight),
                 column("perplexity", "1", &Row::perplexity),
                 column("nll", "nat", &Row::nll),
                 column("nll_standard_error", "nat", &Row::nll_standard_error),
                 column("kl_mean", "nat", &Row::kl_mean),
                 column("kl_p99", "nat", &Row::kl_p99),
                 column("top1_agreement", "1", &Row::top1_agreement),
                 column("tokens", "count", &Row::tokens),
                 column("seconds", "s", &Row::seconds),
                 column("text", "1", &Row::text),
                 column("text_sha256", "1", &Row::text_sha256),
                 column("convention", "1", &Row::convention),
                 {"bos", "1", bos},
                 {"recipe", "1", recipes}});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].kl_per_token.empty()) continue;
        const Group model = group.group(std::to_string(i));
        model.attribute("name", rows[i].name);
        model
            .array("kl_per_token", "divergence from the original's prediction of each token", "nat",
                   std::span<const float>(rows[i].kl_per_token), {rows[i].kl_per_token.size()})
            .label(0, "token");
    }
}

void write_content(const Group& root, const ReportContent& content, Progress& progress) {
    root.attribute("quantscope_version", content.provenance.version);
    root.attribute("source", content.provenance.source);
    root.attribute("source_sha256", content.provenance.source_sha256);
    root.attribute("created", content.provenance.created);
    root.attribute("family", content.provenance.family);
    root.attribute("recipe", content.recipe.is_null() ? std::string() : content.recipe.dump());
    const Group sites = root.group("sites");
    Summary summary;
    for (std::size_t i = 0; i < content.sites; ++i) {
        const auto share = [&](std::size_t n) { return static_cast<double>(n) / static_cast<double>(content.sites); };
        Progress part(progress, share(i), share(i + 1));
        const ReportSite site = content.site(i, part);
        write_site(sites, site);
        summary.add(site);
    }
    root.table("summary", "one row per site", summary.columns());
    write_comparison(root, content.comparison);
}

} // namespace

void write_report(const std::filesystem::path& target, const ReportContent& content, Progress& progress) {
    progress.check();
    AtomicFile output(target);
    {
        hdf5::File file(target);
        write_content(file.root(), content, progress);
        file.write_to(output);
    }
    progress.report(1, "written");
    progress.check(); // a cancel that answers the report still counts
    output.commit();
}

void write_report(const Model& model, const FittedModel* fitted, std::vector<ReportComparison> comparison,
                  const std::filesystem::path& target, Progress& progress,
                  const std::function<std::shared_ptr<const WeightStatistics>(const std::string& site)>& known) {
    Progress hashing(progress, 0, 0.1), writing(progress, 0.1, 1);
    ReportContent content;
    content.provenance = provenance_of(model, hashing);
    content.comparison = std::move(comparison);
    if (fitted) content.recipe = fitted->recipe();
    content.sites = model.sites().size();
    content.site = [&](std::size_t index, Progress& part) {
        const Site& site = model.sites()[index];
        const TensorInfo& tensor = model.checkpoint().at(site.tensor);
        const FittedSite* fit = fitted ? fitted->find(site.name) : nullptr;
        ReportSite described{
            site.name, site.role, std::string(name(tensor.dtype)), site.block, site.out, site.in, tensor.bytes, {},
            {},        fit};
        part.report(0, "describing " + site.name);
        const auto measured = known ? known(site.name) : nullptr;
        const double half = measured ? 0 : fit ? 0.5 : 1;
        Progress before(part, 0, half), after(part, half, 1);
        if (measured)
            described.original = *measured;
        else if (facts(tensor.dtype).decoded)
            described.original = weight_statistics(MatrixSource::of(model.checkpoint(), site), {}, before);
        if (fit) {
            const auto decode = [fit](std::int64_t first, std::int64_t count, std::span<float> out) {
                fit->decode_rows(first, count, out);
            };
            described.quantized = weight_statistics(MatrixSource::decoded(decode, site.out, site.in), {}, after);
        }
        model.checkpoint().release(tensor);
        return described;
    };
    write_report(target, content, writing);
}

} // namespace quantscope
