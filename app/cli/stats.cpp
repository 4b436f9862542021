// quantscope-cli stats: statistics of every weight as a table, worst outliers first, and as an HDF5 report.
#include <algorithm>
#include <fnmatch.h>

#include "app/cli/command.h"
#include "app/cli/console.h"
#include "core/export/packed.h"
#include "core/export/report.h"
#include "core/statistics/weight_statistics.h"

namespace quantscope::cli {

namespace {

struct Options {
    std::string model, sites = "*", out;
    bool exact = false;
};

nlohmann::json summary(const Site& site, const WeightStatistics& s) {
    nlohmann::json row{{"name", site.name},
                       {"role", site.role},
                       {"shape", {site.out, site.in}},
                       {"min", s.tensor.min},
                       {"max", s.tensor.max},
                       {"absmax", s.tensor.absmax},
                       {"mean", s.tensor.mean},
                       {"standard_deviation", s.tensor.standard_deviation},
                       {"skewness", s.tensor.skewness},
                       {"kurtosis", s.tensor.kurtosis},
                       {"zero_fraction", s.tensor.zero_fraction()},
                       {"non_finite", s.tensor.non_finite},
                       {"outlier_score", s.outlier_score()},
                       {"outliers", s.outlier_count},
                       {"outlier_output_channels", s.output.outlier_channels.size()},
                       {"outlier_input_channels", s.input.outlier_channels.size()}};
    row["block"] = site.block < 0 ? nlohmann::json() : nlohmann::json(site.block);
    for (std::size_t p = 0; p < s.options.tensor_percentiles.size(); ++p)
        row["percentiles"].push_back({s.options.tensor_percentiles[p], s.tensor.percentiles[p]});
    return row;
}

struct Row {
    double score;
    std::vector<std::string> cells;
};

Row table_row(const Site& site, const WeightStatistics& s) {
    return {s.outlier_score(),
            {site.name, site.role, std::to_string(site.out) + " × " + std::to_string(site.in),
             number(s.outlier_score(), 3), number(s.tensor.kurtosis, 3), number(s.tensor.absmax, 3),
             number(s.tensor.standard_deviation, 3), std::to_string(s.outlier_count),
             std::to_string(s.output.outlier_channels.size()), std::to_string(s.input.outlier_channels.size())}};
}

/// The report wants one site at a time and so does the table: each is computed once and told to both.
Result run(const Options& options, const Common&, Progress& progress) {
    const auto model = open_model(options.model);
    std::vector<const Site*> sites;
    for (const Site& site : model->sites())
        if (fnmatch(options.sites.c_str(), site.name.c_str(), 0) == 0) sites.push_back(&site);
    if (sites.empty()) throw UsageError(options.model, "--sites " + options.sites, "matches no layer; see: inspect");
    Result result;
    auto& list = result.json["sites"] = nlohmann::json::array();
    std::vector<Row> rows;
    const Checkpoint& checkpoint = model->checkpoint();
    StatisticsOptions wish;
    wish.exact_percentiles = options.exact;
    ReportContent content;
    content.sites = sites.size();
    content.site = [&](std::size_t index, Progress& part) {
        const Site& site = *sites[index];
        const TensorInfo& tensor = checkpoint.at(site.tensor);
        ReportSite out{
            site.name, site.role, std::string(name(tensor.dtype)), site.block, site.out, site.in, tensor.bytes, {},
            {},        nullptr};
        out.original = weight_statistics(MatrixSource::of(checkpoint, site), wish, part);
        list.push_back(summary(site, *out.original));
        rows.push_back(table_row(site, *out.original));
        return out;
    };
    if (options.out.empty()) {
        for (std::size_t i = 0; i < sites.size(); ++i) {
            Progress part(progress, static_cast<double>(i) / static_cast<double>(sites.size()),
                          static_cast<double>(i + 1) / static_cast<double>(sites.size()));
            part.report(0, sites[i]->name);
            content.site(i, part);
        }
    } else {
        Progress hashing(progress, 0, 0.1), writing(progress, 0.1, 1);
        content.provenance = provenance_of(*model, hashing);
        write_report(options.out, content, writing);
        result.json["out"] = options.out;
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.score > b.score; });
    std::vector<std::vector<std::string>> cells{{"layer", "role", "shape", "outlier score", "kurtosis", "max |w|",
                                                 "std", "> 6σ", "outlier rows", "outlier columns"}};
    for (auto& row : rows)
        cells.push_back(std::move(row.cells));
    result.text = table(cells) +
                  "outlier score: largest channel's max |w| over the median channel's; a Gaussian's kurtosis is 3\n";
    if (!options.out.empty()) result.text += "wrote " + options.out + "\n";
    return result;
}

} // namespace

Command stats_command() {
    return {"stats", "statistics of every weight, layers with the strongest outliers first",
            [](CLI::App& parser) -> Work {
                auto options = std::make_shared<Options>();
                parser.add_option("model", options->model, "model file or folder")->required();
                parser.add_option("--sites", options->sites, "only layers whose name matches, * as in a shell")
                    ->capture_default_str();
                parser.add_option("--out", options->out, "HDF5 report to write");
                parser.add_flag("--exact", options->exact,
                                "exact percentiles; without it each is a weight whose rank is off by 0.1 % of its "
                                "channel at most");
                return [options](const Common& common, Progress& progress) { return run(*options, common, progress); };
            }};
}

} // namespace quantscope::cli
