// FLUX.1, as diffusers stores it and in its original layout: inspected, quantized and exported, not evaluated.
#include "core/model/families/families.h"
#include "core/model/site.h"

namespace quantscope {

Family flux_family() {
    return {
        .name = "flux",
        .kind = "dit",
        .model_types = {"FluxTransformer2DModel"},
        .gguf_architectures = {"flux"},
        .telltales = {"double_blocks.N.img_attn.qkv", "single_blocks.N.linear1"},
        .names =
            {
                {"x_embedder", role::x_embedder, ""},
                {"img_in", role::x_embedder, "img_in"},
                {"context_embedder", role::y_embedder, ""},
                {"txt_in", role::y_embedder, "txt_in"},
                {"time_text_embed.timestep_embedder.*", role::t_embedder, ""},
                {"time_text_embed.guidance_embedder.*", role::t_embedder, ""},
                {"time_text_embed.text_embedder.*", role::y_embedder, ""},
                {"time_in.*", role::t_embedder, "time_in.*"},
                {"guidance_in.*", role::t_embedder, "guidance_in.*"},
                {"vector_in.*", role::y_embedder, "vector_in.*"},
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
                {"transformer_blocks.N.ff.net.0.proj", role::fc1, "", true},
                {"transformer_blocks.N.ff.net.2", role::fc2, "", true},
                {"transformer_blocks.N.ff_context.net.0.proj", role::fc1, "", true},
                {"transformer_blocks.N.ff_context.net.2", role::fc2, "", true},
                {"double_blocks.N.img_mod.lin", role::ada_ln, "double_blocks.N.img_mod.lin", true},
                {"double_blocks.N.txt_mod.lin", role::ada_ln, "double_blocks.N.txt_mod.lin", true},
                {"double_blocks.N.img_attn.qkv", role::qkv, "double_blocks.N.img_attn.qkv", true},
                {"double_blocks.N.txt_attn.qkv", role::qkv, "double_blocks.N.txt_attn.qkv", true},
                {"double_blocks.N.img_attn.proj", role::proj, "double_blocks.N.img_attn.proj", true},
                {"double_blocks.N.txt_attn.proj", role::proj, "double_blocks.N.txt_attn.proj", true},
                {"double_blocks.N.img_mlp.0", role::fc1, "double_blocks.N.img_mlp.0", true},
                {"double_blocks.N.img_mlp.2", role::fc2, "double_blocks.N.img_mlp.2", true},
                {"double_blocks.N.txt_mlp.0", role::fc1, "double_blocks.N.txt_mlp.0", true},
                {"double_blocks.N.txt_mlp.2", role::fc2, "double_blocks.N.txt_mlp.2", true},
                {"single_transformer_blocks.N.norm.linear", role::ada_ln, "", true},
                {"single_transformer_blocks.N.attn.to_q", role::q, "", true},
                {"single_transformer_blocks.N.attn.to_k", role::k, "", true},
                {"single_transformer_blocks.N.attn.to_v", role::v, "", true},
                {"single_transformer_blocks.N.proj_mlp", role::fc1, "", true},
                {"single_transformer_blocks.N.proj_out", role::proj, "", true},
                {"single_blocks.N.modulation.lin", role::ada_ln, "single_blocks.N.modulation.lin", true},
                {"single_blocks.N.linear1", role::qkv, "single_blocks.N.linear1", true},
                {"single_blocks.N.linear2", role::proj, "single_blocks.N.linear2", true},
                {"norm_out.linear", role::final_layer, ""},
                {"proj_out", role::final_layer, ""},
                {"final_layer.adaLN_modulation.1", role::final_layer, "final_layer.adaLN_modulation.1"},
                {"final_layer.linear", role::final_layer, "final_layer.linear"},
            },
    };
}

} // namespace quantscope
