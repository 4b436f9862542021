"""Makes tiny random files in the tensor names of text-conditioned Diffusion Transformers, with the diffusers library.

FLUX.1's original names are written down here; diffusers' own converter must turn them into exactly the state dict from
which they came, or the script fails.

    python tests/goldens/families/generate_families.py        (diffusers, torch, safetensors)
"""
import inspect
import json
import pathlib
import shutil

import torch
from diffusers import FluxTransformer2DModel, PixArtTransformer2DModel, SD3Transformer2DModel
from diffusers.loaders import single_file_utils
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent


def randomised(model, seed):
    torch.manual_seed(seed)
    for parameter in model.parameters():
        parameter.data = (torch.randn_like(parameter) * 0.1).half()
    return model


def save_folder(name, model):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    config = dict(model.config)
    config.pop("_name_or_path", None)
    (folder / "config.json").write_text(
        json.dumps({"_class_name": type(model).__name__, **config}, indent=1, sort_keys=True) + "\n")
    parameters = dict(model.named_parameters())
    save_file({k: v.half().contiguous().clone() for k, v in model.state_dict().items() if k in parameters},
              folder / "diffusion_pytorch_model.safetensors", {"format": "pt"})


def converted_back(names, width):
    """diffusers' converter, whose width is that of the released model, made to fit a tiny one."""
    source = inspect.getsource(single_file_utils.convert_flux_transformer_checkpoint_to_diffusers)
    assert "inner_dim = 3072" in source
    scope = dict(vars(single_file_utils))
    exec(source.replace("inner_dim = 3072", f"inner_dim = {width}"), scope)
    return scope["convert_flux_transformer_checkpoint_to_diffusers"](dict(names))


def original_flux(model):
    """The names of black-forest-labs/flux (src/flux/model.py)."""
    state, out = {k: v.half() for k, v in model.state_dict().items()}, {}

    def take(new, *old):
        for kind in ("weight", "bias"):
            out[f"{new}.{kind}"] = torch.cat([state.pop(f"{o}.{kind}") for o in old])

    def take_norm(new, old):
        out[f"{new}.scale"] = state.pop(f"{old}.weight")

    take("img_in", "x_embedder")
    take("txt_in", "context_embedder")
    embedder = "time_text_embed."
    for new, old in (("time_in", "timestep_embedder"), ("vector_in", "text_embedder"),
                     ("guidance_in", "guidance_embedder")):
        take(f"{new}.in_layer", f"{embedder}{old}.linear_1")
        take(f"{new}.out_layer", f"{embedder}{old}.linear_2")
    for i in range(len(model.transformer_blocks)):
        here, there = f"double_blocks.{i}.", f"transformer_blocks.{i}."
        take(here + "img_mod.lin", there + "norm1.linear")
        take(here + "txt_mod.lin", there + "norm1_context.linear")
        take(here + "img_attn.qkv", *(f"{there}attn.to_{p}" for p in "qkv"))
        take(here + "txt_attn.qkv", *(f"{there}attn.add_{p}_proj" for p in "qkv"))
        take(here + "img_attn.proj", there + "attn.to_out.0")
        take(here + "txt_attn.proj", there + "attn.to_add_out")
        for stream, feed in (("img", "ff"), ("txt", "ff_context")):
            take(f"{here}{stream}_mlp.0", f"{there}{feed}.net.0.proj")
            take(f"{here}{stream}_mlp.2", f"{there}{feed}.net.2")
        for stream, added in (("img", ""), ("txt", "added_")):
            take_norm(f"{here}{stream}_attn.norm.query_norm", f"{there}attn.norm_{added}q")
            take_norm(f"{here}{stream}_attn.norm.key_norm", f"{there}attn.norm_{added}k")
    for i in range(len(model.single_transformer_blocks)):
        here, there = f"single_blocks.{i}.", f"single_transformer_blocks.{i}."
        take(here + "modulation.lin", there + "norm.linear")
        take(here + "linear1", *(f"{there}attn.to_{p}" for p in "qkv"), there + "proj_mlp")
        take(here + "linear2", there + "proj_out")
        take_norm(here + "norm.query_norm", there + "attn.norm_q")
        take_norm(here + "norm.key_norm", there + "attn.norm_k")
    take("final_layer.linear", "proj_out")
    for kind in ("weight", "bias"):  # diffusers has scale and shift in the other order
        scale, shift = state.pop(f"norm_out.linear.{kind}").chunk(2)
        out[f"final_layer.adaLN_modulation.1.{kind}"] = torch.cat([shift, scale])
    assert not state, list(state)
    back = converted_back(out, model.inner_dim)
    expected = {k: v.half() for k, v in model.state_dict().items()}
    assert back.keys() == expected.keys() and all(torch.equal(back[k], expected[k]) for k in back)
    return {k: v.contiguous() for k, v in out.items()}


def main():
    flux = randomised(FluxTransformer2DModel(
        patch_size=1, in_channels=4, num_layers=2, num_single_layers=2, attention_head_dim=8, num_attention_heads=2,
        joint_attention_dim=6, pooled_projection_dim=10, guidance_embeds=True, axes_dims_rope=(2, 2, 4)), 1)
    save_folder("flux_diffusers", flux)
    save_file(original_flux(flux), HERE / "flux_original.safetensors")
    save_folder("pixart", randomised(PixArtTransformer2DModel(
        num_attention_heads=2, attention_head_dim=8, in_channels=4, out_channels=8, num_layers=2, sample_size=8,
        patch_size=2, cross_attention_dim=16, caption_channels=12, num_embeds_ada_norm=10), 2))
    save_folder("sd3", randomised(SD3Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=4, num_layers=2, attention_head_dim=8, num_attention_heads=2,
        joint_attention_dim=12, caption_projection_dim=16, pooled_projection_dim=10, out_channels=4,
        pos_embed_max_size=8), 3))


main()
