// Collects every tensor under its Hugging Face name, divides them into shards, and writes them with what goes beside.
#include "core/export/hugging_face.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <set>

#include "core/base/atomic_file.h"
#include "core/base/errors.h"
#include "core/base/half.h"
#include "core/export/companion_files.h"
#include "core/export/hugging_face_config.h"
#include "core/export/kept_tensor.h"
#include "core/export/provenance.h"
#include "core/export/tokenizer_json.h"
#include "core/model/names.h"

namespace quantscope {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* rotary_divisors = "rope_freqs.weight"; ///< GGUF's; config.json says it in words

bool is_16_bit(DType dtype) { return dtype == DType::F16 || dtype == DType::BF16; }

/// Whether rounding to a 16-bit dtype changes no weight of a site.
bool is_exact(const FittedSite& site, DType dtype, Progress& progress) {
    const std::int64_t step = std::max<std::int64_t>(1, (1 << 20) / std::max<std::int64_t>(1, site.columns));
    std::vector<float> values(static_cast<std::size_t>(std::min(step, site.rows) * site.columns));
    for (std::int64_t first = 0; first < site.rows; first += step) {
        progress.check();
        const std::int64_t count = std::min(step, site.rows - first);
        const auto piece = std::span(values).first(static_cast<std::size_t>(count * site.columns));
        site.decode_rows(first, count, piece);
        const auto same = [&](float value) {
            return value == (dtype == DType::F16 ? float16_to_float(float_to_float16(value))
                                                 : bfloat16_to_float(float_to_bfloat16(value)));
        };
        if (!std::all_of(piece.begin(), piece.end(), same)) return false;
    }
    return true;
}

/// The tensors of one export, and the dtype in which a reader should load them.
class Collection {
public:
    Collection(const FittedModel& model, const ExportOptions& options, Progress& progress)
        : model_(model)
        , checkpoint_(model.model().checkpoint())
        , gguf_(checkpoint_.naming() == "gguf") {
        choose_dtypes(options.dtype, progress);
        if (gguf_)
            for (const auto& [hugging_face, own] : model.model().names())
                names_.emplace(own, hugging_face);
        for (const Site& site : model.model().sites())
            sites_.emplace(site.tensor, &site);
        for (const TensorInfo& tensor : checkpoint_.tensors())
            add(tensor);
    }

    std::vector<TensorToWrite> tensors;

    DType load_dtype() const { return wide_ || narrow_.size() != 1 ? DType::F32 : *narrow_.begin(); }

private:
    void choose_dtypes(const std::string& asked, Progress& progress) {
        if (asked == "float32" || asked == "float16" || asked == "bfloat16") {
            asked_ = fitted_ = asked == "float32" ? DType::F32 : asked == "float16" ? DType::F16 : DType::BF16;
            return;
        }
        if (asked != "auto" && !asked.empty())
            throw RecipeError({}, "dtype",
                              "\"" + printable(asked, 40) + "\" is none of auto, float32, float16, bfloat16");
        fitted_ = DType::F32;
        if (model_.sites().empty()) return;
        const Site* first = model_.model().find_site(model_.sites().begin()->first);
        const DType own = checkpoint_.at(first->tensor).dtype;
        if (!is_16_bit(own)) return;
        for (const auto& [name, site] : model_.sites())
            if (!is_exact(site, own, progress)) return;
        fitted_ = own;
    }

    /// What a tensor that is not fitted is written as.
    DType kept_dtype(const TensorInfo& tensor) const {
        const DTypeFacts& known = facts(tensor.dtype);
        if (asked_ && known.is_float && known.decoded) return *asked_;
        if (fits_safetensors(tensor.dtype)) return tensor.dtype;
        return is_in_blocks(tensor) ? DType::F16 : DType::F32; // float16 is how a fitted model sees such a tensor
    }

    static bool is_in_blocks(const TensorInfo& tensor) {
        return facts(tensor.dtype).decoded && facts(tensor.dtype).block_values > 4;
    }

    std::string name_of(const TensorInfo& tensor) const {
        if (!gguf_) return tensor.name;
        const auto found = names_.find(tensor.name);
        if (found != names_.end()) return found->second;
        throw FormatError(checkpoint_.path().string(), tensor.name,
                          "has no name in Hugging Face's layout; export packed instead");
    }

    void add(const TensorInfo& tensor) {
        if (gguf_ && tensor.name == rotary_divisors) return;
        const auto found = sites_.find(tensor.name);
        const Site* site = found == sites_.end() ? nullptr : found->second;
        const bool fitted = site && model_.find(site->name);
        if (fitted || (site && (site->permuted_heads || is_in_blocks(tensor))))
            tensors.push_back(rows_of(tensor, *site, fitted ? fitted_ : kept_dtype(tensor)));
        else if (gguf_ && tensor.shape.size() == 1)
            tensors.push_back(vector_of(tensor));
        else
            tensors.push_back(kept_tensor(checkpoint_, tensor, name_of(tensor), kept_dtype(tensor)));
        note(tensors.back().dtype);
    }

    TensorToWrite rows_of(const TensorInfo& tensor, const Site& site, DType dtype) const {
        auto rows = tensor_of_rows(name_of(tensor), dtype, tensor.shape,
                                   [this, &site](std::int64_t first, std::int64_t count, std::span<float> out) {
                                       model_.read_rows(site, first, count, out);
                                   });
        rows.write = [write = std::move(rows.write), this, &tensor](const ByteSink& sink, Progress& progress) {
            write(sink, progress);
            checkpoint_.release(tensor);
        };
        return rows;
    }

