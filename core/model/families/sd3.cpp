// Stable Diffusion 3's transformer as diffusers stores it: inspected, quantized and exported, not evaluated.
#include "core/model/families/families.h"
#include "core/model/site.h"

namespace quantscope {

Family sd3_family() {
    return {
        .name = "sd3",
        .kind = "dit",
        .model_types = {"SD3Transformer2DModel"},
        .gguf_architectures = {"sd3"},
        .telltales = {"transformer_blocks.N.attn.add_q_proj", "transformer_blocks.N.norm1_context.linear",
                      "pos_embed.proj"},
        .names =
            {
                {"pos_embed.proj", role::x_embedder, ""},
                {"context_embedder", role::y_embedder, ""},
                {"time_text_embed.timestep_embedder.*", role::t_embedder, ""},
                {"time_text_embed.text_embedder.*", role::y_embedder, ""},
                {"transformer_blocks.N.norm1.linear", role::ada_ln, "", true},
                {"transformer_blocks.N.norm1_context.linear", role::ada_ln, "", true},
                {"transformer_blocks.N.attn.to_q", role::q, "", true},
                {"transformer_blocks.N.attn.to_k", role::k, "", true},
                {"transformer_blocks.N.attn.to_v", role::v, "", true},
                {"transformer_blocks.N.attn.add_q_proj", role::q, "", true},
                {"transformer_blocks.N.attn.add_k_proj", role::k, "", true},
                {"transformer_blocks.N.attn.add_v_proj", role::v, "", true},
                {"transformer_blocks.N.attn.to_out.0", role::proj, "", true},
                {"transformer_blocks.N.attn.to_add_out", role::proj, "", true},
                {"transformer_blocks.N.attn2.to_q", role::q, "", true},
                {"transformer_blocks.N.attn2.to_k", role::k, "", true},
                {"transformer_blocks.N.attn2.to_v", role::v, "", true},
                {"transformer_blocks.N.attn2.to_out.0", role::proj, "", true},
                {"transformer_blocks.N.ff.net.0.proj", role::fc1, "", true},
                {"transformer_blocks.N.ff.net.2", role::fc2, "", true},
                {"transformer_blocks.N.ff_context.net.0.proj", role::fc1, "", true},
                {"transformer_blocks.N.ff_context.net.2", role::fc2, "", true},
                {"norm_out.linear", role::final_layer, ""},
                {"proj_out", role::final_layer, ""},
            },
    };
}

} // namespace quantscope
