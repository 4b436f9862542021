// A packed file opened again: the source's tensors by the source's names, fitted ones decoded from their codes.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/schemes/fitted_site.h"

namespace quantscope {

class PackedCheckpoint final : public Checkpoint {
public:
    /// Reads metadata and shapes only; codes are read when a site is.
    /// \throws FormatError naming file and site, tensor or metadata key
    explicit PackedCheckpoint(std::unique_ptr<Checkpoint> stored);

    std::span<const std::byte> raw(const TensorInfo& tensor) const override;
    void release(const TensorInfo& tensor) const override;

    const nlohmann::json& recipe() const { return recipe_; }
    /// A fitted site by its tensor, read from the file; null for tensors that are not fitted.
    std::shared_ptr<const FittedSite> site(const TensorInfo& tensor) const;

private:
    void decode_rows(const TensorInfo& tensor, std::int64_t first, std::int64_t count,
                     std::span<float> out) const override;

    /// A site as the metadata describes it, without its arrays.
    struct PackedSite {
        FittedSite described;
        std::map<std::string, const TensorInfo*> arrays; ///< name → stored tensor
        std::int64_t permuted_heads = 0;
    };

    nlohmann::json parsed(const char* key, nlohmann::json::value_t type) const;
    void read_source();
    void add_site(const std::string& name, const nlohmann::json& entry);
    void check_site(const PackedSite& site) const;
    void add_blocks(const std::string& name, const nlohmann::json& entry);
    void add_kept();
    void add_copies();
    void restore_order();
    /// The tensor that is stored for a name: its own, or the one of which it is a copy.
    const std::string& stored_name(const std::string& name) const;
    const TensorInfo& claim(const std::string& name);
    std::vector<std::int64_t> shape_of(const std::string& name, const nlohmann::json& entry) const;
    [[noreturn]] void fail(const std::string& place, const std::string& problem) const;

    std::unique_ptr<Checkpoint> stored_;
    nlohmann::json recipe_;
    std::map<std::string, PackedSite, std::less<>> sites_;       ///< by tensor name
    std::map<std::string, const TensorInfo*, std::less<>> kept_; ///< tensor name → stored tensor
    std::map<std::string, std::string, std::less<>> copies_;     ///< tensor name → the one whose values it has
    std::set<std::string> claimed_;                              ///< stored tensors that belong to something

    /// Sites read lately, newest last. The lock guards this list only: several threads decode rows of one site.
    static constexpr std::uint64_t kept_bytes = 256 << 20;
    mutable std::mutex lock_;
    mutable std::vector<std::pair<std::string, std::shared_ptr<const FittedSite>>> lately_;
};

} // namespace quantscope
