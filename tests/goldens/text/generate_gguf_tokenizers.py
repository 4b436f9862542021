"""Ids by llama.cpp for small vocabularies under each pre-tokenizer name that GGUF files use.

    python generate_gguf_tokenizers.py

Reads tokenizer_gpt2.json, sentencepiece.model and the texts of tokenizer_goldens.json; writes gguf_goldens.json. The
vocabularies are written to temporary GGUF files; the test builds the same metadata from the same sources.
"""
import json
import pathlib
import tempfile

import gguf
import llama_cpp
import sentencepiece

here = pathlib.Path(__file__).parent
texts = json.loads((here / "tokenizer_goldens.json").read_text())["texts"]
texts[-1] = texts[-1][:300]
byte_level = json.loads((here / "tokenizer_gpt2.json").read_text())
vocabulary = byte_level["model"]["vocab"]
tokens = sorted(vocabulary, key=vocabulary.get)
added = {one["content"]: one["special"] for one in byte_level["added_tokens"]}
merges = [" ".join(one) if isinstance(one, list) else one for one in byte_level["model"]["merges"]]
types = [3 if added.get(one) else 4 if one in added else 1 for one in tokens]


def ids(fill):
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/vocabulary.gguf"
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_context_length(64)
        writer.add_embedding_length(8)
        writer.add_block_count(1)
        writer.add_head_count(1)
        writer.add_feed_forward_length(8)
        writer.add_layer_norm_rms_eps(1e-5)
        fill(writer)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.close()
        model = llama_cpp.Llama(path, vocab_only=True, verbose=False)
        return [{"ids": model.tokenize(text.encode(), add_bos=True, special=True),
                 "spelled": model.tokenize(text.encode(), add_bos=False, special=False)} for text in texts]


def byte_level_file(pre):
    def fill(writer):
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(pre)
        writer.add_token_list(tokens)
        writer.add_token_types(types)
        writer.add_token_merges(merges)
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_unk_token_id(0)
    return fill


def sentencepiece_file(prefix):
    def fill(writer):
        processor = sentencepiece.SentencePieceProcessor(model_file=str(here / "sentencepiece.model"))
        count = processor.get_piece_size()
        kinds = [2 if processor.is_unknown(i) else 3 if processor.is_control(i) else 6 if processor.is_byte(i) else
                 4 if processor.id_to_piece(i) in ("<|im_start|>", "<|im_end|>") else 1 for i in range(count)]
        writer.add_tokenizer_model("llama")
        writer.add_token_list([processor.id_to_piece(i) for i in range(count)])
        writer.add_token_scores([processor.get_score(i) for i in range(count)])
        writer.add_token_types(kinds)
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_unk_token_id(0)
        writer.add_add_space_prefix(prefix)
        vocabulary = {"tokens": [processor.id_to_piece(i) for i in range(count)], "types": kinds,
                      "scores": [processor.get_score(i) for i in range(count)]}
        goldens["sentencepiece_vocabulary"] = vocabulary
    return fill


goldens = {"texts": texts, "pre": {}, "sentencepiece": {}}
for pre in ("gpt-2", "default", "smollm", "llama-bpe", "qwen2", "tekken", "gpt-4o", "dbrx", "starcoder", "deepseek-v3",
            "deepseek-coder", "falcon", "bailingmoe", "seed-coder", "qwen35"):
    try:
        goldens["pre"][pre] = ids(byte_level_file(pre))
    except Exception as error:
        print(pre, error)
for prefix in (True, False):
    goldens["sentencepiece"][str(prefix).lower()] = ids(sentencepiece_file(prefix))
(here / "gguf_goldens.json").write_text(json.dumps(goldens, ensure_ascii=True, separators=(",", ":")) + "\n")
