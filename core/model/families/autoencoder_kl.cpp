// The variational autoencoder of latent diffusion (AutoencoderKL), both directions; images are decoded, never encoded.
// Almost all of it is convolutions; the attention in the middle has an old and a new spelling.
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
                {"post_quant_conv", role::convolution, ""},
                {"decoder.conv_in", role::convolution, ""},
                {"decoder.mid_block.resnets.0.norm1", role::norm, ""},
                {"decoder.mid_block.resnets.0.conv1", role::convolution, ""},
                {"decoder.mid_block.resnets.0.norm2", role::norm, ""},
                {"decoder.mid_block.resnets.0.conv2", role::convolution, ""},
                {"decoder.mid_block.attentions.*.group_norm", role::norm, ""},
                {"decoder.mid_block.attentions.*.to_q", role::q, ""},
                {"decoder.mid_block.attentions.*.to_k", role::k, ""},
                {"decoder.mid_block.attentions.*.to_v", role::v, ""},
                {"decoder.mid_block.attentions.*.to_out.0", role::proj, ""},
                {"decoder.mid_block.attentions.*.query", role::q, ""},
                {"decoder.mid_block.attentions.*.key", role::k, ""},
                {"decoder.mid_block.attentions.*.value", role::v, ""},
                {"decoder.mid_block.attentions.*.proj_attn", role::proj, ""},
                {"decoder.mid_block.resnets.*.norm1", role::norm, ""},
                {"decoder.mid_block.resnets.*.conv1", role::convolution, ""},
                {"decoder.mid_block.resnets.*.norm2", role::norm, ""},
                {"decoder.mid_block.resnets.*.conv2", role::convolution, ""},
                {"decoder.up_blocks.N.resnets.*.norm1", role::norm, ""},
                {"decoder.up_blocks.N.resnets.*.conv1", role::convolution, ""},
                {"decoder.up_blocks.N.resnets.*.norm2", role::norm, ""},
                {"decoder.up_blocks.N.resnets.*.conv2", role::convolution, ""},
                {"decoder.up_blocks.N.resnets.*.conv_shortcut", role::convolution, ""},
                {"decoder.up_blocks.N.upsamplers.0.conv", role::convolution, ""},
                {"decoder.conv_norm_out", role::norm, ""},
                {"decoder.conv_out", role::convolution, ""},
            },
    };
}

} // namespace quantscope
