// PixArt-α and -Σ as diffusers stores them: inspected, quantized and exported, not evaluated.
#include "core/model/families/families.h"
#include "core/model/site.h"

namespace quantscope {

Family pixart_family() {
    return {
        .name = "pixart",
        .kind = "dit",
        .model_types = {"PixArtTransformer2DModel"},
        .gguf_architectures = {},
        .telltales = {"transformer_blocks.N.attn2.to_q", "adaln_single.linear", "pos_embed.proj"},
        .names =
            {
                {"pos_embed.proj", role::x_embedder, ""},
                {"adaln_single.emb.*.*", role::t_embedder, ""},
                {"adaln_single.linear", role::ada_ln, ""},
                {"caption_projection.*", role::y_embedder, ""},
                {"transformer_blocks.N.scale_shift_table", role::other, ""},
                {"transformer_blocks.N.attn1.to_q", role::q, "", true},
                {"transformer_blocks.N.attn1.to_k", role::k, "", true},
                {"transformer_blocks.N.attn1.to_v", role::v, "", true},
                {"transformer_blocks.N.attn1.to_out.0", role::proj, "", true},
                {"transformer_blocks.N.attn2.to_q", role::q, "", true},
                {"transformer_blocks.N.attn2.to_k", role::k, "", true},
                {"transformer_blocks.N.attn2.to_v", role::v, "", true},
                {"transformer_blocks.N.attn2.to_out.0", role::proj, "", true},
                {"transformer_blocks.N.ff.net.0.proj", role::fc1, "", true},
                {"transformer_blocks.N.ff.net.2", role::fc2, "", true},
                {"scale_shift_table", role::other, ""},
                {"proj_out", role::final_layer, ""},
            },
    };
}

} // namespace quantscope