    /// Norms and biases; those of permuted rows are put back into Hugging Face's order.
    TensorToWrite vector_of(const TensorInfo& tensor) const {
        const std::string name = name_of(tensor);
        return tensor_of_rows(name, kept_dtype(tensor), tensor.shape,
                              [this, name](std::int64_t first, std::int64_t count, std::span<float> out) {
                                  const auto values = model_.model().read_vector(name);
                                  std::copy_n(values.begin() + first, count, out.begin());
                              });
    }

    void note(DType dtype) {
        if (is_16_bit(dtype))
            narrow_.insert(dtype);
        else if (facts(dtype).is_float)
            wide_ = wide_ || facts(dtype).block_bytes >= 4;
    }

    const FittedModel& model_;
    const Checkpoint& checkpoint_;
    bool gguf_;
    std::optional<DType> asked_;
    DType fitted_ = DType::F32;
    std::map<std::string, std::string> names_; ///< checkpoint name → Hugging Face name, for GGUF
    std::map<std::string, const Site*> sites_; ///< by tensor
    std::set<DType> narrow_;
    bool wide_ = false;
};

using Shards = std::vector<std::vector<TensorToWrite>>;

Shards divided(std::vector<TensorToWrite> tensors, std::uint64_t limit) {
    Shards shards;
    std::uint64_t size = 0;
    for (TensorToWrite& tensor : tensors) {
        const std::uint64_t bytes = tensor.bytes();
        if (shards.empty() || (size > 0 && size + bytes > limit)) {
            shards.emplace_back();
            size = 0;
        }
        size += bytes;
        shards.back().push_back(std::move(tensor));
    }
    return shards;
}

/// "model" for language models; diffusers has another word for the same.
std::string stem_of(const Checkpoint& checkpoint) {
    const std::string stem = "diffusion_pytorch_model", file = checkpoint.files().front().filename().string();
    return file.starts_with(stem) ? stem : "model";
}

std::string shard_name(const std::string& stem, std::size_t index, std::size_t count) {
    if (count == 1) return stem + ".safetensors";
    char numbers[40];
    std::snprintf(numbers, sizeof numbers, "-%05zu-of-%05zu", index + 1, count);
    return stem + numbers + ".safetensors";
}

std::uint64_t write_shards(Shards shards, const std::string& stem, const fs::path& folder, Progress& progress) {
    std::uint64_t total = 0, written = 0, file_bytes = 0;
    for (const auto& shard : shards)
        for (const TensorToWrite& tensor : shard)
            total += tensor.bytes();
    const auto share = [&] { return total ? static_cast<double>(written) / static_cast<double>(total) : 1; };
    json weight_map = json::object();
    for (std::size_t i = 0; i < shards.size(); ++i) {
        const std::string name = shard_name(stem, i, shards.size());
        const double begin = share();
        for (const TensorToWrite& tensor : shards[i]) {
            weight_map[tensor.name] = name;
            written += tensor.bytes();
        }
        Progress part(progress, begin, share());
        file_bytes += write_safetensors(folder / name, std::move(shards[i]), {{"format", "pt"}}, part);
    }
    if (shards.size() > 1)
        write_text(folder / (stem + ".safetensors.index.json"),
                   json{{"metadata", {{"total_size", total}}}, {"weight_map", weight_map}}.dump(2) + "\n");
    return file_bytes;
}

void write_configuration(const FittedModel& model, DType dtype, const fs::path& folder, ExportResult& result) {
    const Checkpoint& checkpoint = model.model().checkpoint();
    const json config = hugging_face_config(model.model(), dtype);
    if (config.is_object())
        write_text(folder / "config.json", config.dump(2) + "\n");
    else
        result.remarks.push_back("The source has no config.json, so there is none in the export.");
    if (checkpoint.naming() != "gguf") {
        copy_companions(checkpoint, folder);
        return;
    }
    if (const json special = generation_config(checkpoint.metadata()); special.is_object())
        write_text(folder / "generation_config.json", special.dump(2) + "\n");
    const TokenizerFiles tokenizer = tokenizer_json_from_gguf(checkpoint.metadata(), checkpoint.path().string());
    result.remarks.insert(result.remarks.end(), tokenizer.remarks.begin(), tokenizer.remarks.end());
    if (!tokenizer.tokenizer.is_object()) return;
    write_text(folder / "tokenizer.json", tokenizer.tokenizer.dump(1) + "\n");
    write_text(folder / "tokenizer_config.json", tokenizer.config.dump(2) + "\n");
}

} // namespace

std::string why_not_hugging_face(const Model& model) { return why_no_hugging_face_config(model); }

ExportResult write_hugging_face(const FittedModel& model, const fs::path& folder, const ExportOptions& options,
                                Progress& progress) {
    if (const std::string reason = why_not_hugging_face(model.model()); !reason.empty())
        throw FormatError(model.model().checkpoint().path().string(), "", reason);
    ExportResult result;
    OutputFolder output(folder, model.model().checkpoint());
    Progress hashing(progress, 0, 0.1), choosing(progress, 0.1, 0.1), writing(progress, 0.1, 1);
    const Provenance provenance = provenance_of(model.model(), hashing);
    Collection collection(model, options, choosing);
    const DType dtype = collection.load_dtype();
    const json told = {{"quantscope_version", provenance.version},
                       {"source", provenance.source},
                       {"source_sha256", provenance.source_sha256},
                       {"created", provenance.created},
                       {"recipe", model.recipe()}};
    result.bytes = output.fill([&] {
        write_configuration(model, dtype, output.path(), result);
        write_text(output.path() / "quantscope.json", told.dump(2) + "\n");
        return write_shards(divided(std::move(collection.tensors), options.shard_bytes),
                            stem_of(model.model().checkpoint()), output.path(), writing);
    });
    progress.check();
    result.files = output.commit();
    return result;
}

} // namespace quantscope
