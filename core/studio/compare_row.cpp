// Rows of the comparison as JSON and back.
#include "core/studio/compare_row.h"

#include "core/export/report.h"

namespace quantscope::studio {

using nlohmann::json;

namespace {

/// JSON has no NaN: what is not known is null there.
double number(const json& value) { return value.is_number() ? value.get<double>() : NAN; }

} // namespace

json as_json(const CompareRow& row) {
    return {{"name", row.name},
            {"bytes", row.bytes},
            {"bits_per_weight", row.bits_per_weight},
            {"perplexity", row.perplexity},
            {"nll", row.nll},
            {"nll_standard_error", row.nll_standard_error},
            {"kl_mean", row.kl_mean},
            {"kl_p99", row.kl_p99},
            {"top1_agreement", row.top1_agreement},
            {"tokens", row.tokens},
            {"seconds", row.seconds},
            {"text", row.text},
            {"text_sha256", row.text_sha256},
            {"context", row.context},
            {"convention", row.convention},
            {"bos", row.bos}};
}

CompareRow row_from_json(const json& from) {
    CompareRow row;
    row.name = from.at("name").get<std::string>();
    row.bytes = from.at("bytes").get<std::uint64_t>();
    row.bits_per_weight = number(from.at("bits_per_weight"));
    row.perplexity = number(from.at("perplexity"));
    row.nll = number(from.at("nll"));
    row.nll_standard_error = number(from.at("nll_standard_error"));
    row.kl_mean = number(from.at("kl_mean"));
    row.kl_p99 = number(from.at("kl_p99"));
    row.top1_agreement = number(from.at("top1_agreement"));
    row.tokens = from.at("tokens").get<std::uint64_t>();
    row.context = from.value("context", 0); // not in rows of the first version
    row.seconds = number(from.at("seconds"));
    row.text = from.at("text").get<std::string>();
    row.text_sha256 = from.at("text_sha256").get<std::string>();
    row.convention = from.at("convention").get<std::string>();
    row.bos = from.at("bos").get<bool>();
    if (from.contains("recipe")) row.recipe = from["recipe"];
    return row;
}

ReportComparison as_report(const CompareRow& row) {
    ReportComparison out;
    out.name = row.name;
    out.bytes = row.bytes;
    out.tokens = row.tokens;
    out.bits_per_weight = row.bits_per_weight;
    out.perplexity = row.perplexity;
    out.nll = row.nll;
    out.nll_standard_error = row.nll_standard_error;
    out.kl_mean = row.kl_mean;
    out.kl_p99 = row.kl_p99;
    out.top1_agreement = row.top1_agreement;
    out.seconds = row.seconds;
    out.text = row.text;
    out.text_sha256 = row.text_sha256;
    out.convention = row.convention;
    out.bos = row.bos;
    out.recipe = row.recipe;
    return out;
}

} // namespace quantscope::studio
