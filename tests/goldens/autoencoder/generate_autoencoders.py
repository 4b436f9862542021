"""Tiny random AutoencoderKL decoders and the images that diffusers makes with them, for tests/model/tst_autoencoder.cpp.

Run with a Python that has torch, diffusers and safetensors:  python generate_autoencoders.py
Only the decoder's tensors are stored; every one of them is random. The latents are as a diffusion model makes them: the
expected image is that of latents / scaling_factor + shift_factor, as diffusers' pipelines decode them.
"""
import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from safetensors.torch import save_file

HERE = Path(__file__).parent
OLD_NAMES = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}

# name: configuration, dtype of the file, old names of the attention, height and width of the latents
MODELS = {
    "post_quant": (dict(block_out_channels=[8, 16], layers_per_block=1, latent_channels=4, norm_num_groups=4),
                       torch.float32, False, 5, 7),
    "deep": (dict(block_out_channels=[8, 12, 16], layers_per_block=2, latent_channels=16, norm_num_groups=4,
                      use_post_quant_conv=False, use_quant_conv=False, scaling_factor=1.5305, shift_factor=0.0609),
                 torch.bfloat16, False, 4, 3),
    "plain_middle": (dict(block_out_channels=[4, 8, 8, 8], layers_per_block=0, latent_channels=3, out_channels=1,
                              norm_num_groups=2, mid_block_add_attention=False, scaling_factor=0.5),
                         torch.float32, False, 3, 2),
    # A single file without a configuration, as published in 2022: everything comes from the shapes and the defaults.
    "old_names": (dict(block_out_channels=[32], layers_per_block=0, latent_channels=4, norm_num_groups=32),
                      torch.bfloat16, True, 6, 5),
}


def randomize(model, dtype, generator):
    for name, value in model.state_dict().items():
        noise = torch.randn(value.shape, generator=generator)
        if value.dim() > 1:
            noise = 1.3 * noise / value[0].numel() ** 0.5
        else:
            noise = (1 if "norm" in name and name.endswith("weight") else 0) + 0.2 * noise
        value.copy_(noise.to(dtype).float())


def old_name(name):
    for new, old in OLD_NAMES.items():
        name = name.replace(f".{new}.", f".{old}.")
    return name


def main():
    (HERE / "expected").mkdir(exist_ok=True)
    for number, (name, (config, dtype, old_names, height, width)) in enumerate(MODELS.items()):
        generator = torch.Generator().manual_seed(number)
        blocks = len(config["block_out_channels"])
        model = AutoencoderKL(**config, up_block_types=["UpDecoderBlock2D"] * blocks,
                              down_block_types=["DownEncoderBlock2D"] * blocks).eval()
        with torch.no_grad():
            randomize(model, dtype, generator)
            latents = torch.randn(2, config["latent_channels"], height, width, generator=generator)
            images = model.decode(latents / model.config.scaling_factor + (model.config.shift_factor or 0)).sample
        state = {key: value.to(dtype) for key, value in model.state_dict().items()
                 if key.startswith(("decoder.", "post_quant_conv."))}
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if old_names:  # published as convolutions of one pixel in the very first files
            state = {old_name(key): value for key, value in state.items()}
            state = {key: value[:, :, None, None] if ".proj_attn.weight" in key else value
                     for key, value in state.items()}
            file = folder / "vae.safetensors"
        else:
            model.save_config(folder)
            file = folder / "diffusion_pytorch_model.safetensors"
        save_file({key: value.contiguous() for key, value in state.items()}, file, metadata={"format": "pt"})
        expected = HERE / "expected" / f"{name}.safetensors"
        save_file({"latents": latents, "images": images.contiguous()}, expected)
        file.chmod(0o644), expected.chmod(0o644)
        print(name, "images", list(images.shape), "range", round((images.max() - images.min()).item(), 3),
              "bytes", file.stat().st_size)


main()
