"""Quantscope's DiT against the same model in eager PyTorch (diffusers), in turn: five rounds, medians and their ratio.

    python tests/benchmarks/compare_dit_speed.py build/release/bin/bench_dit [--rounds 5]     (diffusers, torch)

The model is a random DiT-S/4 (width 384, 12 blocks, 6 heads, patch 4, latents of 32 × 32 × 4) with batch 8; a sampling
step is a guided DDIM step, 16 images a pass.
"""
import argparse
import json
import statistics
import subprocess
import tempfile
import time

import torch
from diffusers import DDIMScheduler, DiTTransformer2DModel


def eager(model, passes, steps):
    with torch.inference_mode():
        x, t, y = torch.randn(8, 4, 32, 32), torch.full((8,), 500), torch.ones(8, dtype=torch.long)
        model(x, timestep=t, class_labels=y)
        times = []
        for _ in range(passes):
            start = time.perf_counter()
            model(x, timestep=t, class_labels=y)
            times.append(time.perf_counter() - start)
        scheduler = DDIMScheduler(num_train_timesteps=1000)
        scheduler.set_timesteps(steps)
        labels = torch.cat([y, torch.full((8,), 1000)])
        start = time.perf_counter()
        for step in scheduler.timesteps:
            output = model(torch.cat([x, x]), timestep=step.expand(16), class_labels=labels).sample[:, :4]
            conditional, null = output.chunk(2)
            x = scheduler.step(null + 4 * (conditional - null), step, x).prev_sample
        return statistics.median(times), (time.perf_counter() - start) / steps


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--passes", type=int, default=9)
    parser.add_argument("--steps", type=int, default=50)
    options = parser.parse_args()
    torch.manual_seed(0)
    model = DiTTransformer2DModel(num_attention_heads=6, attention_head_dim=64, in_channels=4, out_channels=8,
                                  num_layers=12, sample_size=32, patch_size=4, num_embeds_ada_norm=1000).eval()
    for parameter in model.parameters():
        parameter.data = torch.randn_like(parameter) * 0.05
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        for _ in range(options.rounds):
            found = json.loads(subprocess.check_output([options.bench, folder, str(options.passes), str(options.steps)]))
            ours.append((found["forward_seconds"], found["step_seconds"]))
            theirs.append(eager(model, options.passes, options.steps))
            print("ours", ours[-1], "eager", theirs[-1], flush=True)
    for index, name in enumerate(["forward, batch 8", "guided DDIM step, batch 8"]):
        a, b = (statistics.median(run[index] for run in runs) for runs in (ours, theirs))
        print(f"{name}: {1000 * a:.1f} ms against {1000 * b:.1f} ms: ratio {a / b:.3f}")


main()
