// Diffusion Transformers as the diffusers library stores them.
#include "core/model/families/families.h"
#include "core/model/site.h"

namespace quantscope {

Family dit_diffusers_family() {
    return {
        .name = "dit-diffusers",
        .kind = "dit",
        .model_types = {"DiTTransformer2DModel"},
        .gguf_architectures = {},
        .telltales = {"transformer_blocks.N.attn1.to_q", "transformer_blocks.N.norm1.linear", "pos_embed.proj",
                      "proj_out_2"},
        .names =
            {
                {"pos_embed.proj", role::x_embedder, ""},
                {"transformer_blocks.N.norm1.emb.timestep_embedder.linear_1", role::t_embedder, ""},
                {"transformer_blocks.N.norm1.emb.timestep_embedder.linear_2", role::t_embedder, ""},
                {"transformer_blocks.N.norm1.emb.class_embedder.embedding_table", role::y_embedder, ""},
                {"transformer_blocks.N.norm1.linear", role::ada_ln, "", true},
                {"transformer_blocks.N.attn1.to_q", role::q, "", true},
                {"transformer_blocks.N.attn1.to_k", role::k, "", true},
                {"transformer_blocks.N.attn1.to_v", role::v, "", true},
                {"transformer_blocks.N.attn1.to_out.0", role::proj, "", true},
                {"transformer_blocks.N.ff.net.0.proj", role::fc1, "", true},
                {"transformer_blocks.N.ff.net.2", role::fc2, "", true},
                {"proj_out_1", role::final_layer, ""},
                {"proj_out_2", role::final_layer, ""},
            },
        .has_dit_forward = true,
    };
}

} // namespace quantscope
