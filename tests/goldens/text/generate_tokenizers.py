"""Trains small tokenizers and records the ids that the tokenizers library gives, and llama.cpp's ids for a GGUF file.

    python generate_tokenizers.py SmolLM2-135M-Instruct.Q4_1.gguf ../../../resources/texts/evaluation.txt

Writes tokenizer_<name>.json (the tokenizers), sentencepiece.model, and tokenizer_goldens.json (texts and ids).
"""
import json
import pathlib
import sys

import llama_cpp
import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

here = pathlib.Path(__file__).parent
novel = pathlib.Path(sys.argv[2]).read_text()

code = '''def f(x, *args, **kw):\n    """Doc."""\n\tif x >= 10_000 and y != 0x1F:\n\t\treturn {"k": [x[i] ** 2 for i in range(3)]}  # ok\n
#include <vector>\nint main() { std::vector<int> v{1, 22, 333, 4444}; return v.size() != 4; }\r\n'''
texts = [
    "Hello world", "", " ", "  ", "\n", " \n ", "x =   12", "1234567890 12 3456 7.89 -0.5e10 ½ ²³ ٣٤ 一二三", code,
    "Ünïcödé façade naïve Ærøskøbing Ω≈ç√ Łódź İstanbul ß ẞ ﬁ Å", "e\u0301 vs \u00e9, a\u030a\u0323, 한국어 각, हिन्दी",
    "日本語のテキスト。中文，文本！ ไทย العربية עברית Русский язык", "😀 👍🏽 👨‍👩‍👧‍👦 🇩🇪 ❤️ \U0001f9ff",
    "a  b   c    d\t\te\t f \n\n\n  g\r\n\r\nh \u00a0 i\u3000j\u200bk\u2028l", "\n\n12\n 34\t56\n\t78 \n9",
    "I'll you'RE we've IT'S don't he'd 'tis 'S ''s I’m", "!!! ... -- ---- (a) [b] {c} <d> a_b __init__ $5 50% #1 @x &c; a/b\\c",
    "tabs\t1\nlines\n2\n\n3", "   leading and trailing   ", "CamelCaseWORDS andMore123abc456 x2y3", "\u0000\u0001\x7f\u0085\u180e\ufeff",
    "<s>[INST] hi [/INST]</s><s> <|im_start|>user\nhi<|im_end|>\n<|endoftext|> <|im_start|> a  <|im_end|>  b<|im_end", "<unk><0x41> ▁ Ġ",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "word" * 40, " " * 100 + "end", "0" * 30,
    " x [word] y[word]z  [left]  [right]  a [both] b [norm] [NORM] Single singles [Word]", novel[:1500],
]
corpus = [novel[:150_000], *texts * 20]
specials = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|endoftext|>"]

contractions = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
llama3 = contractions + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
qwen2 = contractions + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def byte_level(name, pre, normalizer=None, post=None, **options):
    t = Tokenizer(models.BPE(**options))
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer = pre
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=1200, special_tokens=specials, show_progress=False,
                                                      initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    if post:
        t.post_processor = post
    return name, t


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)


def sequence(*steps):
    return pre_tokenizers.Sequence([*steps, plain])


def bos(t="<s>", pair="$A"):
    return processors.TemplateProcessing(single=f"{t} {pair}", special_tokens=[("<s>", 1), ("</s>", 2)])


def sentencepiece_like(name, normalizer=None, pre=None, decoder=None, **options):
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True, **options))
    train = Tokenizer(models.BPE(unk_token="<unk>"))
    train.normalizer = normalizers.Replace(" ", "▁")
    train.pre_tokenizer = split("▁+[^▁]*|[^▁]+")
    bytes_ = [f"<0x{b:02X}>" for b in range(256)]
    train.train_from_iterator([novel[:150_000], code * 20], trainers.BpeTrainer(
        vocab_size=1200, special_tokens=["<unk>", "<s>", "</s>", *bytes_], show_progress=False, initial_alphabet=["▁"]))
    learned = json.loads(train.to_str())["model"]
    model = {"type": "BPE", "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True, "dropout": None,
             "continuing_subword_prefix": None, "end_of_word_suffix": None, "ignore_merges": False,
             "vocab": learned["vocab"], "merges": learned["merges"], **options}
    d = json.loads(t.to_str())
    d["model"] = model
    t = Tokenizer.from_str(json.dumps(d))
    if normalizer:
        t.normalizer = normalizer
    if pre:
        t.pre_tokenizer = pre
    t.decoder = decoder or decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                              decoders.Strip(" ", 1, 0)])
    t.add_special_tokens(["<unk>", "<s>", "</s>"])
    t.post_processor = bos()
    return name, t


