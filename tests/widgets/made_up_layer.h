// A made-up layer with the traits of a real one (bell-shaped, heavy tails, a few loud input channels) and its
// statistics computed the slow, obvious way, so that the views can be shown and tested without a model.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "core/studio/views.h"
#include "widgets/weights/weight_provider.h"

namespace quantscope::tests {

struct MadeUpLayer {
    std::int64_t rows = 0, columns = 0;
    std::vector<float> weights; ///< row-major
    std::shared_ptr<studio::WeightView> view = std::make_shared<studio::WeightView>();

    float at(std::int64_t row, std::int64_t column) const { return weights[std::size_t(row * columns + column)]; }
};

inline studio::Histogram histogram_of(const std::vector<float>& values, double low, double high, int bins) {
    studio::Histogram histogram{low, high, std::vector<std::uint64_t>(std::size_t(bins))};
    for (const float value : values) {
        const auto bin = std::size_t(std::clamp((double(value) - low) / (high - low) * bins, 0.0, bins - 1.0));
        ++histogram.counts[bin];
    }
    return histogram;
}

inline studio::ChannelBands bands_of(const MadeUpLayer& layer, bool output) {
    studio::ChannelBands bands;
    const auto channels = output ? layer.rows : layer.columns, length = output ? layer.columns : layer.rows;
    std::vector<float> values(static_cast<std::size_t>(length));
    for (std::int64_t channel = 0; channel < channels; ++channel) {
        for (std::int64_t i = 0; i < length; ++i)
            values[std::size_t(i)] = output ? layer.at(channel, i) : layer.at(i, channel);
        std::sort(values.begin(), values.end());
        const auto percentile = [&](double p) { return values[std::size_t(p * double(length - 1))]; };
        bands.min.push_back(values.front());
        bands.max.push_back(values.back());
        bands.p01.push_back(percentile(0.01));
        bands.p50.push_back(percentile(0.5));
        bands.p99.push_back(percentile(0.99));
        bands.absmax.push_back(std::max(std::abs(values.front()), std::abs(values.back())));
    }
    return bands;
}

inline void summarise(MadeUpLayer& layer) {
    auto& summary = layer.view->summary;
    const double count = double(layer.weights.size());
    std::vector<float> sorted = layer.weights;
    std::sort(sorted.begin(), sorted.end());
    double mean = 0, second = 0, third = 0, fourth = 0;
    for (const float w : sorted)
        mean += w / count;
    for (const float w : sorted) {
        const double away = w - mean;
        second += away * away / count;
        third += away * away * away / count;
        fourth += away * away * away * away / count;
    }
    summary.mean = mean;
    summary.standard_deviation = std::sqrt(second);
    summary.skewness = third / std::pow(second, 1.5);
    summary.kurtosis = fourth / (second * second);
    summary.min = sorted.front();
    summary.max = sorted.back();
    summary.absmax = std::max(-summary.min, summary.max);
    summary.values = layer.weights.size();
    summary.zeros = double(std::count(sorted.begin(), sorted.end(), 0.0F)) / count;
    const auto percentile = [&](double p) { return double(sorted[std::size_t(p * (count - 1))]); };
    summary.p01 = percentile(0.001), summary.p1 = percentile(0.01), summary.p50 = percentile(0.5);
    summary.p99 = percentile(0.99), summary.p999 = percentile(0.999);
}

inline void find_outliers(MadeUpLayer& layer) {
    auto& view = *layer.view;
    for (std::int64_t row = 0; row < layer.rows; ++row)
        for (std::int64_t column = 0; column < layer.columns; ++column) {
            const double sigmas = std::abs(layer.at(row, column) - view.summary.mean) / view.summary.standard_deviation;
            if (sigmas > view.outlier_sigmas)
                view.outliers.push_back({row, column, layer.at(row, column), float(sigmas)});
        }
    view.outlier_count = view.outliers.size();
    std::sort(view.outliers.begin(), view.outliers.end(), [](auto& a, auto& b) { return a.sigmas > b.sigmas; });
    const auto loud = [](const studio::ChannelBands& bands) {
        auto sorted = bands.absmax;
        std::nth_element(sorted.begin(), sorted.begin() + std::ptrdiff_t(sorted.size() / 2), sorted.end());
        std::vector<std::int64_t> found;
        for (std::size_t i = 0; i < bands.absmax.size(); ++i)
            if (bands.absmax[i] > 6 * sorted[sorted.size() / 2]) found.push_back(std::int64_t(i));
        return found;
    };
    view.outlier_output_channels = loud(view.output);
    view.outlier_input_channels = loud(view.input);
}

/// \param name  the layer's name; also the seed, so that layers differ and each is always the same
inline MadeUpLayer made_up_layer(const std::string& name, std::int64_t rows, std::int64_t columns) {
    MadeUpLayer layer;
    layer.rows = rows;
    layer.columns = columns;
    std::seed_seq seed(name.begin(), name.end());
    std::mt19937 random(seed);
    std::normal_distribution<float> bell(0, 0.18F), wide(0, 0.55F);
    layer.weights.resize(std::size_t(rows * columns));
    for (auto& weight : layer.weights)
        weight = random() % 200 == 0 ? wide(random) : bell(random);
    const std::pair<std::int64_t, float> loud[] = {{49, 5.0F}, {76, 3.83F}, {83, -4.38F}};
    for (const auto& [column, value] : loud)
        if (column < columns) layer.weights[std::size_t((column * 7 % rows) * columns + column)] = value;
    auto& view = *layer.view;
    view.layer = {
        name, "down", 1, rows, columns, "float16", std::uint64_t(rows * columns), std::uint64_t(rows * columns * 2),
        true};
    summarise(layer);
    view.histogram = histogram_of(layer.weights, view.summary.min, view.summary.max, 2048);
    view.output = bands_of(layer, true);
    view.input = bands_of(layer, false);
    find_outliers(layer);
    return layer;
}

/// Pooled the obvious way.
inline studio::WeightTile tile_of(const MadeUpLayer& layer, std::int64_t row, std::int64_t column, std::int64_t rows,
                                  std::int64_t columns, int height, int width, bool maximum) {
    studio::WeightTile tile{row, column, rows, columns, height, width, maximum, {}};
    const bool exact = height == rows && width == columns;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const auto top = row + y * rows / height, bottom = std::max(top + 1, row + (y + 1) * rows / height);
            const auto left = column + x * columns / width;
            const auto right = std::max(left + 1, column + (x + 1) * columns / width);
            double most = 0, sum = 0;
            for (auto r = top; r < bottom; ++r)
                for (auto c = left; c < right; ++c) {
                    most = std::max(most, double(std::abs(layer.at(r, c))));
                    sum += std::abs(layer.at(r, c));
                }
            tile.values.push_back(exact ? layer.at(top, left)
                                        : float(maximum ? most : sum / double((bottom - top) * (right - left))));
        }
    return tile;
}

