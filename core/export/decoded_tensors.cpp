// Chooses each tensor's dtype, and wraps what produces its rows.
#include "core/export/decoded_tensors.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/base/errors.h"
#include "core/base/half.h"
#include "core/export/kept_tensor.h"

namespace quantscope {

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
    Collection(const FittedModel& model, const ExportOptions& options, AutoDtype automatic, Progress& progress)
        : model_(model)
        , checkpoint_(model.model().checkpoint())
        , automatic_(automatic)
        , renamed_(checkpoint_.naming() == "gguf" && automatic == AutoDtype::exact) {
        choose_dtypes(options.dtype, progress);
        if (renamed_)
            for (const auto& [hugging_face, own] : model.model().names())
                names_.emplace(own, hugging_face);
        for (const Site& site : model.model().sites())
            sites_.emplace(site.tensor, &site);
        for (const TensorInfo& tensor : checkpoint_.tensors())
            add(tensor, progress);
    }

    DecodedTensors take() {
        const DType load = wide_ || narrow_.size() != 1 ? DType::F32 : *narrow_.begin();
        return {std::move(tensors_), load, remarks()};
    }

private:
    void choose_dtypes(const std::string& asked, Progress& progress) {
        if (asked == "float32" || asked == "float16" || asked == "bfloat16") {
            asked_ = fitted_ = asked == "float32" ? DType::F32 : asked == "float16" ? DType::F16 : DType::BF16;
            return;
        }
        if (asked != "auto" && !asked.empty())
            throw RecipeError({}, "dtype",
                              "\"" + printable(asked, 40) + "\" is none of auto, float32, float16, bfloat16");
        if (automatic_ == AutoDtype::source) return; // each its own
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

    /// What a fitted tensor is written as, and a note of what that does to it.
    DType fitted_dtype(const TensorInfo& tensor, const FittedSite& site, Progress& progress) {
        const DType own = tensor.dtype;
        const DType taken = fitted_ ? *fitted_ : is_16_bit(own) || own == DType::F32 ? own : DType::F32;
        if (automatic_ == AutoDtype::exact || !told_.insert(site.name).second) return taken; // copies count once
        if (is_16_bit(taken) && !is_exact(site, taken, progress)) {
            ++rounded_;
            rounded_to_ = taken;
        }
        if (!fitted_ && taken != own && own != DType::PACKED) {
            ++widened_;
            widened_from_ = own;
        }
        return taken;
    }

    std::vector<std::string> remarks() const {
        const auto layers = [](std::size_t count) {
            return std::to_string(count) + (count == 1 ? " layer" : " layers");
        };
        std::vector<std::string> said;
        if (rounded_ > 0)
            said.push_back("The decoded weights of " + layers(rounded_) + " are rounded to " +
                           std::string(name(rounded_to_)) +
                           "; with --dtype float32 they stay exactly as they were "
                           "fitted.");
        if (widened_ > 0)
            said.push_back("The decoded weights of " + layers(widened_) + " that the source holds as " +
                           std::string(name(widened_from_)) + " are written as F32; --dtype bfloat16 halves that.");
        return said;
    }

    std::string name_of(const TensorInfo& tensor) const {
        if (!renamed_) return tensor.name;
        const auto found = names_.find(tensor.name);
        if (found != names_.end()) return found->second;
        throw FormatError(checkpoint_.path().string(), tensor.name,
                          "has no name in Hugging Face's layout; export packed instead");
    }

    void add(const TensorInfo& tensor, Progress& progress) {
        if (renamed_ && tensor.name == rotary_divisors) return;
        // A copy is written as the tensor of which it is one, so that the original's code finds every name it knows.
        const std::string original = model_.model().copied_from(tensor.name);
        const auto found = sites_.find(original.empty() ? tensor.name : original);
        const Site* site = found == sites_.end() ? nullptr : found->second;
        const FittedSite* fitted = site ? model_.find(site->name) : nullptr;
        if (fitted || (site && ((renamed_ && site->permuted_heads) || is_in_blocks(tensor))))
            tensors_.push_back(
                rows_of(tensor, *site, fitted ? fitted_dtype(tensor, *fitted, progress) : kept_dtype(tensor)));
        else if (renamed_ && tensor.shape.size() == 1)
            tensors_.push_back(vector_of(tensor));
        else
            tensors_.push_back(kept_tensor(checkpoint_, tensor, name_of(tensor), kept_dtype(tensor)));
        note(tensors_.back().dtype);
    }

    TensorToWrite rows_of(const TensorInfo& tensor, const Site& site, DType dtype) const {
        auto rows =
            tensor_of_rows(name_of(tensor), dtype, tensor.shape,
                           [&model = model_, &site](std::int64_t first, std::int64_t count, std::span<float> out) {
                               model.read_rows(site, first, count, out);
                           });
        rows.write = [write = std::move(rows.write), &checkpoint = checkpoint_, &tensor](const ByteSink& sink,
                                                                                         Progress& progress) {
            write(sink, progress);
            checkpoint.release(tensor);
        };
        return rows;
    }

    /// Norms and biases; those of permuted rows are put back into Hugging Face's order.
    TensorToWrite vector_of(const TensorInfo& tensor) const {
        const std::string name = name_of(tensor);
        return tensor_of_rows(
            name, kept_dtype(tensor), tensor.shape,
            [&model = model_.model(), name](std::int64_t first, std::int64_t count, std::span<float> out) {
                const auto values = model.read_vector(name);
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
    AutoDtype automatic_;
    bool renamed_;                        ///< GGUF's names and row order become Hugging Face's
    std::optional<DType> asked_, fitted_; ///< for all tensors, for all fitted ones
    std::vector<TensorToWrite> tensors_;
    std::set<std::string> told_; ///< sites that the remarks count
    std::size_t rounded_ = 0, widened_ = 0;
    DType rounded_to_{}, widened_from_{};
    std::map<std::string, std::string> names_; ///< checkpoint name → Hugging Face name, for GGUF
    std::map<std::string, const Site*> sites_; ///< by tensor
    std::set<DType> narrow_;
    bool wide_ = false;
};

} // namespace

DecodedTensors decoded_tensors(const FittedModel& model, const ExportOptions& options, AutoDtype automatic,
                               Progress& progress) {
    return Collection(model, options, automatic, progress).take();
}

} // namespace quantscope
