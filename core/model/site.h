// A site: one weight that can be quantized, with its place in the model. The rows of the studio's tree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace quantscope {

/// The one list of roles (DESIGN §1), spelled so in recipes, command line, report and window.
namespace role {
inline constexpr std::string_view q = "q", k = "k", v = "v", o = "o", gate = "gate", up = "up", down = "down",
                                  qkv = "qkv", proj = "proj", fc1 = "fc1", fc2 = "fc2", ada_ln = "adaLN",
                                  x_embedder = "x_embedder", t_embedder = "t_embedder", y_embedder = "y_embedder",
                                  final_layer = "final_layer", embedding = "embedding", head = "head",
                                  router = "router", norm = "norm", bias = "bias", convolution = "convolution",
                                  other = "other";
}

struct Site {
    std::string name;     ///< the checkpoint's own name without ".weight"; for GGUF the Hugging Face name
    std::string tensor;   ///< the tensor's name in the checkpoint
    int block = -1;       ///< block number, -1 outside of blocks
    std::string role;     ///< one of role::
    std::int64_t out = 0; ///< output channels (rows)
    std::int64_t in = 0;  ///< input channels (columns); 4-D weights are seen as [out, in·h·w]
    /// GGUF files of architecture `llama` store q and k with rows permuted for interleaved rotary; this many heads'
    /// rows are put back on reading. 0: rows are as Hugging Face has them.
    int permuted_heads = 0;
    bool in_default = false; ///< covered by a recipe's default (DESIGN §7): linear layers inside the blocks
};

/// Decodes rows [first, first + count) of a site in Hugging Face orientation and order.
/// \param out  count · site.in values
void read_site_rows(const Checkpoint& checkpoint, const Site& site, std::int64_t first, std::int64_t count,
                    std::span<float> out);

/// Row of the stored tensor that holds row `row` of the site (identity unless permuted_heads).
std::int64_t stored_row(const Site& site, std::int64_t row);

} // namespace quantscope