inline std::shared_ptr<const widgets::WeightProvider> provider_of(std::shared_ptr<const MadeUpLayer> layer) {
    auto provider = std::make_shared<widgets::WeightProvider>();
    provider->cached = [](const std::string&) { return nullptr; };
    provider->view = [layer](const std::string&, Progress&) { return layer->view; };
    provider->tile = [layer](const std::string&, std::int64_t row, std::int64_t column, std::int64_t rows,
                             std::int64_t columns, int height, int width, bool maximum,
                             Progress&) { return tile_of(*layer, row, column, rows, columns, height, width, maximum); };
    provider->at = [layer](const std::string&, std::int64_t row, std::int64_t column) {
        return layer->at(row, column);
    };
    provider->channel = [layer](const std::string&, bool output, std::int64_t channel, Progress&) {
        std::vector<float> values;
        for (std::int64_t i = 0; i < (output ? layer->columns : layer->rows); ++i)
            values.push_back(output ? layer->at(channel, i) : layer->at(i, channel));
        const auto [low, high] = std::minmax_element(values.begin(), values.end());
        return histogram_of(values, *low, *high, 128);
    };
    return provider;
}

/// A 4-bit grid over the layer, piecewise with a breakpoint when that is above 0, with plausible error curves.
inline studio::Estimate made_up_estimate(double clip, double breakpoint) {
    studio::Estimate estimate;
    estimate.mse = 2.52e-4;
    estimate.sqnr_db = 21.3;
    estimate.overlay.unit = "whole tensor";
    estimate.overlay.clip_low = float(-clip);
    estimate.overlay.clip_high = float(clip);
    if (breakpoint > 0) {
        estimate.overlay.breakpoints = {float(breakpoint)};
        for (int i = -4; i <= 4; ++i)
            estimate.overlay.levels.push_back(float(breakpoint * i / 4));
        for (int i = 1; i <= 4; ++i)
            for (const int sign : {-1, 1})
                estimate.overlay.levels.push_back(float(sign * (breakpoint + (clip - breakpoint) * i / 4)));
        std::sort(estimate.overlay.levels.begin(), estimate.overlay.levels.end());
        for (double p = 0.05; p < 1; p += 0.05)
            estimate.error_by_breakpoint.emplace_back(float(p), float(2.4e-4 + 9e-4 * (p - 0.3) * (p - 0.3)));
    } else {
        for (int i = -7; i <= 7; ++i)
            estimate.overlay.levels.push_back(float(clip * i / 7));
    }
    for (double c = 0.3; c <= 1.001; c += 0.05)
        estimate.error_by_clip.emplace_back(float(c), float(2.5e-4 + 3e-3 * (c - 0.62) * (c - 0.62)));
    return estimate;
}

inline std::shared_ptr<studio::FitView> made_up_fit(const MadeUpLayer& layer) {
    auto fit = std::make_shared<studio::FitView>();
    fit->layer = layer.view->layer.name;
    std::vector<float> decoded = layer.weights;
    const double step = 0.12;
    for (auto& weight : decoded)
        weight = float(std::clamp(std::round(weight / step), -15.0, 15.0) * step);
    const auto& summary = layer.view->summary;
    fit->quantized = histogram_of(decoded, summary.min, summary.max, 2048);
    for (const bool output : {true, false}) {
        const auto channels = output ? layer.rows : layer.columns, length = output ? layer.columns : layer.rows;
        for (std::int64_t channel = 0; channel < channels; ++channel) {
            double error = 0, size = 0;
            for (std::int64_t i = 0; i < length; ++i) {
                const auto place = std::size_t(output ? channel * layer.columns + i : i * layer.columns + channel);
                error += std::pow(double(layer.weights[place] - decoded[place]), 2);
                size += std::pow(double(layer.weights[place]), 2);
            }
            (output ? fit->output_channel_rmse : fit->input_channel_rmse)
                .push_back(float(std::sqrt(error / double(length))));
            (output ? fit->output_channel_rms : fit->input_channel_rms)
                .push_back(float(std::sqrt(size / double(length))));
        }
    }
    return fit;
}

} // namespace quantscope::tests
