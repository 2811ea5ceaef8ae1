"""
Writes test/tokenizer-cases.json: small tokenizer.json files and texts with the ids of the
reference library, for the tests.

    python tools/tokenizers/cases.py       # needs: pip install tokenizers==0.23.3 sentencepiece

There are three groups:
- single steps over a vocabulary whose merges cross every boundary, so that a wrong split changes
  the ids;
- the published settings of model families, with small trained vocabularies;
- random files like those of `npm run fuzz:tokenizers`.
"""
import json
import random

import fuzz
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

TEXTS = [
    "4 ½ months, x² + ①② Ⅳ १२३ ٣ 12345 on 2024-05-06",
    "Hello,  world!! It's  don't I'LL... «quoted» foo_bar -- ok?",
    "e\u0301te\u0301 a\u0300\u0316 x\u0338y किताब ภาษาไทย ก็ นี้",
    "a\u0085b\ufeffc\u00a0d\u2028e\u2029f\u3000g\u200bh\u200di \x1c j\tk\r\nl\n\n m",
    "ΟΔΟΣ ΣΑΣ. Σ İI ẞß ﬀ K ſ Ǆ",
    "日本語のテキスト、中文字符。한국어 가각 ｶﾞ カ゛",
    "👩\u200d👩\u200d👧\u200d👦 👍🏽 🇩🇪 ❤\ufe0f 1\ufe0f\u20e3 \U0010ffff \ue000 \ufffd",
    "nul \x00 here \x07\x1f\x7f end", "", " ", "  leading and trailing  ",
    "day today day. Day DAY <s>day</s> [UNK] ## ▁ <0x41> <|endoftext|>",
    "aaaa bbbb abab ab ba   a  b", "HTTPServer camelCase XMLHttpRequest 3.14 1,000 e.g. $5 €6 +=",
]


def plain_cut(extra=""):
    """A BPE trained on whole lines without splitting, so its merges cross spaces, digits and signs."""
    lines = [t for t in TEXTS if t.strip()] * 6 + [extra]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=640, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    return json.loads(tokenizer.to_str())


def base():
    whole = plain_cut()
    whole["decoder"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    return whole


LAST = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}


def cut(step):
    return {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [step, LAST]}}


def added(content, settings):
    return {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False, **settings}


def added_to(whole, contents, **settings):
    """Ids as the library assigns them: those of the vocabulary, or the next ones after it."""
    vocab, out = whole["model"]["vocab"], []
    for content in contents:
        free = len(vocab) + sum(t["id"] >= len(vocab) for t in out)
        out.append({"id": vocab.get(content, free), **added(content, settings)})
    return out


