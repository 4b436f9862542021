// The door between core and the windows: one open model, its caches and its jobs as plain calls. Every call that may
// take longer than a frame takes a Progress and is meant for a worker thread; the others are quick and thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/studio/image_views.h"
#include "core/studio/views.h"

namespace quantscope::studio {

class Session {
public:
    /// Opens a model; reads headers only. \throws FormatError, IoError
    static std::shared_ptr<Session> open(const std::filesystem::path& path, Progress& progress);
    ~Session();

    const ModelCard& card() const;
    const std::vector<LayerRow>& layers() const;

    // --- looking inside -------------------------------------------------------------------------------------------
    /// Statistics of one layer; cached, so that a second call is quick.
    std::shared_ptr<const WeightView> weight_view(const std::string& layer, Progress& progress);
    /// The cached view, or null: never computes.
    std::shared_ptr<const WeightView> cached_weight_view(const std::string& layer) const;
    /// A part of the weight, pooled to at most height × width cells; exact weights when it is no larger than that.
    WeightTile weight_tile(const std::string& layer, std::int64_t first_row, std::int64_t first_column,
                           std::int64_t rows, std::int64_t columns, int height, int width, bool maximum,
                           Progress& progress) const;
    float weight_at(const std::string& layer, std::int64_t row, std::int64_t column) const;
    /// Histogram of one row (output channel) or column (input channel).
    Histogram channel_histogram(const std::string& layer, bool output, std::int64_t channel, Progress& progress) const;
    /// Statistics of all layers, told one by one (for the tree's colours and the overview).
    void measure_all(const std::function<void(const std::string& layer, const LayerMeasures&)>& found,
                     Progress& progress);

    // --- schemes --------------------------------------------------------------------------------------------------
    /// The scheme that a recipe gives a layer: {"grid": {...}, "clipping": {...}, …} with defaults filled in, or null
    /// when the recipe leaves the layer in float. \throws RecipeError naming the entry
    nlohmann::json scheme_of(const nlohmann::json& recipe, const std::string& layer) const;
    /// Problems of a recipe for this model, one line each; empty when it is fine.
    std::vector<std::string> check(const nlohmann::json& recipe) const;
    /// Live error and size of a layer under a scheme, from the cached histograms; needs cached_weight_view(layer).
    /// ≤ 16 ms on a 4096 × 11008 layer. \param curves also fill error_by_clip and error_by_breakpoint
    Estimate estimate(const std::string& layer, const nlohmann::json& scheme, bool curves) const;
    /// Bits per weight, bytes, short scheme name and (where statistics are cached) estimated error under a recipe.
    LayerMeasures planned(const std::string& layer, const nlohmann::json& recipe) const;
    /// The same for all layers, in the layers' order; parses the recipe once.
    std::vector<std::pair<std::string, LayerMeasures>> planned_all(const nlohmann::json& recipe) const;
    Totals totals(const nlohmann::json& recipe) const;
    /// Estimates every quantized layer's error under a recipe, told one by one; planned() and totals() then know them.
    void estimate_all(const nlohmann::json& recipe,
                      const std::function<void(const std::string& layer, const LayerMeasures&)>& found,
                      Progress& progress);
    /// Names of the presets for a kind of model (ModelCard::kind) and their recipes; the first is the one to start
    /// with.
    static std::vector<std::pair<std::string, nlohmann::json>> presets(const std::string& kind);

    // --- quantizing -----------------------------------------------------------------------------------------------
    /// Fits every layer that the recipe covers; remembers the result under the recipe. A cancelled call leaves nothing.
    void quantize(const nlohmann::json& recipe,
                  const std::function<void(const std::string&, const LayerMeasures&)>& fitted, Progress& progress);
    bool is_quantized(const nlohmann::json& recipe) const;
    /// Exact error of one layer, from the model fitted under the recipe or by fitting this layer alone.
    std::shared_ptr<const FitView> fit_view(const std::string& layer, const nlohmann::json& recipe, Progress& progress);
    /// What is known exactly by now of each layer under a recipe: of those in the model fitted under it, fitted alone,
    /// or left in float; empty for the others. Never fits.
    std::vector<std::optional<Estimate>> known_results(const std::vector<std::string>& layers,
                                                       const nlohmann::json& recipe) const;

    // --- comparing ------------------------------------------------------------------------------------------------
    struct CompareOptions {
        std::filesystem::path text; ///< empty: the shipped evaluation text
        int context = 512;
        int max_tokens = 4096; ///< 0: the whole text
        bool llama_cpp_convention = false;
    };
    /// Perplexity of the original (recipe null) or of a recipe, which is fitted first when it is not yet.
    CompareRow evaluate(const nlohmann::json& recipe, const CompareOptions& options, Progress& progress);
    struct TextOptions {
        std::string prompt;
        bool chat = false;
        int max_tokens = 64;
        double temperature = 0; ///< 0: greedy
        std::uint64_t seed = 0;
    };
    /// The same text under every model: each column's continuation of the prompt, and token for token the divergence
    /// from the original over prompt and the original's continuation. recipes[i] null: the original.
    std::vector<TextColumn>
    compare_text(const std::vector<nlohmann::json>& recipes, const TextOptions& options,
                 const std::function<void(std::size_t column, const std::string& piece)>& streamed, Progress& progress);
    /// The ten most likely tokens at a position of the last compared text, in the original and in column `column`.
    std::vector<TokenCandidate> candidates(std::size_t column, std::size_t position) const;

    // --- images ---------------------------------------------------------------------------------------------------
    /// Whether the model is a DiT that images can be sampled from.
    bool samples_images() const;
    /// Of the model's classes; as many as it has, empty names where it names none.
    std::vector<std::string> classes() const;
    /// The rows and settings of a request, with no column yet.
    ImageComparison requested_images(const ImageRequest& request);
    /// Images of the original (recipe null) or of a recipe, which is fitted first when it is not yet.
    ImageColumn sample_images(const nlohmann::json& recipe, const ImageRequest& request, Progress& progress);

    // --- exporting ------------------------------------------------------------------------------------------------
    struct ExportFormat {
        std::string name, label, help;
        bool is_folder = true;
        bool available = true;
        std::string why_not;
        std::string extension = {}; ///< of a file, with the dot
    };
    std::vector<ExportFormat> export_formats() const;
    /// \returns what a person should know of the export
    std::vector<std::string> export_model(const nlohmann::json& recipe, const std::string& format,
                                          const std::filesystem::path& target, Progress& progress);
    void export_report(const nlohmann::json& recipe, const std::vector<CompareRow>& comparison,
                       const std::filesystem::path& target, Progress& progress);

private:
    struct Data;
    explicit Session(std::unique_ptr<Data> data);
    std::unique_ptr<Data> data_;
};

} // namespace quantscope::studio
