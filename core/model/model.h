// A model as core's other rooms see it: a checkpoint, what family it is, its architecture's facts and its sites.
// Free of torch: the forward pass is in decoder.h.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/model/architecture.h"
#include "core/model/autoencoder_architecture.h"
#include "core/model/dit_architecture.h"
#include "core/model/site.h"

namespace quantscope {

/// What a file does not tell and a user may.
struct ModelOptions {
    std::int64_t heads = 0; ///< attention heads of a DiT; 0: as the file, its width or its configuration says
};

class Model {
public:
    /// Recognises the family from config.json, GGUF metadata or names. A file of unknown family opens too.
    /// \throws FormatError when the family is known but the tensors contradict its configuration
    static std::shared_ptr<const Model> open(const std::filesystem::path& path, const ModelOptions& options = {});
    static std::shared_ptr<const Model> from(std::unique_ptr<Checkpoint> checkpoint, const ModelOptions& options = {});

    const Checkpoint& checkpoint() const { return *checkpoint_; }
    const std::string& family() const { return family_; }  ///< "llama", "qwen3", …, or "unknown"
    const std::string& kind() const { return kind_; }      ///< "llm", "dit", "vae", "unknown"
    std::span<const Site> sites() const { return sites_; } ///< in forward order
    const Site* find_site(std::string_view name) const;
    std::uint64_t parameters() const { return parameters_; }
    int blocks() const { return blocks_; }
    /// The facts a forward pass needs; null when the family is unknown or evaluation is impossible.
    const Architecture* architecture() const { return architecture_.get(); }
    /// The same of a class-conditional DiT; null for anything else and when evaluation is impossible.
    const DitArchitecture* diffusion() const { return diffusion_.get(); }
    /// The same of an AutoencoderKL's decoder.
    const AutoencoderArchitecture* autoencoder() const { return autoencoder_.get(); }
    /// Why all three are null, as one sentence for a user; empty when one is not.
    const std::string& why_not_evaluated() const { return why_not_; }
    /// The checkpoint's tensor that plays a Hugging Face name ("model.norm.weight"), or null.
    const TensorInfo* tensor(std::string_view hugging_face_name) const;
    /// Every known tensor: Hugging Face name → checkpoint name, sorted.
    std::span<const std::pair<std::string, std::string>> names() const { return names_; }
    /// The site of a Hugging Face weight name ("model.layers.0.self_attn.q_proj"), or null.
    const Site* site_of(std::string_view hugging_face_name) const;
    /// All values of a 1-D tensor (norm or bias) by its Hugging Face name, in Hugging Face order; empty when absent.
    std::vector<float> read_vector(std::string_view hugging_face_name) const;
    /// Of a tensor that holds the same values as an earlier one (diffusers stores a DiT's embedders in every block):
    /// the earlier one's name in the checkpoint; empty for all others. A copy is no site and counts no parameters.
    std::string copied_from(std::string_view tensor) const;
    /// block and role of any tensor, for listings ("norm", "bias", "other" where it is no site)
    std::pair<int, std::string> place_of(const TensorInfo& tensor) const;

private:
    friend class ModelBuilder;
    std::unique_ptr<Checkpoint> checkpoint_;
    std::string family_ = "unknown", kind_ = "unknown", why_not_;
    std::vector<Site> sites_;
    std::uint64_t parameters_ = 0;
    int blocks_ = 0;
    std::shared_ptr<const Architecture> architecture_;
    std::shared_ptr<const DitArchitecture> diffusion_;
    std::shared_ptr<const AutoencoderArchitecture> autoencoder_;
    std::map<std::string, std::string, std::less<>> copies_; ///< tensor → the earlier one that equals it
    std::vector<std::pair<std::string, std::string>> names_; ///< Hugging Face name → checkpoint name, sorted
    std::map<std::string, std::size_t, std::less<>> site_by_name_, site_by_tensor_; ///< indices into sites_
};

} // namespace quantscope
