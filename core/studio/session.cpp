// A Session's opening and its views of weights.
#include "core/studio/session_data.h"

#include <algorithm>

#include "core/export/packed.h"
#include "core/text/tokenizer.h"

namespace quantscope::studio {

namespace {

LayerRow layer_row(const Model& model, const Site& site) {
    const TensorInfo& tensor = model.checkpoint().at(site.tensor);
    LayerRow row;
    row.name = site.name;
    row.role = site.role;
    row.block = site.block;
    row.out = site.out;
    row.in = site.in;
    row.dtype = std::string(name(tensor.dtype));
    row.parameters = static_cast<std::uint64_t>(tensor.values());
    row.bytes = tensor.bytes;
    row.in_default = site.in_default;
    return row;
}

ModelCard model_card(const Model& model) {
    const auto& checkpoint = model.checkpoint();
    ModelCard card;
    card.path = checkpoint.path().string();
    const auto clean = checkpoint.path().lexically_normal();
    card.name = clean.has_filename() ? clean.stem().string() : clean.parent_path().filename().string();
    card.format = checkpoint.format();
    card.family = model.family();
    card.kind = model.kind();
    card.parameters = model.parameters();
    card.file_bytes = checkpoint.file_bytes();
    card.blocks = model.blocks();
    card.can_evaluate = model.architecture() != nullptr;
    card.why_not_evaluated = model.why_not_evaluated();
    if (model.diffusion() || model.autoencoder())
        card.why_not_evaluated = "Perplexity and text need a language model; a DiT is compared in the Images view.";
    card.remarks.assign(checkpoint.remarks().begin(), checkpoint.remarks().end());
    return card;
}

/// A tokenizer may be missing or unknown: the model opens all the same, and what needs text says what is missing.
void describe_tokenizer(ModelCard& card, const Checkpoint& checkpoint) {
    try {
        const auto tokenizer = Tokenizer::open_beside(checkpoint.path(), checkpoint.metadata());
        card.tokenizer = tokenizer->describe();
        card.has_chat_template = !tokenizer->chat_template().empty();
        card.remarks.insert(card.remarks.end(), tokenizer->remarks().begin(), tokenizer->remarks().end());
    } catch (const Error& error) {
        card.tokenizer = error.what();
        if (card.can_evaluate) card.why_not_evaluated = error.what();
        card.can_evaluate = false;
    }
}

Summary summary(const TensorStatistics& tensor) {
    Summary out;
    out.min = tensor.min;
    out.max = tensor.max;
    out.absmax = tensor.absmax;
    out.mean = tensor.mean;
    out.standard_deviation = tensor.standard_deviation;
    out.skewness = tensor.skewness;
    out.kurtosis = tensor.kurtosis;
    out.zeros = tensor.zero_fraction();
    out.values = tensor.values;
    out.non_finite = tensor.non_finite;
    if (tensor.percentiles.size() == 5) {
        out.p01 = tensor.percentiles[0];
        out.p1 = tensor.percentiles[1];
        out.p50 = tensor.percentiles[2];
        out.p99 = tensor.percentiles[3];
        out.p999 = tensor.percentiles[4];
    }
    return out;
}

ChannelBands bands(const ChannelStatistics& channels) {
    const auto floats = [](const std::vector<double>& values) {
        return std::vector<float>(values.begin(), values.end());
    };
    ChannelBands out;
    out.min = channels.min;
    out.max = channels.max;
    out.absmax = channels.absmax;
    if (channels.percentiles.size() == 3) {
        out.p01 = channels.percentiles[0];
        out.p50 = channels.percentiles[1];
        out.p99 = channels.percentiles[2];
    }
    out.mean = floats(channels.mean);
    out.standard_deviation = floats(channels.standard_deviation);
    out.kurtosis = floats(channels.kurtosis);
    return out;
}

Histogram view_of(const EqualWidthHistogram& histogram) { return {histogram.low, histogram.high, histogram.counts}; }

std::shared_ptr<const WeightView> view_of(const LayerRow& layer, const WeightStatistics& statistics) {
    auto view = std::make_shared<WeightView>();
    view->layer = layer;
    view->summary = summary(statistics.tensor);
    view->histogram = view_of(statistics.histogram);
    view->output = bands(statistics.output);
    view->input = bands(statistics.input);
    for (const auto& outlier : statistics.outliers)
        view->outliers.push_back({outlier.row, outlier.column, outlier.value, outlier.sigmas});
    view->outlier_count = statistics.outlier_count;
    view->outlier_sigmas = statistics.options.outlier_sigmas;
    view->outlier_output_channels = statistics.output.outlier_channels;
    view->outlier_input_channels = statistics.input.outlier_channels;
    return view;
}

constexpr std::size_t kept_statistics_bytes = 256'000'000;

/// About how much memory statistics take; the channels' numbers are nearly all of it.
std::size_t bytes_of(const WeightStatistics& statistics) {
    constexpr std::size_t per_channel = 3 * 4 + 4 * 8 + 3 * 4 + 2 * 8; // see ChannelStatistics
    return (statistics.output.size() + statistics.input.size()) * per_channel +
           statistics.outliers.size() * sizeof(WeightOutlier) + statistics.histogram.counts.size() * 8;
}

LayerMeasures measures_of(const WeightStatistics& statistics) {
    LayerMeasures measures;
    measures.outlier_score = statistics.outlier_score();
    measures.kurtosis = statistics.tensor.kurtosis;
    measures.absmax = statistics.tensor.absmax;
    measures.standard_deviation = statistics.tensor.standard_deviation;
    return measures;
}

} // namespace

const Site& Session::Data::site(const std::string& layer) const {
    const auto found = sites.find(layer);
    if (found == sites.end()) throw DataError(card.path, layer, "is no layer of this model");
    return *found->second;
}

const LayerRow& Session::Data::row(const std::string& layer) const {
    site(layer);
    return layers[layer_index.at(layer)];
}

MatrixSource Session::Data::source(const std::string& layer) const {
    return MatrixSource::of(model->checkpoint(), site(layer));
}

double Session::Data::float_size(const std::string& layer) const {
    return static_cast<double>(float_bytes(model->checkpoint().at(site(layer).tensor)));
}

void Session::Data::release(const std::string& layer) const {
    model->checkpoint().release(model->checkpoint().at(site(layer).tensor));
}

Session::Session(std::unique_ptr<Data> data)
    : data_(std::move(data)) {}
Session::~Session() = default;

std::shared_ptr<Session> Session::open(const std::filesystem::path& path, Progress& progress) {
    auto data = std::make_unique<Data>();
    progress.report(0, "reading headers");
    data->model = open_model(path);
    data->card = model_card(*data->model);
    progress.report(0.5, "reading the vocabulary");
    if (data->card.kind == "llm") describe_tokenizer(data->card, data->model->checkpoint());
    for (const Site& site : data->model->sites()) {
        data->layer_index.emplace(site.name, data->layers.size());
        data->layers.push_back(layer_row(*data->model, site));
        data->sites.emplace(site.name, &site);
    }
    const FittedModel nothing(data->model, nlohmann::json::object(), {});
    data->beside_tensors = packed_file_bytes(nothing) - nothing.bytes();
    data->evaluator = std::make_unique<Evaluator>(std::make_shared<OriginalWeights>(data->model));
    progress.report(1, "open");
    return std::shared_ptr<Session>(new Session(std::move(data)));
}

const ModelCard& Session::card() const { return data_->card; }
const std::vector<LayerRow>& Session::layers() const { return data_->layers; }

std::shared_ptr<const WeightView> Session::cached_weight_view(const std::string& layer) const {
    std::lock_guard lock(data_->caches);
    const auto found = data_->views.find(layer);
    return found == data_->views.end() ? nullptr : found->second;
}

std::shared_ptr<const WeightView> Session::weight_view(const std::string& layer, Progress& progress) {
    if (auto cached = cached_weight_view(layer)) return cached;
    const auto statistics =
        std::make_shared<const WeightStatistics>(weight_statistics(data_->source(layer), {}, progress));
    auto view = view_of(data_->row(layer), *statistics);
    std::lock_guard lock(data_->caches);
    data_->measures[layer] = measures_of(*statistics);
    const std::size_t bytes = bytes_of(*statistics);
    if (data_->statistics_bytes + bytes <= kept_statistics_bytes && data_->statistics.emplace(layer, statistics).second)
        data_->statistics_bytes += bytes;
    return data_->views[layer] = std::move(view);
}

WeightTile Session::weight_tile(const std::string& layer, std::int64_t first_row, std::int64_t first_column,
                                std::int64_t rows, std::int64_t columns, int height, int width, bool maximum,
                                Progress& progress) const {
    auto pooled =
        pooled_tile(data_->source(layer), first_row, first_column, rows, columns, height, width, maximum, progress);
    return {first_row, first_column, rows, columns, pooled.height, pooled.width, maximum, std::move(pooled.values)};
}

float Session::weight_at(const std::string& layer, std::int64_t row, std::int64_t column) const {
    return data_->source(layer).at(row, column);
}

Histogram Session::channel_histogram(const std::string& layer, bool output, std::int64_t channel,
                                     Progress& progress) const {
    progress.check();
    return view_of(quantscope::channel_histogram(data_->source(layer), output, channel, 128));
}

void Session::measure_all(const std::function<void(const std::string&, const LayerMeasures&)>& found,
                          Progress& progress) {
    double done = 0;
    const double all = static_cast<double>(std::max<std::uint64_t>(1, data_->model->parameters()));
    for (const auto& layer : data_->layers) {
        progress.report(std::min(1.0, done / all), "measuring " + layer.name);
        Progress silent(progress, std::min(1.0, done / all), std::min(1.0, done / all)); // hears the cancel
        const bool known = cached_weight_view(layer.name) != nullptr;
        weight_view(layer.name, silent);
        if (!known) data_->release(layer.name); // models larger than memory are the rule
        done += static_cast<double>(layer.parameters);
        LayerMeasures measures;
        {
            std::lock_guard lock(data_->caches);
            measures = data_->measures[layer.name];
        }
        found(layer.name, measures);
    }
    progress.report(1, "measured");
}

} // namespace quantscope::studio
