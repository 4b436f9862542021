"""Writes the small checkpoints that tst_checkpoint_goldens reads, and beside each what other implementations read from it.

Run with torch, safetensors, gguf and numpy installed: python generate_checkpoints.py
Beside a file F lie F.json (a list of name, dtype, shape; "decoded": false for what is listed only) and F.f32 (the values of
all decoded tensors, float32, one tensor after another in the list's order).
"""

import json
import pathlib
import shutil

import gguf
import numpy as np
import safetensors.torch
import torch

HERE = pathlib.Path(__file__).parent
RANDOM = np.random.default_rng(20240607)


def write_expected(file, tensors):
    """tensors: [(name, dtype, shape, values as float32 or None)]"""
    listed, values = [], []
    for name, dtype, shape, decoded in tensors:
        entry = {"name": name, "dtype": dtype, "shape": list(shape)}
        if decoded is None:
            entry["decoded"] = False
        else:
            values.append(np.ascontiguousarray(decoded, dtype=np.float32).reshape(-1))
        listed.append(entry)
    pathlib.Path(str(file) + ".json").write_text(json.dumps(listed, indent=1) + "\n")
    pathlib.Path(str(file) + ".f32").write_bytes(np.concatenate(values).tobytes())


# --- safetensors ----------------------------------------------------------------------------------------------------

SAFETENSORS = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2, "F8_E8M0": torch.float8_e8m0fnu,
    "F8_E4M3FNUZ": torch.float8_e4m3fnuz, "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
    "U64": torch.uint64, "U32": torch.uint32, "U16": torch.uint16, "U8": torch.uint8, "BOOL": torch.bool,
    "C64": torch.complex64,
}
E2M1 = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0]


def bytes_for(dtype):
    """One byte: all 256 values. Two bytes: a spread of all bit patterns. Wider: random numbers of every size."""
    size = torch.empty(0, dtype=dtype).element_size()
    if dtype == torch.bool:
        return np.tile([0, 1, 1, 0], 64).astype(np.uint8).tobytes()
    if size == 1:
        return bytes(range(256))
    if size == 2:
        return (np.arange(512, dtype=np.uint32) * 129 % 65536).astype(np.uint16).tobytes()
    if dtype in (torch.float32, torch.float64, torch.complex64):
        numbers = RANDOM.standard_normal(64) * 10.0 ** RANDOM.integers(-30, 30, 64)
        return numbers.astype(np.float32 if dtype != torch.float64 else np.float64).tobytes()
    return RANDOM.integers(0, 256, 64 * size, dtype=np.uint8).tobytes()


