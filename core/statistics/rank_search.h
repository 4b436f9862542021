// Finds a percentile by counting: a threshold is guessed, the values not above it are counted, and the guess is
// improved until its rank is close enough. Every count is exact, so the answer's rank is too, whatever the
// distribution; memory is a few numbers for each percentile, and one walk serves many of them at once.
#pragma once

#include <cstdint>

#include "core/statistics/kernels.h"

namespace quantscope {

/// Where percentile p lies in a distribution of mean 0 and standard deviation 1, and how fast it moves with the rank:
/// the first guess for every channel of a tensor, whose channels mostly have one shape.
struct PercentileShape {
    double position = 0;
    double slope = 1; ///< standard deviations for the whole range of ranks; 1 / density
};

class RankSearch {
public:
    /// Ranks may be off by this share of the values.
    static constexpr double tolerance = 0.001;
    /// Below this many values the tolerance is no more than a rank or two and sorting is quicker.
    static constexpr std::int64_t smallest = 2048;

    /// \param percent  0…100, of `count` finite values between `low` and `high`, which occur
    void begin(kernels::Kind kind, std::int64_t count, double percent, float low, float high, double mean,
               double deviation, PercentileShape shape);
    bool done() const { return done_; }
    /// The key to count at next.
    std::int32_t probe() const { return probe_; }
    /// \param not_above  how many values have a key ≤ probe()
    void counted(std::int64_t not_above);
    float value() const { return value_of_key_(); }

private:
    float value_of_key_() const;
    void choose(double guess);

    kernels::Kind kind_{};
    bool done_ = true;
    int probes_ = 0;
    bool moved_low_ = false;                      // which bound the last count moved
    bool stalled_ = false;                        // whether it left more than half of the values between the bounds
    int moved_alike_ = 0;                         // how many counts before it moved the same one
    std::int32_t low_ = 0, high_ = 0, probe_ = 0; // keys: count(≤ low_) ≤ wanted < count(≤ high_)
    std::int64_t below_low_ = 0, below_high_ = 0; // those counts
    bool low_known_ = false, high_known_ = false; // counted rather than an extreme
    std::int64_t wanted_ = 0;                     // the rank whose value is the exact answer
    double target_ = 0, allowed_ = 0, scale_ = 0; // scale_: value per rank
};

} // namespace quantscope
