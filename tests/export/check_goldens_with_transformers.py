"""Loads the exports of all golden models with transformers and compares their logits with the goldens' own.

Run by hand; needs torch, transformers and safetensors:

    QUANTSCOPE_EXPORT_FOLDER=/tmp/exports build/release/bin/tst_hugging_face
    python tests/export/check_goldens_with_transformers.py /tmp/exports

Exits 1 when a largest difference is above 1e-5 of the logits' range.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

EXPECTED = Path(__file__).resolve().parents[1] / "goldens" / "model" / "expected"
worst = 0.0
for folder in sorted(Path(sys.argv[1]).iterdir()):
    golden = EXPECTED / (folder.name.removesuffix("_from_gguf") + ".safetensors")
    if not golden.exists():
        continue
    stored = load_file(golden)
    model, report = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager",
                                                         output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"], (folder, report)
    with torch.no_grad():
        logits = model(stored["tokens"].long()[None]).logits[0]
    expected = stored["logits"]
    relative = ((logits - expected).abs().max() / (expected.max() - expected.min())).item()
    worst = max(worst, relative)
    print(f"{folder.name:32} {relative:.2e}")
print(f"largest difference {worst:.2e} of the range")
sys.exit(0 if worst <= 1e-5 else 1)
