// Nearly all facts are in the shapes too, so a single file without a configuration mostly works.
#include "core/model/read_autoencoder_architecture.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/errors.h"
#include "core/model/read_architecture.h"

namespace quantscope {

namespace {

using nlohmann::json;
using Shape = std::vector<std::int64_t>;

constexpr std::size_t most_blocks = 12;             ///< 2^11 pixels a latent: more is a mistake
constexpr std::int64_t most_channels = 1 << 16;     ///< the same
constexpr std::int64_t most_layers = 1000;          ///< the same
constexpr std::int64_t channels_of_known_scale = 4; ///< Stable Diffusion 1 and DiT, whose scaling_factor is the default

std::string text_of(const Shape& shape) {
    std::string text = "[";
    for (auto size : shape)
        text += (text.size() > 1 ? ", " : "") + std::to_string(size);
    return text + "]";
}

std::string up_block(std::size_t block) { return "decoder.up_blocks." + std::to_string(block) + "."; }

std::array<std::string, 4> attention_linears(bool old_names) {
    if (old_names) return {"query", "key", "value", "proj_attn"};
    return {"to_q", "to_k", "to_v", "to_out.0"};
}

class AutoencoderFacts {
public:
    AutoencoderFacts(const Model& model, const json& config, const std::string& file)
        : model_(model)
        , has_config_(config.is_object())
        , config_(has_config_ ? config : json::object())
        , file_(file)
        , facts_(std::make_shared<AutoencoderArchitecture>()) {}

    AutoencoderArchitectureFound read() {
        for (const auto step :
             {&AutoencoderFacts::refuse_unknown_kinds, &AutoencoderFacts::read_structure,
              &AutoencoderFacts::read_latents, &AutoencoderFacts::read_groups, &AutoencoderFacts::check_ends,
              &AutoencoderFacts::check_middle, &AutoencoderFacts::check_up_blocks}) {
            (this->*step)();
            if (!why_not_.empty()) return {nullptr, "The decoder cannot be evaluated: " + why_not_ + "."};
        }
        return {facts_, {}};
    }

private:
    // --- what the configuration says ------------------------------------------------------------------------------

    bool given(const char* key) const { return config_.contains(key) && !config_.at(key).is_null(); }

    double number(const char* key, double missing) const {
        if (!given(key)) return missing;
        const auto& value = config_.at(key);
        if (!value.is_number() || !std::isfinite(value.get<double>()))
            throw FormatError(file_, key, "is no number; correct the configuration");
        return value.get<double>();
    }

    void refuse_unknown_kinds() {
        if (given("act_fn") && config_.at("act_fn") != "silu" && config_.at("act_fn") != "swish")
            refuse("its activation function " + printable(config_.at("act_fn").dump(), 40) + " is not known");
        for (const char* key : {"latents_mean", "latents_std"})
            if (given(key))
                refuse("its configuration normalizes each latent channel by itself (" + std::string(key) + ")");
        if (given("up_block_types"))
            for (const auto& type : config_.at("up_block_types"))
                if (type != "UpDecoderBlock2D")
                    refuse("its up blocks of type " + printable(type.dump(), 40) + " are not known");
        for (const auto& site : model_.sites())
            if (site.name.find("decoder.up_blocks.") != std::string::npos &&
                site.name.find(".attentions.") != std::string::npos)
                refuse("its up blocks hold attention (" + printable(site.name, 80) + ")");
    }

    void read_structure() {
        auto& f = *facts_;
        const auto* first = find("decoder.conv_in.weight", 4); // [channels, latent_channels, 3, 3]
        const auto* last = find("decoder.conv_out.weight", 4); // [image_channels, channels, 3, 3]
        if (!first || !last) return;
        f.dtype = first->dtype;
        f.latent_channels = first->shape[1];
        f.image_channels = last->shape[0];
        if (given("latent_channels"))
            f.latent_channels = checked_integer(config_, "latent_channels", 1, most_channels, file_);
        if (given("out_channels")) f.image_channels = checked_integer(config_, "out_channels", 1, most_channels, file_);
        read_channels();
        const auto resnet = [](std::int64_t i) {
            return up_block(0) + "resnets." + std::to_string(i) + ".conv1.weight";
        };
        if (given("layers_per_block"))
            f.resnets = checked_integer(config_, "layers_per_block", 0, most_layers, file_) + 1;
        else
            while (f.resnets <= most_layers && model_.tensor(resnet(f.resnets)))
                ++f.resnets;
        f.post_quant_conv = model_.tensor("post_quant_conv.weight") != nullptr;
        if (given("use_post_quant_conv")) f.post_quant_conv = config_.at("use_post_quant_conv") != false;
        const std::string attention = "decoder.mid_block.attentions.0.";
        f.old_attention_names = model_.tensor(attention + "query.weight") != nullptr;
        f.attention = f.old_attention_names || model_.tensor(attention + "to_q.weight");
        if (given("mid_block_add_attention")) f.attention = config_.at("mid_block_add_attention") != false;
    }

    /// The configuration lists the encoder's way, from the image to the latents.
    void read_channels() {
        auto& channels = facts_->channels;
        if (given("block_out_channels")) {
            const auto& listed = config_.at("block_out_channels");
            if (!listed.is_array() || listed.empty() || listed.size() > most_blocks)
                throw FormatError(file_, "block_out_channels",
                                  "must list the channels of 1 to " + std::to_string(most_blocks) + " blocks");
            for (const auto& entry : listed)
                channels.push_back(checked_integer(json{{"block_out_channels", entry}}, "block_out_channels", 1,
                                                   most_channels, file_));
            std::reverse(channels.begin(), channels.end());
            return;
        }
        while (const auto* conv = model_.tensor(up_block(channels.size()) + "resnets.0.conv1.weight")) {
            if (conv->shape.size() != 4) wrong_shape(*conv, "4 dimensions");
            channels.push_back(conv->shape[0]);
            if (channels.size() > most_blocks) return refuse("it has too many up blocks");
        }
        if (channels.empty()) missing(up_block(0) + "resnets.0.conv1.weight");
    }

