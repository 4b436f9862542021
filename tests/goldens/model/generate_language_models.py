"""Makes the tiny random language models whose logits Quantscope is held against, with the transformers library.

For every model: <name>/ with config.json (today's spelling), config_older.json (the spelling of 2023), weights, and
expected/<name>.safetensors with token ids, transformers' float32 logits, and in its metadata for each fact of the
architecture by how much the logits move, as a share of their range, when that fact is switched off.

    python tests/goldens/model/generate_language_models.py        (transformers 5, torch, safetensors, gguf, numpy)
"""
import copy
import json
import pathlib
import shutil

import gguf
import numpy
import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

HERE = pathlib.Path(__file__).parent
TOKENS, VOCABULARY = 48, 64
BASE = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            vocab_size=VOCABULARY, max_position_embeddings=256, rms_norm_eps=1e-5, hidden_act="silu",
            tie_word_embeddings=False, bos_token_id=1, eos_token_id=2, dtype="float32")


def llama(rope=None, **facts):
    rope_parameters = dict(dict(rope_type="default", rope_theta=10000.0), **(rope or {}))
    return dict(dict(BASE, model_type="llama", architectures=["LlamaForCausalLM"], attention_bias=False,
                     mlp_bias=False, rope_parameters=rope_parameters), **facts)


# name → (configuration, dtype on disk, facts to switch off)
MODELS = {
    "llama_grouped": (llama(dict(rope_theta=100000.0)), torch.bfloat16,
                      ["rotary", "rotary_theta", "grouped_heads", "norm_eps", "norm_weights", "activation"]),
    "llama_tied": (llama(tie_word_embeddings=True, num_key_value_heads=4, head_dim=12), torch.float16,
                   ["tied_head", "head_dim"]),
    "llama_biases": (llama(attention_bias=True, mlp_bias=True), torch.float32,
                     ["q_bias", "k_bias", "v_bias", "o_bias", "gate_bias", "up_bias", "down_bias"]),
    "llama_gelu": (llama(hidden_act="gelu"), torch.bfloat16, ["activation"]),
    "llama_gelu_tanh": (llama(hidden_act="gelu_pytorch_tanh"), torch.bfloat16, ["activation"]),
    "llama_relu": (llama(hidden_act="relu"), torch.bfloat16, ["activation"]),
    "llama3": (llama(dict(rope_type="llama3", rope_theta=500.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                          original_max_position_embeddings=32)), torch.bfloat16,
               ["rotary_scaling", "factor", "low_freq_factor", "high_freq_factor",
                "original_max_position_embeddings"]),
    "llama_linear": (llama(dict(rope_type="linear", factor=3.0)), torch.bfloat16, ["rotary_scaling", "factor"]),
    "llama_dynamic": (llama(dict(rope_type="dynamic", factor=4.0), max_position_embeddings=16), torch.bfloat16,
                      ["rotary_scaling", "factor"]),
    "llama_yarn": (llama(dict(rope_type="yarn", factor=4.0, beta_fast=2.0, beta_slow=0.5, rope_theta=20.0,
                              original_max_position_embeddings=32), max_position_embeddings=128, head_dim=16),
                   torch.bfloat16, ["rotary_scaling", "factor", "beta_fast", "beta_slow", "attention_factor",
                                    "original_max_position_embeddings"]),
    "mistral_window": (dict(BASE, model_type="mistral", architectures=["MistralForCausalLM"], sliding_window=9,
                            head_dim=16, rope_parameters=dict(rope_type="default", rope_theta=1000000.0)),
                       torch.bfloat16, ["window", "window_by_one", "head_dim"]),
    "qwen2": (dict(BASE, model_type="qwen2", architectures=["Qwen2ForCausalLM"], tie_word_embeddings=True,
                   use_sliding_window=False, sliding_window=None, max_window_layers=2,
                   rope_parameters=dict(rope_type="default", rope_theta=1000000.0)),
              torch.float16, ["q_bias", "k_bias", "v_bias", "tied_head"]),
    "qwen2_window": (dict(BASE, model_type="qwen2", architectures=["Qwen2ForCausalLM"], use_sliding_window=True,
                          sliding_window=7, max_window_layers=1, layer_types=["full_attention", "sliding_attention"],
                          rope_parameters=dict(rope_type="default", rope_theta=10000.0)),
                     torch.bfloat16, ["window", "window_per_block"]),
    "qwen3": (dict(BASE, model_type="qwen3", architectures=["Qwen3ForCausalLM"], head_dim=16, attention_bias=False,
                   use_sliding_window=False, sliding_window=None, max_window_layers=2,
                   rope_parameters=dict(rope_type="default", rope_theta=1000000.0)),
              torch.bfloat16, ["query_key_norm", "query_key_norm_weights", "head_dim"]),
    "llama_sharded": (llama(num_hidden_layers=3), torch.bfloat16, []),
}
SCALES = {"default": 0.02, "wide": 0.3}


