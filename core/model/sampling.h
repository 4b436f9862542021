// Choosing the next token from logits: greedily, or at random from a seed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace quantscope {

struct SamplingOptions {
    double temperature = 0; ///< 0: greedy
    std::int64_t top_k = 0; ///< only the k most likely tokens; 0: all
    double top_p = 1;       ///< only the most likely tokens that together have this probability, in (0, 1]
    std::uint64_t seed = 0;
};

/// A seeded chooser: the same seed and logits give the same tokens on every machine.
class Sampler {
public:
    explicit Sampler(SamplingOptions options)
        : options_(options)
        , state_(options.seed) {}

    /// \param logits  [vocabulary]; non-finite entries are never chosen
    /// \throws DataError when no entry is finite
    std::int32_t choose(std::span<const float> logits);

private:
    double uniform(); ///< in [0, 1)

    SamplingOptions options_;
    std::uint64_t state_;
};

} // namespace quantscope