def write_safetensors():
    header, data, expected = {"__metadata__": {"format": "pt", "note": "every dtype"}}, b"", []

    def add(name, dtype_name, shape, raw):
        nonlocal data
        header[name] = {"dtype": dtype_name, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw

    for name, dtype in SAFETENSORS.items():
        raw = bytes_for(dtype)
        values = torch.frombuffer(bytearray(raw), dtype=dtype)
        shape = [4, values.numel() // 4]
        add("all." + name, name, shape, raw)
        decoded = None if dtype.is_complex else values.to(torch.float32).numpy()
        if name == "F64":
            decoded = np.frombuffer(raw, np.float64).astype(np.float32)
        expected.append(("all." + name, name, shape, decoded))
    add("all.F4", "F4", [8, 64], bytes(range(256)))
    expected.append(("all.F4", "F4", [8, 64], [E2M1[n] for b in range(256) for n in (b & 15, b >> 4)]))
    for name in ("F6_E2M3", "F6_E3M2"):
        add("all." + name, name, [2, 8], bytes(12))
        expected.append(("all." + name, name, [2, 8], None))
    add("scalar", "F32", [], np.float32(2.5).tobytes())
    expected.append(("scalar", "F32", [], [2.5]))
    add("convolution", "F16", [3, 2, 2, 2], np.arange(24, dtype=np.float16).tobytes())
    expected.append(("convolution", "F16", [3, 2, 2, 2], np.arange(24)))
    text = json.dumps(header).encode()
    file = HERE / "all_dtypes.safetensors"
    file.write_bytes(len(text).to_bytes(8, "little") + text + data)
    write_expected(file, expected)
    with safetensors.safe_open(file, "pt") as reader:  # its own library finds nothing to object to
        assert sorted(reader.keys()) == sorted(name for name, *_ in expected)


# --- GGUF -----------------------------------------------------------------------------------------------------------

GGUF_DECODED = "Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL MXFP4".split()
GGUF_LISTED = "Q8_1 Q8_K IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S IQ3_XXS IQ3_S IQ4_XS TQ1_0 TQ2_0 NVFP4 Q1_0".split()
# Where a block's float16 scales stand; everything else in it is random.
SCALES_AT = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
             "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "MXFP4": []}


def random_blocks(kind, shape):
    size, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    blocks = RANDOM.integers(0, 256, (shape[0], shape[1] // size, block_bytes), dtype=np.uint8)
    for at in SCALES_AT.get(kind.name, []):
        scales = (RANDOM.standard_normal(blocks.shape[:2]) * 0.05).astype(np.float16)
        scales[0, 0] = np.float16(6e-8)  # a subnormal one
        blocks[..., at:at + 2] = scales[..., None].view(np.uint8)
    if kind.name == "MXFP4":  # exponents of weights, and those whose scale is subnormal in float32
        blocks[..., 0] = RANDOM.integers(110, 130, blocks.shape[:2])
        blocks[0, 0, 0], blocks[1, 0, 0], blocks[2, 0, 0] = 0, 1, 2
    return blocks.reshape(shape[0], -1)


def write_gguf():
    file = HERE / "all_types.gguf"
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_name("every type")
    writer.add_uint32("llama.block_count", 1)
    writer.add_float32("llama.rope.freq_base", 10000.0)
    writer.add_bool("made.truth", True)
    writer.add_array("tokenizer.ggml.tokens", ["<s>", "a", "é", "語"])
    writer.add_array("tokenizer.ggml.token_type", [3, 1, 1, 1])
    expected = []
    for name, dtype in (("F32", np.float32), ("F16", np.float16)):
        values = RANDOM.standard_normal((5, 7)).astype(dtype)
        writer.add_tensor("all." + name, values)
        expected.append(("all." + name, name, values.shape, values))
    bfloats = torch.randn(5, 32, generator=torch.Generator().manual_seed(1)).bfloat16()
    writer.add_tensor("all.BF16", bfloats.view(torch.uint8).numpy(), raw_dtype=gguf.GGMLQuantizationType.BF16)
    expected.append(("all.BF16", "BF16", bfloats.shape, bfloats.float().numpy()))
    for dtype, name in ((np.float64, "F64"), (np.int8, "I8"), (np.int16, "I16"), (np.int32, "I32"), (np.int64, "I64")):
        values = (RANDOM.standard_normal((3, 4)) * 100).astype(dtype)
        writer.add_tensor("all." + name, values)
        expected.append(("all." + name, name, values.shape, values.astype(np.float32)))
    for name in GGUF_DECODED:
        kind = gguf.GGMLQuantizationType[name]
        shape = (4, 512) if gguf.GGML_QUANT_SIZES[kind][0] == 256 else (4, 96)
        raw = random_blocks(kind, shape)
        writer.add_tensor("all." + name, raw, raw_dtype=kind)
        expected.append(("all." + name, name, shape, gguf.dequantize(raw, kind)))
    for name in GGUF_LISTED:
        kind = gguf.GGMLQuantizationType[name]
        raw = random_blocks(kind, (2, 256))
        writer.add_tensor("all." + name, raw, raw_dtype=kind)
        expected.append(("all." + name, name, (2, 256), None))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    write_expected(file, expected)


# --- PyTorch --------------------------------------------------------------------------------------------------------

TORCH = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
         torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
         torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2", torch.uint16: "U16", torch.complex64: "C64"}


def state_dict(with_new_dtypes):
    generator = torch.Generator().manual_seed(7)
    base = torch.randn(6, 8, generator=generator)
    state = {
        "base": base,
        "transposed": base.t(),
        "columns": base[:, 2:5],
        "every_second": base[::2, 1::3],
        "row": base[4],
        "same_storage": base.view(4, 12),
        "repeated": torch.randn(1, 5, generator=generator).expand(3, 5),
        "scalar": torch.tensor(3.25),
        "empty": torch.empty(0, 4),
        "parameter": torch.nn.Parameter(torch.randn(3, 3, generator=generator)),
        "channels_last": torch.randn(2, 3, 4, 4, generator=generator).contiguous(memory_format=torch.channels_last),
    }
    for dtype, name in TORCH.items():
        if name in ("F8_E4M3", "F8_E5M2", "U16") and not with_new_dtypes:
            continue
        state["dtype." + name] = (torch.randn(4, 4, generator=generator) * 40).abs().to(dtype)
    return state


def expected_of(state):
    for name, tensor in state.items():
        tensor = tensor.detach()
        values = None if tensor.is_complex() else tensor.to(torch.float32).contiguous().numpy()
        yield name, TORCH[tensor.dtype], tuple(tensor.shape), values


def write_pytorch():
    for name, legacy, nested in (("zip.pt", False, False), ("legacy.pth", True, False), ("training.ckpt.pt", False, True)):
        state = state_dict(with_new_dtypes=True)
        saved = {"model": {"other": torch.ones(2)}, "ema": state, "args": torch.nn.Identity(), "step": 7} if nested else state
        file = HERE / name
        torch.save(saved, file, _use_new_zipfile_serialization=not legacy)
        write_expected(file, list(expected_of(state)))


def write_sharded(folder_name, suffix, save):
    folder = HERE / folder_name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    state = {f"model.layers.{i}.weight": torch.randn(4, 6, generator=torch.Generator().manual_seed(i)) for i in range(3)}
    stem = "pytorch_model" if suffix == "bin" else "model"
    index = {"metadata": {"total_size": 3 * 96}, "weight_map": {}}
    for number, names in enumerate((["model.layers.0.weight", "model.layers.2.weight"], ["model.layers.1.weight"]), 1):
        shard = f"{stem}-{number:05}-of-00002.{suffix}"
        save({name: state[name] for name in names}, folder / shard)
        index["weight_map"].update({name: shard for name in names})
    (folder / f"{stem}.{suffix}.index.json").write_text(json.dumps(index, indent=1))
    (folder / "config.json").write_text(json.dumps({"model_type": "made_up"}))
    write_expected(HERE / folder_name, list(expected_of(state)))


# --- small seeds for the tests of damage ----------------------------------------------------------------------------

def write_seeds():
    """A few hundred bytes each, so that truncation at every byte and thousands of mutations are quick."""
    generator = torch.Generator().manual_seed(3)
    state = {"a.weight": torch.randn(3, 4, generator=generator), "b": torch.arange(6, dtype=torch.float16).view(2, 3).t()}
    torch.save(state, HERE / "seed_zip.pt")
    torch.save(state, HERE / "seed_legacy.pt", _use_new_zipfile_serialization=False)
    flat = {name: tensor.contiguous() for name, tensor in state.items()}
    flat["c.bias"] = torch.tensor([1.5, -2.0], dtype=torch.bfloat16)
    safetensors.torch.save_file(flat, HERE / "seed.safetensors", metadata={"format": "pt"})
    writer = gguf.GGUFWriter(HERE / "seed.gguf", "llama")
    writer.add_uint32("llama.block_count", 1)
    writer.add_array("tokenizer.ggml.tokens", ["<s>", "ab"])
    writer.add_tensor("a.weight", state["a.weight"].numpy())
    writer.add_tensor("b", np.arange(6, dtype=np.float16).reshape(2, 3))
    writer.add_tensor("c", random_blocks(gguf.GGMLQuantizationType.Q8_0, (2, 32)),
                      raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    torch.set_num_threads(1)
    write_safetensors()
    write_gguf()
    write_pytorch()
    write_sharded("sharded_bin", "bin", torch.save)
    write_sharded("sharded_safetensors", "safetensors", safetensors.torch.save_file)
    write_seeds()