def older(config):
    """The same facts as transformers 4 spelled them."""
    result = copy.deepcopy(config)
    rope = result.pop("rope_parameters")
    result["torch_dtype"] = result.pop("dtype")
    result["rope_theta"] = rope.pop("rope_theta")
    kind = rope.pop("rope_type")
    if kind != "default":
        result["rope_scaling"] = dict(rope, **{"rope_type" if kind in ("llama3", "yarn") else "type": kind})
    result.pop("layer_types", None)
    return result


def build(config, state=None):
    config = AutoConfig.for_model(**copy.deepcopy(config))
    config._attn_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
    if state is not None:
        missing, unexpected = model.load_state_dict(state, strict=False)
        assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
        model.tie_weights()
    return model


def randomize(model, scale, dtype, seed):
    """Every tensor at random, norms and biases included, in values that the file's dtype holds exactly."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, value in model.state_dict().items():
        if name == "lm_head.weight" and model.config.tie_word_embeddings:
            continue
        noise = torch.randn(value.shape, generator=generator)
        spread = max(scale, 0.1) if "norm" in name else scale
        state[name] = ((1 if "norm" in name else 0) + spread * noise).to(dtype).float()
    return state


def logits(config, state, tokens, change=None):
    model = build(config, state)
    if change:
        change(model)
    with torch.no_grad():
        return model(input_ids=tokens[None]).logits[0].float()


def switched_off(fact, config, state):
    """(configuration, state, change of the built model) with one fact of the architecture left out."""
    config, state, change = copy.deepcopy(config), dict(state), None
    rope = config["rope_parameters"]
    if fact.endswith("_bias"):
        for name in state:
            if name.endswith(fact[0:-5] + "_proj.bias"):
                state[name] = torch.zeros_like(state[name])
    elif fact == "rotary":
        rope["rope_theta"] = 1e30
    elif fact == "rotary_theta":
        rope["rope_theta"] = 10000.0
    elif fact == "rotary_scaling":
        config["rope_parameters"] = dict(rope_type="default", rope_theta=rope["rope_theta"])
    elif fact == "attention_factor":
        rope["attention_factor"] = 1.0
    elif fact in rope:
        rope[fact] = {"low_freq_factor": 2.0, "high_freq_factor": 8.0, "beta_fast": 32.0, "beta_slow": 1.0}.get(
            fact, rope[fact] * 2)
    elif fact == "grouped_heads":  # neighbouring query heads share keys, not those a group's number apart
        heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
        size = config.get("head_dim", config["hidden_size"] // heads)
        config["num_key_value_heads"] = heads
        for name in state:
            if "k_proj" in name or "v_proj" in name:
                value = state[name].view(groups, size, -1)
                state[name] = value.repeat(heads // groups, 1, 1).reshape(heads * size, -1)
    elif fact == "norm_eps":
        config["rms_norm_eps"] = 1e-6
    elif fact in ("norm_weights", "query_key_norm_weights"):
        for name in state:
            if "norm" in name and ("self_attn" in name) == (fact != "norm_weights"):
                state[name] = torch.ones_like(state[name])
    elif fact == "activation":
        config["hidden_act"] = {"silu": "gelu", "gelu": "gelu_pytorch_tanh", "gelu_pytorch_tanh": "gelu",
                                "relu": "silu"}[config["hidden_act"]]
    elif fact == "tied_head":
        config["tie_word_embeddings"] = False
        state["lm_head.weight"] = state["model.embed_tokens.weight"].flip(0)
    elif fact == "head_dim":  # the scale of the scores as if heads shared out the width
        def change(model):
            for layer in model.model.layers:
                layer.self_attn.scaling = (config["hidden_size"] / config["num_attention_heads"]) ** -0.5
    elif fact == "window":
        config["sliding_window"] = None
        if config["model_type"] == "qwen2":
            config.update(use_sliding_window=False, layer_types=["full_attention"] * 2)
    elif fact == "window_by_one":
        config["sliding_window"] += 1
    elif fact == "window_per_block":
        config.update(max_window_layers=0, layer_types=["sliding_attention"] * 2)
    elif fact == "query_key_norm":
        def change(model):
            for layer in model.model.layers:
                layer.self_attn.q_norm = layer.self_attn.k_norm = torch.nn.Identity()
    else:
        raise KeyError(fact)
    return config, state, change


def save(folder, config, state, dtype):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = dict(config, dtype=str(dtype).split(".")[1])
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "config_older.json").write_text(json.dumps(older(config), indent=1) + "\n")
    stored = {name: value.to(dtype).contiguous() for name, value in state.items()}
    if "sharded" not in folder.name:
        save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names, places = sorted(stored), {}
    for shard in range(3):
        file = f"model-{shard + 1:05}-of-00003.safetensors"
        part = {name: stored[name] for name in names[shard::3]}
        places.update(dict.fromkeys(part, file))
        save_file(part, folder / file, metadata={"format": "pt"})
    size = sum(value.numel() * value.element_size() for value in stored.values())
    index = {"metadata": {"total_size": size}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")


GGUF_NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
              "self_attn.o_proj": "attn_output", "input_layernorm": "attn_norm", "mlp.gate_proj": "ffn_gate",
              "post_attention_layernorm": "ffn_norm", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
              "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm"}


def gguf_name(name):
    whole = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
             "lm_head.weight": "output.weight"}
    if name in whole:
        return whole[name]
    _, _, block, rest = name.split(".", 3)
    stem, kind = rest.rsplit(".", 1)
    return f"blk.{block}.{GGUF_NAMES[stem]}.{kind}"


def permuted(value, heads):
    """Rows as llama.cpp's converter orders them: the halves of each head interleaved."""
    return value.reshape(heads, 2, value.shape[0] // heads // 2, *value.shape[1:]).transpose(1, 2).reshape(value.shape)


def save_gguf(path, config, state):
    kind = config["model_type"]
    writer = gguf.GGUFWriter(path, kind)
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_vocab_size(config["vocab_size"])
    rope = config["rope_parameters"]
    writer.add_rope_freq_base(rope["rope_theta"])
    head_dim = config.get("head_dim", config["hidden_size"] // config["num_attention_heads"])
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    if kind == "llama":
        writer.add_rope_dimension_count(head_dim)
    if rope["rope_type"] == "llama3":  # as the converter does: divisors of the frequencies
        frequencies = rope["rope_theta"] ** (-torch.arange(0, head_dim, 2, dtype=torch.float64) / head_dim)
        wavelengths = 2 * numpy.pi / frequencies
        old = rope["original_max_position_embeddings"]
        low, high, factor = old / rope["low_freq_factor"], old / rope["high_freq_factor"], rope["factor"]
        smooth = (old / wavelengths - rope["low_freq_factor"]) / (rope["high_freq_factor"] - rope["low_freq_factor"])
        divisors = torch.where(wavelengths < high, 1.0,
                               torch.where(wavelengths > low, factor, 1 / ((1 - smooth) / factor + smooth)))
        writer.add_tensor("rope_freqs.weight", divisors.float().numpy())
    for name, value in state.items():
        if kind == "llama" and ".q_proj." in name:
            value = permuted(value, config["num_attention_heads"])
        if kind == "llama" and ".k_proj." in name:
            value = permuted(value, config["num_key_value_heads"])
        half = value.dim() == 2 and torch.equal(value.half().float(), value)
        writer.add_tensor(gguf_name(name), (value.half() if half else value).contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    shutil.rmtree(HERE / "expected", ignore_errors=True)
    (HERE / "expected").mkdir()
    tokens = torch.randint(0, VOCABULARY, (TOKENS,), generator=torch.Generator().manual_seed(1))
    for number, (name, (config, dtype, facts)) in enumerate(MODELS.items()):
        for scale_name, scale in SCALES.items():
            if scale_name == "default" and (name == "llama_sharded" or name.endswith(("gelu", "tanh", "relu"))):
                continue  # nothing new shows there
            full_name = f"{name}_{scale_name}"
            state = randomize(build(config), scale, dtype, 100 * number + (scale_name == "wide"))
            expected = logits(config, state, tokens)
            assert torch.equal(expected, logits(older(config), state, tokens)), "the two spellings differ"
            extent = (expected.max() - expected.min()).item()
            moved = {fact: ((logits(changed, weights, tokens, change) - expected).abs().max() / extent).item()
                     for fact in facts for changed, weights, change in [switched_off(fact, config, state)]}
            save(HERE / full_name, config, state, dtype)
            save_file({"tokens": tokens.to(torch.int32), "logits": expected.contiguous()},
                      HERE / "expected" / f"{full_name}.safetensors", metadata={"moved": json.dumps(moved)})
            print(full_name, "range", round(extent, 4), {key: float(f"{value:.2g}") for key, value in moved.items()})
            if name in ("llama_biases", "llama3", "qwen2", "qwen3") and scale_name == "wide":
                save_gguf(HERE / f"{full_name}.gguf", config, state)


main()
