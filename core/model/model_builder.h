// Makes a Model of a checkpoint: recognises the family, gives every tensor its name and place, reads the facts.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "core/model/family.h"
#include "core/model/model.h"

namespace quantscope {

class ModelBuilder {
public:
    ModelBuilder(std::unique_ptr<Checkpoint> checkpoint, const ModelOptions& options);
    /// \throws FormatError, ShapeError naming file and key or tensor
    std::shared_ptr<const Model> build();

private:
    /// A tensor that a name rule knows.
    struct Named {
        const TensorInfo* tensor;
        std::string canonical; ///< Hugging Face name without ".weight"
        std::size_t rule;
        int block;
    };

    void recognise();
    const Family* family_of_names();
    void find_prefix();
    void name_tensors();
    void find_copies();
    void add_named_sites(const std::vector<Named>& named);
    void add_other_sites();
    void add_site(const TensorInfo& tensor, std::string name, int block, std::string_view role, bool in_default);
    bool is_site(const TensorInfo& tensor) const;
    void count_parameters();
    void read_facts();
    void read_dit_facts();
    void read_autoencoder_facts();
    void use_permutation();
    void read_rotary_divisors();
    void check_tensors();
    bool check_tensor(const std::string& name, std::vector<std::int64_t> shape, bool required);
    bool check_linear(const std::string& name, std::int64_t out, std::int64_t in, bool bias_required);

    std::shared_ptr<Model> model_;
    const Checkpoint& checkpoint_;
    const ModelOptions options_;
    const Family* family_ = nullptr;
    bool gguf_ = false;
    nlohmann::json config_;       ///< in the words of config.json, whatever the file's
    std::string config_file_;     ///< named in errors
    std::string prefix_, outer_;  ///< in front of the family's names; for language models, also of the head's
    std::set<std::string> taken_; ///< site names given out
    std::shared_ptr<Architecture> facts_;
};

} // namespace quantscope
