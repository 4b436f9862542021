// The variational autoencoder of latent diffusion (AutoencoderKL), both directions. Almost all of it is convolutions;
// the attention in the middle has an old and a new spelling.
#include "core/model/families/families.h"
#include "core/model/site.h"

namespace quantscope {

Family autoencoder_kl_family() {
    return {
        .name = "autoencoder-kl",
        .kind = "vae",
        .model_types = {"AutoencoderKL"},
        .gguf_architectures = {},
        .telltales = {"decoder.conv_in", "decoder.up_blocks.N.resnets.*.conv1", "decoder.conv_out"},
        .names =
            {
                {"encoder.mid_block.attentions.*.to_q", role::q, ""},
                {"encoder.mid_block.attentions.*.to_k", role::k, ""},
                {"encoder.mid_block.attentions.*.to_v", role::v, ""},
                {"encoder.mid_block.attentions.*.to_out.0", role::proj, ""},
                {"decoder.mid_block.attentions.*.to_q", role::q, ""},
                {"decoder.mid_block.attentions.*.to_k", role::k, ""},
                {"decoder.mid_block.attentions.*.to_v", role::v, ""},
                {"decoder.mid_block.attentions.*.to_out.0", role::proj, ""},
                {"decoder.mid_block.attentions.*.query", role::q, ""},
                {"decoder.mid_block.attentions.*.key", role::k, ""},
                {"decoder.mid_block.attentions.*.value", role::v, ""},
                {"decoder.mid_block.attentions.*.proj_attn", role::proj, ""},
            },
    };
}

} // namespace quantscope
