"""Compares Quantscope's logits with the transformers library's on randomly drawn tiny models of the Llama family.

Run by hand; needs torch, transformers and safetensors:

    python tests/model/check_random_models.py build/release/bin/quantscope-cli --count 400 [--seed 1000]

Each seed draws a family, its dimensions, biases, tied head, activation, sliding window and rope scaling, a dtype, shard
sizes, and the older or newer spelling of config.json. The committed goldens hold chosen cases; this draws the others.
Exits 1 when a model is refused or a difference exceeds 1e-5 of the logits' range; prints the seed and the drawn facts.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

CONFIGS = {"llama": LlamaConfig, "mistral": MistralConfig, "qwen2": Qwen2Config, "qwen3": Qwen3Config}
LIMIT = 1e-5  # of the logits' range


def draw_rope(draw):
    rope = {"rope_theta": draw.choice([10000.0, 500000.0, 1000.0]), "rope_type": "default"}
    if draw.random() < 0.4:
        return rope
    rope |= {"rope_type": draw.choice(["linear", "dynamic", "llama3", "yarn"]), "factor": draw.choice([2.0, 4.0, 1.5])}
    if rope["rope_type"] == "llama3":
        rope |= {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": draw.choice([8, 16])}
    if rope["rope_type"] == "yarn":
        if draw.random() < 0.7:
            rope["original_max_position_embeddings"] = draw.choice([8, 16])
        if draw.random() < 0.4:
            rope |= {"beta_fast": draw.choice([16.0, 64.0]), "beta_slow": 2.0}
        if draw.random() < 0.3:
            rope["attention_factor"] = 1.3
        if draw.random() < 0.3:
            rope |= {"mscale": 0.8, "mscale_all_dim": 0.5}
    return rope


def draw_config(draw, family):
    kv_heads, head_dim = draw.choice([1, 2, 4]), draw.choice([4, 8, 16, 10, 32])
    heads = kv_heads * draw.choice([1, 2, 3])
    facts = {
        "vocab_size": draw.choice([97, 128, 151]),
        "hidden_size": heads * (head_dim if family == "qwen2" or draw.random() < 0.5 else draw.choice([6, 14, 24])),
        "intermediate_size": draw.choice([40, 96, 33]),
        "num_hidden_layers": draw.choice([1, 2, 3]),
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "rms_norm_eps": draw.choice([1e-6, 1e-5, 1e-3]),
        "max_position_embeddings": draw.choice([16, 64, 2048]),
        "tie_word_embeddings": draw.random() < 0.5,
        "hidden_act": draw.choice(["silu", "silu", "silu", "gelu", "gelu_pytorch_tanh", "relu"]),
        "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": None,
    }
    if family != "qwen2":
        facts["head_dim"] = head_dim
    if family in ("llama", "qwen3"):
        facts["attention_bias"] = draw.random() < 0.4
    if family == "llama":
        facts["mlp_bias"] = draw.random() < 0.3
    if family == "mistral":
        facts["sliding_window"] = draw.choice([3, 7, 16, None])
    if family in ("qwen2", "qwen3") and draw.random() < 0.6:
        facts |= {"use_sliding_window": draw.random() < 0.7, "sliding_window": draw.choice([4, 9]),
                  "max_window_layers": draw.choice([0, 1, 2])}
    return facts | {"rope_parameters": draw_rope(draw)}


def spell_as_before(path, draw):
    """rope_theta and rope_scaling apart, torch_dtype, no layer_types: config.json as older releases wrote it."""
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    if rope.get("rope_type", "default") != "default":
        if draw.random() < 0.5:
            rope["type"] = rope.pop("rope_type")
        config["rope_scaling"] = rope
    if "dtype" in config:
        config["torch_dtype"] = config.pop("dtype")
    config.pop("layer_types", None)
    path.write_text(json.dumps(config))


def difference(cli, folder, seed):
    """The largest difference as a share of the range, or what the program said, and the facts drawn."""
    draw = random.Random(seed)
    torch.manual_seed(seed)
    family = draw.choice(sorted(CONFIGS))
    facts = draw_config(draw, family)
    model = AutoModelForCausalLM.from_config(CONFIGS[family](**facts), attn_implementation="eager")
    deviation = draw.choice([0.02, 0.1, 0.3])
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.randn_like(parameter) * deviation + ("norm" in name))
    model.to(draw.choice([torch.float32, torch.bfloat16, torch.float16]))
    model.save_pretrained(folder, max_shard_size=draw.choice(["20KB", "1GB"]))
    if draw.random() < 0.5:
        spell_as_before(folder / "config.json", draw)
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    ids = torch.randint(0, facts["vocab_size"], (draw.choice([5, 20, 40]),))
    with torch.no_grad():
        expected = model(ids[None]).logits[0]
    run = subprocess.run([cli, "logits", folder, "--tokens", ",".join(map(str, ids.tolist())), "--threads", "1",
                          "--out", folder / "logits.out"], capture_output=True, text=True)
    if run.returncode != 0:
        return run.stderr.strip().splitlines()[-1], facts
    found = load_file(folder / "logits.out")["logits"]
    return ((found - expected).abs().max() / (expected.max() - expected.min())).item(), facts


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("cli")
    arguments.add_argument("--count", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=0)
    wish = arguments.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    bad, worst = 0, 0.0
    for seed in range(wish.seed, wish.seed + wish.count):
        with tempfile.TemporaryDirectory() as folder:
            found, facts = difference(wish.cli, Path(folder), seed)
        if isinstance(found, str) or not found <= LIMIT:
            bad += 1
            print(f"seed {seed}: {found}: {facts}")
        else:
            worst = max(worst, found)
    print(f"{wish.count} models, {bad} bad, worst difference of the others {worst:.3g} of the range")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
