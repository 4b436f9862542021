// The tiny random image models among the goldens, for the tests of exports.
#pragma once

#include <cstring>
#include <map>

#include "core/base/half.h"
#include "core/export/registry.h"
#include "models.h"

namespace quantscope::testing {

inline const fs::path diffusion_goldens = fs::path(QUANTSCOPE_GOLDENS) / "diffusion";
inline const fs::path family_goldens = fs::path(QUANTSCOPE_GOLDENS) / "families";

/// File or folder of a golden DiT, which is opened as a person would.
inline fs::path dit_golden(const std::string& name) {
    for (const char* file : {"model.pt", "model.safetensors"})
        if (fs::exists(diffusion_goldens / name / file)) return diffusion_goldens / name / file;
    return diffusion_goldens / name;
}

inline std::vector<std::string> dit_goldens() {
    return {"diffusers_patch3", "diffusers_plain", "diffusers_shared",   "diffusers_sigma",
            "original_patch4",  "original_plain",  "original_positions", "original_sigma"};
}

/// Every image model: name → where it lies.
inline std::map<std::string, fs::path> image_models() {
    std::map<std::string, fs::path> models;
    for (const std::string& name : dit_goldens())
        models[name] = dit_golden(name);
    for (const char* name : {"flux_diffusers", "flux_original.safetensors", "pixart", "sd3"})
        models[name] = family_goldens / name;
    const fs::path autoencoders = fs::path(QUANTSCOPE_GOLDENS) / "autoencoder";
    for (const char* name : {"deep", "old_names/vae.safetensors", "plain_middle", "post_quant"})
        models[name] = autoencoders / name;
    return models;
}

/// Every site, the embedders and convolutions too, by a grid of few bits.
inline json every_site_recipe(int bits = 3) {
    json recipe = uniform_recipe(bits);
    recipe["sites"] = {{{"match", "*"}, {"weight", recipe["default"]["weight"]}}};
    return recipe;
}

inline bool is_16_bit(DType dtype) { return dtype == DType::F16 || dtype == DType::BF16; }

inline float rounded_to(float value, DType dtype) {
    if (dtype == DType::F16) return float16_to_float(float_to_float16(value));
    if (dtype == DType::BF16) return bfloat16_to_float(float_to_bfloat16(value));
    return value;
}

/// What of a quantized model's tensors an exported checkpoint does not hold as it should, as a sentence; empty when it
/// holds the source's names in its order, and in each the decoded weights in the source's dtype, or what was there.
inline std::string what_differs(const FittedModel& expected, const Checkpoint& found, bool in_order = true) {
    const Model& model = expected.model();
    const auto own = model.checkpoint().tensors();
    if (own.size() != found.tensors().size()) return "another number of tensors";
    std::map<std::string, const Site*> sites;
    for (const Site& site : model.sites())
        sites[site.tensor] = &site;
    for (std::size_t i = 0; i < own.size(); ++i) {
        if (!found.find(own[i].name)) return "tensor " + own[i].name + " is missing";
        const TensorInfo& there = in_order ? found.tensors()[i] : found.at(own[i].name);
        if (there.name != own[i].name) return "tensor " + own[i].name + " is not in its place";
        if (there.shape != own[i].shape) return "the shape of " + own[i].name;
        if (there.dtype != own[i].dtype) return "the dtype of " + own[i].name;
        const std::string original = model.copied_from(own[i].name);
        const auto site = sites.find(original.empty() ? own[i].name : original);
        if (site == sites.end() || !expected.find(site->second->name)) {
            const auto before = model.checkpoint().raw(own[i]), after = found.raw(there);
            if (!std::equal(before.begin(), before.end(), after.begin(), after.end())) return "kept " + own[i].name;
            continue;
        }
        auto values = all_rows(expected, *site->second);
        for (float& value : values)
            value = rounded_to(value, own[i].dtype);
        if (found.read(there) != values) return "the values of " + own[i].name;
    }
    return {};
}

} // namespace quantscope::testing