prepend = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
made = dict([
    byte_level("gpt2", pre_tokenizers.ByteLevel(add_prefix_space=False)),
    byte_level("gpt2_prefix", pre_tokenizers.ByteLevel(add_prefix_space=True), post=processors.ByteLevel()),
    byte_level("llama3", sequence(split(llama3)), ignore_merges=True,
               post=processors.Sequence([processors.ByteLevel(), bos()])),
    byte_level("qwen2", sequence(split(qwen2)), normalizer=normalizers.NFC()),
    byte_level("smollm", pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                  pre_tokenizers.ByteLevel(add_prefix_space=False)])),
    byte_level("odd_splits", sequence(split(r"\d{1,3}(?=(?:\d{3})*\b)"), split(r"\s+", "merged_with_previous"),
                                      split(r"[A-Z]", "merged_with_next"), split(r"\w+|[^\w\s]+", "contiguous", True),
                                      pre_tokenizers.Punctuation("isolated"), pre_tokenizers.Digits(False)),
               normalizer=normalizers.Sequence([normalizers.NFKC(), normalizers.Strip(), normalizers.Lowercase()])),
    byte_level("removed", sequence(split(r"\s+", "removed"), pre_tokenizers.CharDelimiterSplit("e")),
               normalizer=normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Replace("!", "?")]),
               post=processors.RobertaProcessing(("</s>", 2), ("<s>", 1))),
    sentencepiece_like("llama2", normalizer=prepend),
    sentencepiece_like("metaspace_first", pre=pre_tokenizers.Metaspace(prepend_scheme="first", split=False),
                       decoder=decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first")])),
    sentencepiece_like("metaspace_always", pre=pre_tokenizers.Metaspace(prepend_scheme="always", split=True)),
    sentencepiece_like("metaspace_never", pre=pre_tokenizers.Metaspace(prepend_scheme="never", split=True),
                       decoder=decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])),
])
for name in ("gpt2", "qwen2", "llama2", "odd_splits"):
    made[name].add_tokens([AddedToken("[word]", single_word=True), AddedToken("[left]", lstrip=True),
                           AddedToken("[right]", rstrip=True), AddedToken("[both]", lstrip=True, rstrip=True),
                           AddedToken("[norm]", normalized=True), AddedToken("Single", single_word=True, normalized=False)])

goldens = {"texts": texts, "tokenizers": {}}
for name, t in made.items():
    description = json.loads(t.to_str())
    (here / f"tokenizer_{name}.json").write_text(json.dumps(description, ensure_ascii=False) + "\n")
    t = Tokenizer.from_str(json.dumps(description))
    results = []
    for text in texts:
        ids = t.encode(text).ids
        results.append({"ids": ids, "plain": t.encode(text, add_special_tokens=False).ids,
                        "decoded": t.decode(ids, skip_special_tokens=False), "shown": t.decode(ids)})
    t.encode_special_tokens = True
    for text, result in zip(texts, results):
        result["spelled"] = t.encode(text, add_special_tokens=False).ids
    goldens["tokenizers"][name] = results

training = here / "training.txt"
training.write_text(novel[:150_000] + code * 5)
sentencepiece.SentencePieceTrainer.train(
    input=str(training), model_prefix=str(here / "sentencepiece"), vocab_size=1000, model_type="bpe", byte_fallback=True,
    normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True, allow_whitespace_only_pieces=True,
    user_defined_symbols=["<|im_start|>", "<|im_end|>"], minloglevel=2)
training.unlink()
(here / "sentencepiece.vocab").unlink()
processor = sentencepiece.SentencePieceProcessor(model_file=str(here / "sentencepiece.model"))
goldens["sentencepiece"] = [processor.encode(text) for text in texts]
goldens["sentencepiece_decoded"] = [processor.decode(processor.encode(text)) for text in texts]

model = llama_cpp.Llama(sys.argv[1], vocab_only=True, verbose=False)
goldens["llama_cpp"] = [{"ids": model.tokenize(text.encode(), add_bos=True, special=True),
                         "spelled": model.tokenize(text.encode(), add_bos=False, special=False)} for text in texts]
ids = model.tokenize(novel.encode(), add_bos=True, special=True)
checksum = 0
for one in ids:
    checksum = (checksum * 1_000_003 + one) % (1 << 61)
goldens["evaluation"] = {"count": len(ids), "checksum": checksum, "first": ids[:64]}
(here / "tokenizer_goldens.json").write_text(json.dumps(goldens, ensure_ascii=True, separators=(",", ":")) + "\n")
