"""Whole sampling trajectories of diffusers' schedulers, for tests/model/tst_samplers.cpp.

Run with a Python that has torch, diffusers and safetensors:  python generate_trajectories.py
The denoiser is a fixed formula that the test computes too. Each file holds where a trajectory starts, the noise that
its steps added, the timesteps visited, and x after every step; its metadata is the plan in the test's words.
"""
import json
import math
from pathlib import Path

import numpy
import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler
from safetensors.torch import save_file

HERE = Path(__file__).parent
NULL_CLASS = 10
IMAGES, HEIGHT, WIDTH = 3, 3, 5
torch.manual_seed(0)


def denoiser(x, t, y, learned):
    """Close to what a trained model does (the noise's share of x), with something that depends on place and class."""
    part = (t + 1) / 1000.0 * (math.pi / 2)
    share, rest = math.sin(part), math.cos(part)
    label = y.float().view(-1, 1, 1, 1)
    channel = torch.arange(x.shape[1]).float().view(1, -1, 1, 1)
    epsilon = share * x + 0.3 * rest * torch.tanh(1.5 * x + 0.2 * label - 0.5 * channel)
    return torch.cat([epsilon, torch.tanh(0.7 * x - 0.1 * label)], 1) if learned else epsilon


def output_of(plan, x, t, y):
    """The denoiser under guidance, written out as the originals have it."""
    learned, guidance, channels = plan["learned"], plan["guidance"], x.shape[1]
    if guidance == 1:
        return denoiser(x, t, y, learned)
    labels = torch.cat([y, torch.full_like(y, NULL_CLASS)])
    output = denoiser(torch.cat([x, x]), t, labels, learned)
    guided = channels if plan["guided_channels"] == "all" else 3
    epsilon, rest = output[:, :guided], output[:, guided:]
    with_class, without_class = torch.split(epsilon, len(epsilon) // 2, dim=0)
    half = without_class + guidance * (with_class - without_class)
    return torch.cat([torch.cat([half, half]), rest], 1)[: len(x)]


def respaced(timesteps, count):
    """The timesteps of facebookresearch/DiT's respacing into one section, highest first."""
    stride, place, taken = (timesteps - 1) / (count - 1), 0.0, []
    for _ in range(count):
        taken.append(round(place))
        place += stride
    return taken[::-1]


def scheduler_of(plan):
    beta_schedule = {"linear": "linear", "cosine": "squaredcos_cap_v2"}[plan["betas"]]
    shared = dict(num_train_timesteps=1000, beta_schedule=beta_schedule)
    spacing = plan["spacing"]
    if plan["sampler"] == "dpm++":
        scheduler = DPMSolverMultistepScheduler(**shared, timestep_spacing=spacing)
    elif plan["sampler"] == "ddim":
        scheduler = DDIMScheduler(**shared, timestep_spacing=spacing, clip_sample=plan["clip"])
    else:
        scheduler = DDPMScheduler(**shared, timestep_spacing="leading" if spacing == "respace" else spacing,
                                  clip_sample=plan["clip"], variance_type=plan["variance"])
    if spacing == "respace":
        scheduler.set_timesteps(timesteps=respaced(1000, plan["steps"]))
    else:
        scheduler.set_timesteps(plan["steps"])
    return scheduler


def run(name, sampler, betas, spacing, steps, channels=4, eta=0.0, guidance=1.0, guided_channels="first_three",
        variance="fixed_small", clip=False):
    plan = dict(sampler=sampler, betas=betas, spacing=spacing, steps=steps, eta=eta, guidance=guidance,
                guided_channels=guided_channels, variance=variance, clip=clip, learned=variance == "learned_range")
    shape = (IMAGES, channels, HEIGHT, WIDTH)
    x = torch.randn(shape)
    y = torch.tensor([0, 7, 3])
    scheduler = scheduler_of(plan)
    start, noises, path = x, [], []
    for t in scheduler.timesteps:
        output = output_of(plan, x, int(t), y)
        noise = torch.randn(shape)
        if sampler == "ddim":
            extra = dict(eta=eta, variance_noise=noise if eta > 0 else None, use_clipped_model_output=clip)
            x = scheduler.step(output[:, :channels], t, x, **extra).prev_sample
        elif sampler == "dpm++":
            x = scheduler.step(output[:, :channels], t, x).prev_sample
        else:  # the scheduler draws itself: what it is going to draw is drawn before from a generator in the same state
            seed = len(noises)
            noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
            x = scheduler.step(output, t, x, generator=torch.Generator().manual_seed(seed)).prev_sample
        noises.append(noise)
        path.append(x)
    tensors = {"start": start, "y": y, "path": torch.stack(path), "timesteps": scheduler.timesteps.to(torch.int64)}
    if sampler == "ddpm" or eta > 0:
        tensors["noise"] = torch.stack(noises)
    save_file({key: value.contiguous() for key, value in tensors.items()}, HERE / f"{name}.safetensors",
              metadata={"plan": json.dumps(plan)})
    print(name, "range", round((x.max() - x.min()).item(), 3), "timesteps", scheduler.timesteps.tolist()[:3], "…")


def spaced():
    """The timesteps that diffusers' schedulers visit, for many numbers of steps."""
    found = {}
    for count in (1, 2, 3, 7, 10, 16, 25, 30, 50, 64, 75, 100, 150, 250, 333, 400, 999, 1000):
        for spacing in ("leading", "trailing", "linspace"):
            scheduler = DDPMScheduler(timestep_spacing=spacing)
            scheduler.set_timesteps(count)
            steps = scheduler.timesteps
            if count < 1000:
                solver = DPMSolverMultistepScheduler(timestep_spacing=spacing)
                solver.set_timesteps(count)
                found[f"without_zero.{spacing}.{count}"] = solver.timesteps
            found[f"{spacing}.{count}"] = steps
        if count > 1:
            found[f"respace.{count}"] = torch.tensor(respaced(1000, count))
    save_file({key: value.to(torch.int16).contiguous() for key, value in found.items() if len(value) <= 100 or
               key.endswith(("333", "400"))}, HERE / "timesteps.safetensors")


def main():
    for betas in ("linear", "cosine"):
        run(f"ddim_{betas}", "ddim", betas, "leading", 20)
        run(f"ddim_{betas}_trailing_guided", "ddim", betas, "trailing", 10, guidance=4.0)
        run(f"ddim_{betas}_noisy", "ddim", betas, "leading", 12, eta=1.0, guidance=2.0, guided_channels="all")
        run(f"ddim_{betas}_clipped", "ddim", betas, "leading", 10, eta=0.5, channels=1, clip=True)
        run(f"dpm_{betas}", "dpm++", betas, "linspace", 20)
        run(f"dpm_{betas}_leading_guided", "dpm++", betas, "leading", 10, guidance=3.0)
        # From timestep 999 of the cosine schedule, where the signal is 5e-5, diffusers in float32 is off by 6e-5 to 1e-4
        # of the range (a double-precision evaluation of the same formulas tells); so only one such trajectory is kept.
        spacing = "trailing" if betas == "linear" else "leading"
        run(f"dpm_{betas}_{spacing}_three_channels", "dpm++", betas, spacing, 16, channels=3)
        run(f"ddpm_{betas}_learned_guided", "ddpm", betas, "respace", 20, variance="learned_range", guidance=1.5)
        run(f"ddpm_{betas}_learned_clipped", "ddpm", betas, "respace", 25, variance="learned_range", channels=1,
            clip=True)
        run(f"ddpm_{betas}_small", "ddpm", betas, "linspace", 15, variance="fixed_small")
        # Not trailing: where the last timestep is not 0, diffusers adds noise to the finished image, unlike the original.
        run(f"ddpm_{betas}_large", "ddpm", betas, "leading", 15, variance="fixed_large", channels=2, guidance=2.0)
    spaced()
    seeds = [0, 1, 12345, 2**63 + 5]
    drawn = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        drawn.append(torch.stack([torch.randn(4, 3, 5, generator=generator) for _ in range(2)]))
    save_file({"noise": torch.stack(drawn)}, HERE / "seeds.safetensors", metadata={"seeds": json.dumps(seeds)})


main()
