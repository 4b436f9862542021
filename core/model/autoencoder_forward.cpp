// Residual pairs of convolutions, attention over all pixels at the lowest resolution, then doubling up to the image.
#include "core/model/autoencoder_forward.h"

namespace quantscope {

namespace {

constexpr double norm_eps = 1e-6; ///< of every group norm, whatever the configuration

std::string up_block(std::size_t block) { return "decoder.up_blocks." + std::to_string(block) + "."; }

/// Reads parts of the decoder by name.
class DecoderReader {
public:
    DecoderReader(const WeightReader& reader, const Progress& progress)
        : reader_(reader)
        , progress_(progress) {}

    Convolution convolution(const std::string& name) const {
        const auto& site = reader_.site(name);
        const auto& shape = reader_.source().model().tensor(name + ".weight")->shape;
        return {reader_.matrix(site, progress_).view(shape), reader_.vector(name + ".bias")}; // [out, in, side, side]
    }

    GroupNorm norm(const std::string& name) const {
        return {reader_.vector(name + ".weight"), reader_.vector(name + ".bias")};
    }

    AutoencoderResnet resnet(const std::string& name, bool shortcut) const {
        return {norm(name + ".norm1"), norm(name + ".norm2"), convolution(name + ".conv1"),
                convolution(name + ".conv2"), shortcut ? convolution(name + ".conv_shortcut") : Convolution{}};
    }

    AutoencoderAttention attention(const std::string& name, bool old_names) const {
        const auto linear = [&](const char* now, const char* before) {
            return reader_.linear(name + (old_names ? before : now), progress_);
        };
        return {norm(name + "group_norm"), linear("to_q", "query"), linear("to_k", "key"), linear("to_v", "value"),
                linear("to_out.0", "proj_attn")};
    }

private:
    const WeightReader& reader_;
    const Progress& progress_;
};

/// One forward pass.
class Decoding {
public:
    Decoding(const AutoencoderArchitecture& facts, const Progress& progress)
        : facts_(facts)
        , progress_(progress) {}

    at::Tensor normalized(const GroupNorm& norm, const at::Tensor& x) const {
        progress_.check();
        return at::group_norm(x, facts_.groups, norm.weight, norm.bias, norm_eps);
    }

    at::Tensor resnet(const AutoencoderResnet& block, const at::Tensor& x) const {
        auto hidden = block.conv1(at::silu(normalized(block.norm1, x))); // [N, out, H, W]
        hidden = block.conv2(at::silu(normalized(block.norm2, hidden))); // [N, out, H, W]
        return (block.shortcut.weight.defined() ? block.shortcut(x) : x) + hidden;
    }

    at::Tensor attention(const AutoencoderAttention& block, const at::Tensor& x) const {
        const auto tokens = normalized(block.norm, x).flatten(2).transpose(1, 2); // [N, H · W, channels]
        const auto head = [&](const Linear& linear) { return linear(tokens).unsqueeze(1); };
        const auto mixed = at::scaled_dot_product_attention(head(block.query), head(block.key),
                                                            head(block.value)); // [N, 1, H · W, channels]
        const auto projected = block.projection(mixed.squeeze(1));              // [N, H · W, channels]
        return x + projected.transpose(1, 2).reshape(x.sizes());                // [N, channels, H, W]
    }

    at::Tensor up_block(const AutoencoderUpBlock& block, at::Tensor x) const {
        for (const auto& each : block.resnets)
            x = resnet(each, x); // [N, out, H, W]
        if (!block.upsampler.weight.defined()) return x;
        return block.upsampler(at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)})); // [N, out, 2H, 2W]
    }

private:
    const AutoencoderArchitecture& facts_;
    const Progress& progress_;
};

} // namespace

at::Tensor Convolution::operator()(const at::Tensor& x) const {
    const auto padding = weight.size(2) / 2;
    return at::conv2d(x, weight, bias, 1, padding);
}

AutoencoderDecoder read_autoencoder_decoder(const WeightReader& weights, const AutoencoderArchitecture& facts,
                                            const Progress& progress) {
    const DecoderReader reader(weights, progress);
    AutoencoderDecoder decoder;
    if (facts.post_quant_conv) decoder.post_quant = reader.convolution("post_quant_conv");
    decoder.conv_in = reader.convolution("decoder.conv_in");
    decoder.middle_first = reader.resnet("decoder.mid_block.resnets.0", false);
    if (facts.attention)
        decoder.attention = reader.attention("decoder.mid_block.attentions.0.", facts.old_attention_names);
    decoder.middle_last = reader.resnet("decoder.mid_block.resnets.1", false);
    auto in = facts.channels.front();
    for (std::size_t block = 0; block < facts.channels.size(); ++block) {
        auto& weights_here = decoder.up_blocks.emplace_back();
        for (std::int64_t i = 0; i < facts.resnets; ++i, in = facts.channels[block])
            weights_here.resnets.push_back(
                reader.resnet(up_block(block) + "resnets." + std::to_string(i), in != facts.channels[block]));
        if (block + 1 < facts.channels.size())
            weights_here.upsampler = reader.convolution(up_block(block) + "upsamplers.0.conv");
    }
    decoder.norm_out = reader.norm("decoder.conv_norm_out");
    decoder.conv_out = reader.convolution("decoder.conv_out");
    return decoder;
}

at::Tensor autoencoder_decode(const AutoencoderArchitecture& facts, const AutoencoderDecoder& decoder,
                              const at::Tensor& latents, const Progress& progress) {
    const Decoding decoding(facts, progress);
    auto x = latents / facts.scaling_factor + facts.shift_factor; // [N, latent_channels, h, w]
    if (decoder.post_quant.weight.defined()) x = decoder.post_quant(x);
    x = decoding.resnet(decoder.middle_first, decoder.conv_in(x)); // [N, channels, h, w]
    if (decoder.attention) x = decoding.attention(*decoder.attention, x);
    x = decoding.resnet(decoder.middle_last, x);
    for (const auto& block : decoder.up_blocks)
        x = decoding.up_block(block, x);                                         // doubles H and W but for the last
    return decoder.conv_out(at::silu(decoding.normalized(decoder.norm_out, x))); // [N, image_channels, H, W]
}

} // namespace quantscope
