"""Holds exported DiTs to the libraries that should read them: torch, safetensors, diffusers, and Python's zipfile.

Run by hand; needs torch, safetensors and diffusers:

    python tests/export/check_dit_exports.py build/release/bin/quantscope-cli
    QUANTSCOPE_EXPORT_FOLDER=/tmp/files build/release/bin/tst_pytorch_writer     (optional: makes more files to check)
    python tests/export/check_dit_exports.py build/release/bin/quantscope-cli /tmp/files

For every golden DiT, quantized by the command line: torch.load(weights_only=True) of the .pt equals the .safetensors
tensor for tensor and has the source's nesting, the way facebookresearch/DiT looks it up; diffusers' model, loaded from
the exported folder, predicts what `denoise` does on the same folder. Exits 1 when one differs by more than 1e-5 of the
output's range.
"""

import json
import subprocess
import sys
import tempfile
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch
from diffusers import DiTTransformer2DModel
from safetensors.torch import load_file

CLI = sys.argv[1]
GOLDENS = Path(__file__).resolve().parents[1] / "goldens" / "diffusion"
RECIPE = {"quantscope_recipe": 1, "default": {"weight": {
    "grid": {"name": "uniform", "bits": 4, "granularity": "channel"}, "clipping": {"name": "min-max"},
    "rounding": {"name": "nearest"}, "transform": {"name": "none"}, "residual": {"name": "none"}},
    "activation": None, "kv": None}}
RECIPE["sites"] = [{"match": "*", "weight": RECIPE["default"]["weight"]}]
bad = []


def expect(holds, what):
    if not holds:
        bad.append(what)
        print("WRONG:", what)


def cli(*arguments):
    subprocess.run([CLI, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def find_model(path):
    """What facebookresearch/DiT's download.py does with a file."""
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    return checkpoint["ema"] if "ema" in checkpoint else checkpoint


def check_archive(path):
    with zipfile.ZipFile(path) as archive:
        expect(archive.testzip() is None, f"{path}: a checksum")


def check_original(golden, source, root):
    cli("quantize", source, "--recipe", root / "recipe.json", "--out", root / golden, "--no-report",
        "--format", "safetensors,pt")
    plain = load_file(root / golden / "safetensors" / "model.safetensors")
    file = root / golden / "pt" / "model.pt"
    check_archive(file)
    found = find_model(file)
    before = torch.load(source, weights_only=True) if source.suffix == ".pt" else None
    if before is not None and "ema" not in before:
        found = found["model"]
    expect(isinstance(found, OrderedDict), f"{golden}: no OrderedDict")
    expect(found.keys() == plain.keys() and all(torch.equal(found[k], plain[k]) and found[k].dtype == plain[k].dtype
                                                for k in plain), f"{golden}: .pt and .safetensors differ")
    own = load_file(source) if before is None else before.get("ema", before.get("model"))
    expect(list(own) == list(found) if before is not None else own.keys() == found.keys(), f"{golden}: names")
    expect(all(own[k].dtype == found[k].dtype for k in own), f"{golden}: dtypes")
    moved = [k for k in own if not torch.equal(own[k], found[k])]
    expect(moved and all(k.endswith((".weight", "_table")) or k == "pos_embed" for k in moved), f"{golden}: {moved}")
    mapped = torch.load(file, weights_only=True, mmap=True)  # refuses records that are not aligned or compressed
    expect(mapped.keys() == torch.load(file, weights_only=True).keys(), f"{golden}: mapped")
    print(f"{golden:20} {len(found)} tensors, {len(moved)} quantized")


def check_diffusers(golden, root):
    folder = root / golden
    cli("quantize", GOLDENS / golden, "--recipe", root / "recipe.json", "--out", folder, "--no-report",
        "--format", "diffusers")
    cli("denoise", folder, "--input", GOLDENS / "expected" / f"{golden}.safetensors", "--out", root / "output.safetensors")
    given = load_file(GOLDENS / "expected" / f"{golden}.safetensors")
    model, told = DiTTransformer2DModel.from_pretrained(folder, torch_dtype=torch.float32, output_loading_info=True)
    expect(not told["missing_keys"] and not told["unexpected_keys"], f"{golden}: {told}")
    with torch.no_grad():
        expected = model.eval()(given["x"], timestep=given["t"], class_labels=given["y"]).sample
    found = load_file(root / "output.safetensors")["output"]
    spread = (expected.max() - expected.min()).item()
    relative = (found - expected).abs().max().item() / spread
    changed = (given["output"] - expected).abs().max().item() / spread
    expect(relative <= 1e-5 and changed > 1e-3, f"{golden}: {relative}")
    print(f"{golden:20} {relative:.2e} of the range from diffusers (quantizing changed {changed:.2e})")


with tempfile.TemporaryDirectory() as temporary:
    root = Path(temporary)
    (root / "recipe.json").write_text(json.dumps(RECIPE))
    for source in sorted(GOLDENS.glob("original_*/model.*")):
        check_original(source.parent.name, source, root)
    for folder in sorted(GOLDENS.glob("diffusers_*")):
        check_diffusers(folder.name, root)
for path in sorted(Path(sys.argv[2]).iterdir()) if len(sys.argv) > 2 else []:
    if path.suffix == ".zip":
        check_archive(path)
    if path.suffix == ".pt":
        check_archive(path)
        tensors = torch.load(path, weights_only=True)
        print(path.name, {name: (str(tensor.dtype), tuple(tensor.shape)) for name, tensor in tensors.items()})
        for name, tensor in tensors.items():
            flat = tensor.contiguous().view(-1).view(torch.uint8) if tensor.numel() > 1 else None
            expect(flat is None or flat.tolist() == [i % 2 for i in range(flat.numel())], f"{path}: {name}")
sys.exit(1 if bad else 0)
