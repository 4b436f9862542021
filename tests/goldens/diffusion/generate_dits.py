"""Makes the tiny random DiTs whose output Quantscope is held against, with the diffusers library.

In diffusers' naming a model is a folder with config.json and weights. In the original naming it is one file: the same
computation by DiTTransformer2DModel with norm_eps 1e-6 and timestep frequencies 10000^(-i/128), its weights renamed.
Every tensor is random, so that nothing hides behind a zero. expected/<name>.safetensors holds x, t, y and the output.

    python tests/goldens/diffusion/generate_dits.py        (diffusers, torch, safetensors)
"""
import json
import pathlib
import shutil

import torch
from diffusers import DiTTransformer2DModel
from diffusers.models.embeddings import Timesteps
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent

# name → (original naming?, heads, head size, blocks, patch, channels, learned sigma, input size, more)
MODELS = {
    "diffusers_sigma": (False, 2, 12, 2, 2, 4, True, 8, {}),
    "diffusers_plain": (False, 3, 8, 1, 1, 3, False, 5, {"norm_eps": 1e-2}),
    "diffusers_patch3": (False, 4, 8, 3, 3, 1, True, 9, {"activation_fn": "gelu"}),
    "diffusers_shared": (False, 2, 16, 3, 2, 4, False, 8, {"shared": True}),
    "original_sigma": (True, 2, 12, 2, 2, 4, True, 8, {}),
    "original_plain": (True, 4, 6, 3, 3, 3, False, 9, {"container": "ema"}),
    "original_patch4": (True, 6, 4, 1, 4, 1, True, 12, {"container": "model"}),
    "original_positions": (True, 2, 16, 2, 1, 2, True, 4, {"drop_positions": True}),
}
CLASSES, IMAGES = 5, 4


class OriginalTimesteps(Timesteps):
    def __init__(self):
        super().__init__(num_channels=256, flip_sin_to_cos=True, downscale_freq_shift=0)


def random_model(heads, head_size, blocks, patch, channels, sigma, size, original, more):
    torch.manual_seed(heads * 1000 + blocks * 100 + patch)
    options = {"norm_eps": 1e-6} if original else {}
    options.update({k: v for k, v in more.items() if k in ("norm_eps", "activation_fn")})
    model = DiTTransformer2DModel(
        num_attention_heads=heads, attention_head_dim=head_size, in_channels=channels,
        out_channels=channels * (2 if sigma else 1), num_layers=blocks, sample_size=size, patch_size=patch,
        num_embeds_ada_norm=CLASSES, **options).eval()
    for name, parameter in model.named_parameters():
        # As wide as trained models', so that scores and modulations are neither all alike nor saturated.
        fan_in = parameter[0].numel() if parameter.dim() > 1 else 1
        scale = 1.0 if "embedding_table" in name else 1.2 / fan_in ** 0.5 if parameter.dim() > 1 else 0.3
        parameter.data = (torch.randn_like(parameter) * scale).half().float()
    for block in model.transformer_blocks[1:]:
        if original or more.get("shared"):
            block.norm1.emb.load_state_dict(model.transformer_blocks[0].norm1.emb.state_dict())
    if original:
        for block in model.transformer_blocks:
            block.norm1.emb.time_proj = OriginalTimesteps()
    return model


def original_names(model, positions):
    state = model.state_dict()
    out = {}

    def take(new, old):
        for kind in ("weight", "bias"):
            if f"{old}.{kind}" in state:
                out[f"{new}.{kind}"] = state[f"{old}.{kind}"]

    take("x_embedder.proj", "pos_embed.proj")
    emb = "transformer_blocks.0.norm1.emb."
    take("t_embedder.mlp.0", emb + "timestep_embedder.linear_1")
    take("t_embedder.mlp.2", emb + "timestep_embedder.linear_2")
    take("y_embedder.embedding_table", emb + "class_embedder.embedding_table")
    for i in range(len(model.transformer_blocks)):
        here = f"transformer_blocks.{i}."
        take(f"blocks.{i}.adaLN_modulation.1", here + "norm1.linear")
        for kind in ("weight", "bias"):
            out[f"blocks.{i}.attn.qkv.{kind}"] = torch.cat([state[f"{here}attn1.to_{p}.{kind}"] for p in "qkv"])
        take(f"blocks.{i}.attn.proj", here + "attn1.to_out.0")
        take(f"blocks.{i}.mlp.fc1", here + "ff.net.0.proj")
        take(f"blocks.{i}.mlp.fc2", here + "ff.net.2")
    take("final_layer.adaLN_modulation.1", "proj_out_1")
    take("final_layer.linear", "proj_out_2")
    if positions:
        out["pos_embed"] = model.pos_embed.pos_embed.reshape(1, -1, model.inner_dim).float()
    return out


def main():
    expected = HERE / "expected"
    expected.mkdir(exist_ok=True)
    for name, (original, heads, head_size, blocks, patch, channels, sigma, size, more) in MODELS.items():
        model = random_model(heads, head_size, blocks, patch, channels, sigma, size, original, more)
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        half = lambda tensors: {k: (v if k == "pos_embed" else v.half()).contiguous() for k, v in tensors.items()}
        if original:
            tensors = half(original_names(model, not more.get("drop_positions")))
            if "container" in more:
                other = {k: torch.zeros_like(v) for k, v in tensors.items()}
                both = {"model": other, "ema": tensors, "args": None} if more["container"] == "ema" else {"model": tensors}
                torch.save(both, folder / "model.pt")
            else:
                save_file(tensors, folder / "model.safetensors")
            (folder / "config.json").write_text(json.dumps({"num_heads": heads}) + "\n")
        else:
            config = dict(model.config)
            config.pop("_name_or_path", None)
            (folder / "config.json").write_text(
                json.dumps({"_class_name": "DiTTransformer2DModel", **config}, indent=1, sort_keys=True) + "\n")
            stored = {k: v for k, v in model.state_dict().items() if k != "pos_embed.pos_embed"}
            save_file(half({k: v.clone() for k, v in stored.items()}), folder / "diffusion_pytorch_model.safetensors")
        x = torch.randn(IMAGES, channels, size, size)
        t = torch.tensor([0, 37, 500, 999])
        y = torch.tensor([0, 3, CLASSES, 1])
        with torch.no_grad():
            output = model(x, timestep=t, class_labels=y).sample
        save_file({"x": x, "t": t, "y": y, "output": output.contiguous()}, expected / f"{name}.safetensors")
        print(name, tuple(output.shape), f"range {float(output.max() - output.min()):.3g}")


main()