    void read_latents() {
        auto& f = *facts_;
        f.scaling_factor = number("scaling_factor", f.scaling_factor);
        f.shift_factor = number("shift_factor", f.shift_factor);
        if (f.scaling_factor == 0) throw FormatError(file_, "scaling_factor", "is 0; correct the configuration");
        if (!has_config_ && f.latent_channels != channels_of_known_scale)
            refuse("the scale of its " + std::to_string(f.latent_channels) +
                   " latent channels is not known; put the model's config.json into the same folder");
    }

    void read_groups() {
        auto& f = *facts_;
        if (given("norm_num_groups")) f.groups = checked_integer(config_, "norm_num_groups", 1, most_channels, file_);
        for (const auto count : f.channels) {
            if (count > 0 && count % f.groups == 0) continue;
            const auto text = std::to_string(count) + " channels are no multiple of " + std::to_string(f.groups) +
                              " groups of its norms";
            if (given("norm_num_groups"))
                throw FormatError(file_, "norm_num_groups", text + "; correct the configuration");
            refuse(text + "; put the model's config.json into the same folder");
        }
    }

    // --- tensors against the facts --------------------------------------------------------------------------------

    void refuse(std::string reason) {
        if (why_not_.empty()) why_not_ = std::move(reason);
    }
    void missing(const std::string& name) { refuse("its tensor " + name + " is missing"); }

    [[noreturn]] void wrong_shape(const TensorInfo& tensor, const std::string& wanted) const {
        throw ShapeError(model_.checkpoint().path().string(), tensor.name,
                         "has shape " + text_of(tensor.shape) +
                             " where the decoder's configuration and other tensors " + "ask for " + wanted +
                             "; the file is damaged or its config.json is another model's");
    }

    const TensorInfo* find(const std::string& name, std::size_t dimensions) {
        const auto* tensor = model_.tensor(name);
        if (!tensor) {
            missing(name);
            return nullptr;
        }
        if (tensor->shape.size() != dimensions) wrong_shape(*tensor, std::to_string(dimensions) + " dimensions");
        return tensor;
    }

    /// \param other  another shape that will do; empty for none
    void check(const std::string& name, const Shape& shape, const Shape& other = {}) {
        const auto* tensor = model_.tensor(name);
        if (!tensor) return missing(name);
        if (tensor->shape != shape && (other.empty() || tensor->shape != other)) wrong_shape(*tensor, text_of(shape));
        const auto& type = quantscope::facts(tensor->dtype);
        if (!type.decoded || !type.is_float)
            refuse("its tensor " + tensor->name + " is stored as " + std::string(type.name) +
                   ", which this version does not decode");
    }

    void check_convolution(const std::string& name, std::int64_t out, std::int64_t in, std::int64_t side) {
        check(name + ".weight", {out, in, side, side});
        check(name + ".bias", {out});
    }

    void check_norm(const std::string& name, std::int64_t channels) {
        check(name + ".weight", {channels});
        check(name + ".bias", {channels});
    }

    void check_resnet(const std::string& name, std::int64_t in, std::int64_t out) {
        check_norm(name + ".norm1", in);
        check_convolution(name + ".conv1", out, in, 3);
        check_norm(name + ".norm2", out);
        check_convolution(name + ".conv2", out, out, 3);
        if (in != out) check_convolution(name + ".conv_shortcut", out, in, 1);
    }

    void check_ends() {
        const auto& f = *facts_;
        if (f.post_quant_conv) check_convolution("post_quant_conv", f.latent_channels, f.latent_channels, 1);
        check_convolution("decoder.conv_in", f.channels.front(), f.latent_channels, 3);
        check_norm("decoder.conv_norm_out", f.channels.back());
        check_convolution("decoder.conv_out", f.image_channels, f.channels.back(), 3);
    }

    void check_middle() {
        const auto& f = *facts_;
        const auto count = f.channels.front();
        for (const char* number : {"0", "1"})
            check_resnet("decoder.mid_block.resnets." + std::string(number), count, count);
        if (!f.attention) return;
        const std::string at = "decoder.mid_block.attentions.0.";
        check_norm(at + "group_norm", count);
        for (const auto& name : attention_linears(f.old_attention_names)) {
            check(at + name + ".weight", {count, count}, {count, count, 1, 1}); // some files keep them as convolutions
            check(at + name + ".bias", {count});
        }
    }

    void check_up_blocks() {
        const auto& f = *facts_;
        auto in = f.channels.front();
        for (std::size_t block = 0; block < f.channels.size(); ++block) {
            const auto out = f.channels[block];
            for (std::int64_t i = 0; i < f.resnets; ++i, in = out)
                check_resnet(up_block(block) + "resnets." + std::to_string(i), in, out);
            if (block + 1 < f.channels.size()) check_convolution(up_block(block) + "upsamplers.0.conv", out, out, 3);
        }
    }

    const Model& model_;
    const bool has_config_;
    const json config_;
    const std::string& file_;
    std::shared_ptr<AutoencoderArchitecture> facts_;
    std::string why_not_;
};

} // namespace

AutoencoderArchitectureFound read_autoencoder_architecture(const Model& model, const json& config,
                                                           const std::string& file) {
    return AutoencoderFacts(model, config, file).read();
}

} // namespace quantscope
