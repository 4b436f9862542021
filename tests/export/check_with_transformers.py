"""Loads an exported Hugging Face folder with the transformers library and compares its logits with Quantscope's.

Run by hand; needs torch, transformers and safetensors:

    QUANTSCOPE_EXPORT_FOLDER=/tmp/exports build/release/bin/tst_default_model_slow
    python tests/export/check_with_transformers.py /tmp/exports

The folder holds hf/ (the export) and logits.safetensors (`tokens`, `logits`, and the text in its metadata), as the test
writes them. Exits 1 when the largest difference is above 1e-5 of the logits' range, or the token ids differ.
"""

import sys
from pathlib import Path

import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

root = Path(sys.argv[1])
with safe_open(root / "logits.safetensors", "pt") as stored:
    tokens = stored.get_tensor("tokens").long()
    expected = stored.get_tensor("logits")
    text = stored.metadata()["text"]

model, report = AutoModelForCausalLM.from_pretrained(root / "hf", output_loading_info=True)
print("loaded as", model.dtype, "missing", report["missing_keys"], "unexpected", report["unexpected_keys"])
with torch.no_grad():
    found = model(tokens[None]).logits[0]
difference = (found - expected).abs().max().item()
spread = (expected.max() - expected.min()).item()
print(f"largest difference {difference:.3e}, range {spread:.3f}, relative {difference / spread:.3e}")

tokenizer = AutoTokenizer.from_pretrained(root / "hf")
ids = tokenizer.encode(text, add_special_tokens=False)
print("token ids", "equal" if ids == tokens.tolist() else f"differ:\n{ids}\n{tokens.tolist()}")
print("chat", repr(tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False,
                                                 add_generation_prompt=True))[:200])
prompt = tokenizer("The capital of France is", return_tensors="pt")
print(repr(tokenizer.decode(model.generate(**prompt, max_new_tokens=12, do_sample=False)[0])))
good = difference <= 1e-5 * spread and ids == tokens.tolist() and model.dtype == torch.float32
sys.exit(0 if good else 1)
