// Diffusion Transformers in their original layout (facebookresearch/DiT). Checkpoints hold the weights themselves, or
// under "ema" (preferred) and "model".
#include "core/model/families/families.h"
#include "core/model/site.h"

namespace quantscope {

Family dit_family() {
    return {
        .name = "dit",
        .kind = "dit",
        .model_types = {},
        .gguf_architectures = {},
        .telltales = {"blocks.N.attn.qkv", "blocks.N.adaLN_modulation.1", "x_embedder.proj"},
        .names =
            {
                {"x_embedder.proj", role::x_embedder, ""},
                {"pos_embed", role::other, ""},
                {"t_embedder.mlp.0", role::t_embedder, ""},
                {"t_embedder.mlp.2", role::t_embedder, ""},
                {"y_embedder.embedding_table", role::y_embedder, ""},
                {"blocks.N.adaLN_modulation.1", role::ada_ln, "", true},
                {"blocks.N.attn.qkv", role::qkv, "", true},
                {"blocks.N.attn.proj", role::proj, "", true},
                {"blocks.N.mlp.fc1", role::fc1, "", true},
                {"blocks.N.mlp.fc2", role::fc2, "", true},
                {"final_layer.adaLN_modulation.1", role::final_layer, ""},
                {"final_layer.linear", role::final_layer, ""},
            },
        .has_dit_forward = true,
    };
}

} // namespace quantscope