def steps(whole):
    yield "no cut", {}
    for one in (True, False):
        yield f"Digits {one}", cut({"type": "Digits", "individual_digits": one})
    for behaviour in fuzz.BEHAVIOURS:
        yield f"Punctuation {behaviour}", cut({"type": "Punctuation", "behavior": behaviour})
        for invert in (False, True):
            for pattern in ({"Regex": r"\p{L}+"}, {"String": " "}):
                yield f"Split {pattern} {behaviour} {invert}", cut({"type": "Split", "pattern": pattern, "behavior": behaviour, "invert": invert})
    for kind in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer", "UnicodeScripts"):
        yield kind, cut({"type": kind})
    yield "FixedLength", cut({"type": "FixedLength", "length": 5})
    yield "CharDelimiterSplit", cut({"type": "CharDelimiterSplit", "delimiter": "a"})
    for scheme in ("always", "never", "first"):
        yield f"Metaspace {scheme}", cut({"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": True})
    for kind in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt"):
        yield kind, {"normalizer": {"type": kind}}
    yield "Strip", {"normalizer": {"type": "Strip", "strip_left": True, "strip_right": True}}
    yield "BertNormalizer", {"normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}}
    for setting in ("single_word", "lstrip", "rstrip", "normalized", "special"):
        yield f"added, {setting}", {"normalizer": {"type": "Lowercase"}, "added_tokens": added_to(whole, ["Day", "ab", "½"], **{setting: True})}
    for pattern in (r"^\w+", r"\w+$", r"(?m:a.b)", r"[[:punct:]]+", r"\h+", r"\bd\w*\b", r"(?i)σ+", r"\R", r"\X", r"(?<=\d),(?=\d)"):
        yield f"pattern {pattern}", cut({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False})


def small_models():
    """Models with few tokens, to show the handling of unknown text."""
    letters = {c: i for i, c in enumerate("abcdy ")}
    bpe = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False}
    yield "BPE without unknown token", {**bpe, "vocab": letters, "merges": []}
    for fuse in (False, True):
        yield f"BPE with unknown token, fused {fuse}", {**bpe, "vocab": {**letters, "<unk>": 6}, "unk_token": "<unk>", "fuse_unk": fuse, "merges": []}
    yield "BPE whose unknown token is missing", {**bpe, "vocab": letters, "unk_token": "<unk>", "merges": []}
    for missing in (0, 40):
        some = {f"<0x{b:02X}>": 6 + i for i, b in enumerate(range(256 - missing))}
        yield f"byte fallback, {missing} bytes missing", {**bpe, "vocab": {**letters, **some}, "byte_fallback": True, "merges": []}
        yield f"byte fallback, {missing} bytes missing, unknown", {**bpe, "vocab": {**letters, **some, "<unk>": 262}, "byte_fallback": True, "unk_token": "<unk>", "merges": []}
    yield "continuing_subword_prefix", {**bpe, "vocab": {**letters, "##a": 6, "##b": 7, "##y": 8, "ab": 9, "aba": 10, "<unk>": 11, "da": 12, "day": 13}, "unk_token": "<unk>",
                                        "continuing_subword_prefix": "##", "merges": [["a", "##b"], ["ab", "##a"], ["d", "##a"], ["da", "##y"]]}
    yield "end_of_word_suffix", {**bpe, "vocab": {**letters, "a</w>": 6, "b</w>": 7, "y</w>": 8, "ab</w>": 9, "<unk>": 10}, "unk_token": "<unk>", "end_of_word_suffix": "</w>",
                                 "merges": [["a", "b</w>"]]}
    yield "ignore_merges", {**bpe, "vocab": {**letters, "ab": 6, "abab": 7}, "ignore_merges": True, "merges": [["a", "b"]]}
    pieces = [["<unk>", 0.0], ["▁", -2.0], ["a", -3.0], ["b", -3.5], ["ab", -4.0], ["▁ab", -5.0], ["day", -6.0], ["d", -9.0], ["y", -9.0]]
    yield "Unigram", {"type": "Unigram", "unk_id": 0, "vocab": pieces, "byte_fallback": False}
    yield "Unigram with bytes", {"type": "Unigram", "unk_id": 0, "vocab": pieces + [[f"<0x{b:02X}>", -10.0] for b in range(256)], "byte_fallback": True}
    yield "Unigram without unknown token", {"type": "Unigram", "unk_id": None, "vocab": pieces, "byte_fallback": False}
    yield "WordLevel", {"type": "WordLevel", "unk_token": "<unk>", "vocab": {"<unk>": 0, "day": 1, "ab": 2, "a": 3, ".": 4}}
    yield "WordPiece", {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 8, "vocab": {"[UNK]": 0, "a": 1, "##b": 2, "day": 3, "to": 4, "##day": 5, "##a": 6}}


def families():
    """The published settings of models, each with a small vocabulary trained with them."""
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    def sequence(*steps):
        return {"type": "Sequence", "pretokenizers": list(steps)}
    def split(regex, behaviour="Isolated", invert=False):
        return {"type": "Split", "pattern": {"Regex": regex}, "behavior": behaviour, "invert": invert}
    f = fuzz.FAMILIES
    meta = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    def bert(lower):
        return {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": lower}
    llama = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}
    yield "GPT-2", "BPE", None, level
    yield "Llama 2", "BPE bytes", llama, None
    yield "Llama 3", "BPE merges", None, sequence(split(f[1]), LAST)
    yield "Qwen2", "BPE", {"type": "NFC"}, sequence(split(f[2]), LAST)
    yield "o200k", "BPE", None, sequence(split(f[3], "Removed", True), LAST)
    yield "BLOOM", "BPE", None, sequence(split(f[4]), LAST)
    yield "Gemma", "BPE bytes", {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}, {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}
    yield "SmolLM2", "BPE", None, sequence({"type": "Digits", "individual_digits": True}, level)
    yield "Falcon", "BPE", None, sequence({"type": "Punctuation", "behavior": "Contiguous"}, level, {"type": "Digits", "individual_digits": False}, split(f[7]))
    yield "DeepSeek V3", "BPE", {"type": "Sequence", "normalizers": []}, sequence(split(f[8]), split(f[9]), split(f[10]), LAST)
    yield "BERT uncased", "WordPiece", bert(True), {"type": "BertPreTokenizer"}
    yield "BERT cased", "WordPiece", bert(False), {"type": "BertPreTokenizer"}
    yield "T5", "Unigram", {"type": "Precompiled", "precompiled_charsmap": fuzz.CHARSMAPS[0]}, sequence({"type": "WhitespaceSplit"}, meta)
    yield "XLM-R", "Unigram", {"type": "Sequence", "normalizers": [{"type": "Precompiled", "precompiled_charsmap": fuzz.CHARSMAPS[0]}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]}, meta


