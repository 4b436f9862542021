// What the windows see of core: plain structs, no torch, no locks. A view struct is a finished snapshot: made on a
// worker thread, handed over by shared pointer to const, never changed afterwards.
#pragma once

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quantscope::studio {

/// A row of the layer tree.
struct LayerRow {
    std::string name; ///< the site's full name, unique
    std::string role; ///< one of the design's roles
    int block = -1;   ///< −1 outside of blocks
    std::int64_t out = 0, in = 0;
    std::string dtype; ///< as stored in the file
    std::uint64_t parameters = 0, bytes = 0;
    bool in_default = false; ///< quantized by the recipe's default
};

/// What fitting or statistics have found out about a layer so far; NaN where not known yet.
struct LayerMeasures {
    double outlier_score = NAN; ///< max |w| / median of the channels' max |w|
    double kurtosis = NAN;      ///< of the whole tensor, Gaussian = 3
    double absmax = NAN, standard_deviation = NAN;
    double bits = NAN;  ///< bits per weight under the present recipe, scales included; 16 or 32 when not quantized
    double error = NAN; ///< relative error ‖W − Ŵ‖/‖W‖ of the last exact fit or, marked below, its estimate
    bool error_is_estimate = false;
    double sqnr_db = NAN;
    double size = NAN;    ///< bytes under the present recipe
    bool differs = false; ///< scheme differs from the recipe's default
    std::string scheme;   ///< short form: "piecewise 4b channel", "uniform W4 g64", "float"
};

struct ModelCard {
    std::string path, name, format, family, kind;
    std::uint64_t parameters = 0, file_bytes = 0;
    int blocks = 0;
    bool can_evaluate = false;
    std::string why_not_evaluated; ///< a sentence for the user when it cannot
    std::vector<std::string> remarks;
    std::string tokenizer; ///< "byte-level BPE, 49,152 tokens", or why there is none
    bool has_chat_template = false;
};

struct Summary {
    double min = NAN, max = NAN, absmax = NAN, mean = NAN, standard_deviation = NAN, skewness = NAN, kurtosis = NAN;
    double zeros = NAN; ///< fraction
    std::uint64_t values = 0, non_finite = 0;
    double p01 = NAN, p1 = NAN, p50 = NAN, p99 = NAN, p999 = NAN; ///< percentiles 0.1, 1, 50, 99, 99.9
};

/// Per-channel statistics along one axis; all vectors have one entry per channel.
struct ChannelBands {
    std::vector<float> min, p01, p50, p99, max; ///< 1 %, 50 %, 99 %
    std::vector<float> absmax, mean, standard_deviation, kurtosis;
};

/// Equal-width bins from low to high; every value is counted in one of them.
struct Histogram {
    double low = 0, high = 0;
    std::vector<std::uint64_t> counts;
};

struct Outlier {
    std::int64_t row = 0, column = 0;
    float value = 0;
    float sigmas = 0; ///< |value − mean| / standard deviation of the tensor
};

/// Everything the Weights view draws of one layer, except single weights (WeightTile).
struct WeightView {
    LayerRow layer;
    Summary summary;
    Histogram histogram;
    ChannelBands output, input;
    std::vector<Outlier> outliers;   ///< largest first, at most 10,000
    std::uint64_t outlier_count = 0; ///< all beyond `outlier_sigmas`
    double outlier_sigmas = 6;
    std::vector<std::int64_t> outlier_output_channels, outlier_input_channels; ///< absmax > 6 · median absmax
};

/// |W| (or W, or the error) pooled to a picture's size, for the heat map; or single weights when zoomed in.
struct WeightTile {
    std::int64_t first_row = 0, first_column = 0, rows = 0, columns = 0; ///< the part of the weight it shows
    int height = 0, width = 0;                                           ///< cells
    bool pooled_by_maximum = true;                                       ///< else by mean
    std::vector<float> values;                                           ///< height · width, row-major
};

/// The levels and handles of a layer's grid, to be drawn over its histogram. For channel and group granularity they
/// are those of the typical unit (median scale) unless a channel is isolated.
struct GridOverlay {
    std::vector<float> levels;
    float clip_low = 0, clip_high = 0;
    std::vector<float> breakpoints; ///< positive breakpoints; empty for uniform grids
    std::string unit;               ///< what the levels belong to: "whole tensor", "row 12", "median of 576 channels"
};

/// Live answer to a change of scheme: from cached histograms, within milliseconds.
struct Estimate {
    double mse = NAN, sqnr_db = NAN, relative = NAN, saturated = NAN, max_error = NAN;
    double bytes = NAN, bits_per_weight = NAN;
    bool exact = false;                                       ///< from a finished fit rather than an estimate
    std::vector<std::pair<float, float>> error_by_clip;       ///< (coefficient of the range, MSE)
    std::vector<std::pair<float, float>> error_by_breakpoint; ///< (p/m, MSE), piecewise only
    GridOverlay overlay;
};

/// Before and after of one layer once it has been fitted.
struct FitView {
    std::string layer;
    Estimate result;                                            ///< exact
    std::vector<float> output_channel_rmse, input_channel_rmse; ///< root mean squared error per channel
    std::vector<float> output_channel_rms, input_channel_rms;   ///< of the original, same units
    Histogram quantized;                                        ///< of the decoded weights
    std::vector<float> scale, breakpoint, clip;                 ///< per unit, as stored
};

struct Totals {
    std::uint64_t original_bytes = 0, quantized_bytes = 0;
    std::uint64_t float32_bytes = 0; ///< all parameters at 4 bytes: the size that block-quantized files once had
    double bits_per_weight = NAN, bits_per_weight_total = NAN;
    double mean_relative_error = NAN;
    std::size_t quantized_layers = 0, layers = 0;
};

/// One row of the Compare table.
struct CompareRow {
    std::string name; ///< "original", "uniform W4 g64", …
    std::uint64_t bytes = 0;
    double bits_per_weight = NAN;
    double perplexity = NAN, nll = NAN, nll_standard_error = NAN; ///< error of the paired difference to the original
    double kl_mean = NAN, kl_p99 = NAN, top1_agreement = NAN;
    std::uint64_t tokens = 0;
    int context = 0; ///< tokens in a window; 0 when not known
    double seconds = NAN;
    std::string text, text_sha256, convention; ///< evaluation text and "huggingface" or "llama.cpp"
    bool bos = false;                          ///< a beginning-of-sequence token was put before each window
    nlohmann::json recipe;
};

/// A token of a text, with what each model thought of it.
struct TokenCell {
    std::string text;
    std::int32_t id = 0;
    float kl = 0;       ///< KL(original ‖ quantized) of the distribution that predicted this token, nats
    float nll = 0;      ///< of this token under the model of this column
    bool agrees = true; ///< same most likely token as the original
};

struct TokenCandidate {
    std::string text;
    float original = 0, quantized = 0; ///< probabilities
};

/// One model's column in the side-by-side text.
struct TextColumn {
    std::string name;
    std::vector<TokenCell> tokens;
    std::string generated; ///< continuation of the prompt by this model
    std::string remark;    ///< what a person should know: why the chat template was not used
};

} // namespace quantscope::studio
