"""Negative log-likelihoods of SmolLM2-135M-Instruct, as the transformers library computes them in float32.

The weights are decoded from the default GGUF by the gguf package, so that nothing but the forward pass and the cutting
into windows is compared. Writes smollm2_tokens.u16 (token ids of the shipped evaluation text by llama.cpp's tokenizer)
and smollm2_nll.json.

    python tests/goldens/comparison/generate_smollm2_nll.py build/models/SmolLM2-135M-Instruct.Q4_1.gguf
(transformers 5, torch, gguf, llama-cpp-python, numpy)
"""
import hashlib
import json
import pathlib
import sys
import time

import gguf
import llama_cpp
import numpy
import torch
from transformers import LlamaConfig, LlamaForCausalLM

HERE = pathlib.Path(__file__).parent
TEXT = HERE.parents[2] / "resources" / "texts" / "evaluation.txt"
CONTEXT, WINDOWS = 512, 65
STEMS = {"attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
         "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
         "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}


def load(path):
    reader = gguf.GGUFReader(path)
    fact = lambda key: reader.fields[key].contents()
    heads, kv_heads = fact("llama.attention.head_count"), fact("llama.attention.head_count_kv")
    config = LlamaConfig(hidden_size=fact("llama.embedding_length"), num_hidden_layers=fact("llama.block_count"),
                         intermediate_size=fact("llama.feed_forward_length"), num_attention_heads=heads,
                         num_key_value_heads=kv_heads, rms_norm_eps=fact("llama.attention.layer_norm_rms_epsilon"),
                         vocab_size=len(fact("tokenizer.ggml.tokens")), tie_word_embeddings=True,
                         max_position_embeddings=fact("llama.context_length"),
                         rope_parameters={"rope_type": "default", "rope_theta": fact("llama.rope.freq_base")})
    state = {}
    for tensor in reader.tensors:
        value = torch.from_numpy(gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32))
        if tensor.name == "token_embd.weight":
            name = "model.embed_tokens.weight"
        elif tensor.name == "output_norm.weight":
            name = "model.norm.weight"
        else:
            _, block, stem, _ = tensor.name.split(".")
            name = f"model.layers.{block}.{STEMS[stem]}.weight"
            if stem in ("attn_q", "attn_k"):  # undo the order for interleaved rotary
                count = heads if stem == "attn_q" else kv_heads
                value = value.view(count, -1, 2, value.shape[1]).transpose(1, 2).reshape(value.shape)
        state[name] = value.contiguous()
    model = LlamaForCausalLM(config).float().eval()
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    model.tie_weights()
    return model


def nll(logits, following):
    return torch.nn.functional.cross_entropy(logits.double(), following, reduction="none")


def main(path):
    torch.set_num_threads(2)
    vocabulary = llama_cpp.Llama(path, vocab_only=True, verbose=False)
    ids = vocabulary.tokenize(TEXT.read_bytes()[:400_000], add_bos=False, special=False)[:CONTEXT * WINDOWS]
    assert len(ids) == CONTEXT * WINDOWS
    stored = numpy.array(ids, dtype="<u2")
    (HERE / "smollm2_tokens.u16").write_bytes(stored.tobytes())
    tokens = torch.tensor(ids)

    model = load(path)
    windows, start, sums = tokens.view(WINDOWS, CONTEXT), time.time(), []
    with torch.no_grad():
        for first in range(0, WINDOWS, 4):
            batch = windows[first:first + 4]
            logits = model(input_ids=batch).logits
            sums += [nll(row[:-1], window[1:]).sum().item() for row, window in zip(logits, batch)]
    seconds = time.time() - start
    count = WINDOWS * (CONTEXT - 1)

    # llama.cpp's own way on a small text: the second half of each window, its first token replaced by BOS.
    small, context, bos = 4, 128, vocabulary.token_bos()
    pieces = tokens[:small * context].view(small, context).clone()
    pieces[:, 0] = bos
    second_half, whole = [], llama_cpp.Llama(path, n_ctx=context, logits_all=True, verbose=False, n_threads=2)
    by_llama = []
    with torch.no_grad():
        for piece in pieces:
            scored = slice(context // 2, context - 1)
            second_half += nll(model(input_ids=piece[None]).logits[0][scored], piece[context // 2 + 1:]).tolist()
            whole.reset()
            whole.eval(piece.tolist())
            by_llama += nll(torch.from_numpy(whole.scores[:context])[scored], piece[context // 2 + 1:]).tolist()

    result = {
        "tokens_sha256": hashlib.sha256(stored.tobytes()).hexdigest(), "text": TEXT.name,
        "model_sha256": hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest(),
        "huggingface": {"context": CONTEXT, "predicted": count, "nll": sum(sums) / count,
                        "window_nll": [value / (CONTEXT - 1) for value in sums]},
        "llama.cpp": {"context": context, "windows": small, "bos": bos, "predicted": len(second_half),
                      "nll": sum(second_half) / len(second_half),
                      "nll_by_llama_cpp_itself": sum(by_llama) / len(by_llama)},
    }
    (HERE / "smollm2_nll.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"{count} tokens in {seconds:.1f} s, {CONTEXT * WINDOWS / seconds:.0f} tokens/s", result["huggingface"]["nll"],
          result["llama.cpp"])


main(sys.argv[1])