def trained(kind, norm, pre):
    empty = {"BPE": models.BPE(), "BPE merges": models.BPE(ignore_merges=True), "BPE bytes": models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"),
             "WordPiece": models.WordPiece(unk_token="[UNK]"), "Unigram": models.Unigram()}[kind]
    whole = json.loads(Tokenizer(empty).to_str())
    tokenizer = Tokenizer.from_str(json.dumps({**whole, "normalizer": norm, "pre_tokenizer": pre}))
    size = {"vocab_size": 420, "show_progress": False}
    bytes_ = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = [f"<0x{b:02X}>" for b in range(256)]
    trainer = {"BPE": lambda: trainers.BpeTrainer(**size, initial_alphabet=bytes_), "BPE merges": lambda: trainers.BpeTrainer(**size, initial_alphabet=bytes_),
               "BPE bytes": lambda: trainers.BpeTrainer(vocab_size=500, show_progress=False, special_tokens=["<unk>", "<s>", *pieces], limit_alphabet=60),
               "WordPiece": lambda: trainers.WordPieceTrainer(**size, special_tokens=["[UNK]", "[CLS]"]),
               "Unigram": lambda: trainers.UnigramTrainer(vocab_size=200, show_progress=False, special_tokens=["<s>", "<unk>"], unk_token="<unk>")}[kind]()
    tokenizer.train_from_iterator([t for t in TEXTS if t] * 8, trainer)
    whole = json.loads(tokenizer.to_str())
    whole["normalizer"], whole["pre_tokenizer"] = norm, pre
    if kind == "BPE bytes":
        whole["added_tokens"] = whole["added_tokens"][:2]
    return whole


def expected(whole, texts):
    tokenizer = Tokenizer.from_str(json.dumps(whole))
    ids = [fuzz.attempt(lambda t=t: tokenizer.encode(t, add_special_tokens=False).ids) for t in texts]
    return ids, [None if i is None else fuzz.attempt(lambda i=i: tokenizer.decode(i, skip_special_tokens=False)) for i in ids]


def alike(row):
    """Whether two added tokens normalise to the same text. Which one the reference finds is random."""
    if "refused" in row:
        return False
    whole = json.loads(row["json"])
    forms = [t["content"] for t in whole["added_tokens"] if t["normalized"]]
    if whole["normalizer"]:
        normalizer = Tokenizer.from_str(json.dumps({"version": "1.0", "normalizer": whole["normalizer"], "model": {"type": "WordLevel", "unk_token": "a", "vocab": {"a": 0}}})).normalizer
        forms = [normalizer.normalize_str(f) for f in forms]
    return len(set(forms)) < len(forms)


def main():
    fuzz.charsmaps()
    out = {"texts": TEXTS, "charsmap": fuzz.CHARSMAPS[0], "base": base(), "steps": [], "models": [], "families": [], "drawn": []}
    for name, change in steps(out["base"]):
        out["steps"].append({"name": name, "change": change, "ids": expected({**out["base"], **change}, TEXTS)[0]})
    for name, body in small_models():
        whole = {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"}, "model": body}
        ids, decoded = expected(whole, TEXTS)
        out["models"].append({"name": name, "file": whole, "ids": ids, "decoded": decoded})
    for name, kind, norm, pre in families():
        whole = trained(kind, norm, pre)
        ids, decoded = expected(whole, TEXTS)
        # The normalisation rules of sentencepiece are long, so two families share one copy.
        shared = json.loads(json.dumps(whole).replace(json.dumps(fuzz.CHARSMAPS[0]), '"charsmap"'))
        out["families"].append({"name": name, "file": shared, "ids": ids, "decoded": decoded})
    for i in range(30):
        r = random.Random(f"suite/{i}")
        while True:
            row = fuzz.row_of(r, 6)
            if "precompiled" not in row["json"] and not alike(row):
                break
        out["drawn"].append(row)
    with open("test/tokenizer-cases.json", "w", encoding="utf-8") as file:
        lines = [f"{json.dumps(key)}: " + ("[\n" + ",\n".join(json.dumps(v) for v in value) + "\n]" if isinstance(value, list) else json.dumps(value)) for key, value in out.items()]
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
