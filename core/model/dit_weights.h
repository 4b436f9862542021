// A DiT's weights as tensors: what stands around the blocks is kept, blocks are kept while the budget lasts and read
// again at every pass beyond it.
#pragma once

#include <memory>
#include <vector>

#include "core/model/dit_forward.h"

namespace quantscope {

class DitWeights {
public:
    /// Reads nothing yet. \param budget  bytes of decoded blocks that stay in memory; 0: half of what is free
    /// \throws IoError when not even one block fits into what is free
    DitWeights(std::shared_ptr<const WeightSource> source, const std::string& device, at::ScalarType type,
               std::uint64_t budget);

    const DitEnds& ends(const Progress& progress);
    std::shared_ptr<const DitBlock> block(std::int64_t index, const Progress& progress);
    const WeightSource& source() const { return reader_.source(); }
    at::Device device() const { return reader_.device(); }
    at::ScalarType type() const { return reader_.type(); }

private:
    std::shared_ptr<const DitCondition> condition(std::int64_t block, const Progress& progress);
    std::shared_ptr<const DitBlock> read_block(std::int64_t index, const Progress& progress);
    bool has_own(const std::string& table) const;
    at::Tensor positions() const;

    WeightReader reader_;
    const DitArchitecture& facts_;
    std::int64_t kept_blocks_ = 0; ///< the first ones
    std::vector<std::shared_ptr<const DitBlock>> blocks_;
    std::vector<std::shared_ptr<const DitCondition>> conditions_;
    std::unique_ptr<DitEnds> ends_;
};

} // namespace quantscope
