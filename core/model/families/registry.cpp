// The list of families. A file whose configuration names none of them is recognised by its tensors' names, in this
// order.
#include "core/model/families/families.h"

namespace quantscope {

std::span<const Family> families() {
    static const std::vector<Family> all = {
        llama_family(),         mistral_family(), qwen2_family(), qwen3_family(),  dit_family(),
        dit_diffusers_family(), flux_family(),    sd3_family(),   pixart_family(), autoencoder_kl_family(),
    };
    return all;
}

} // namespace quantscope
