"""
Prints random tokenizer.json files and texts with the results of the reference library, one JSON
object per line, for tools/fuzz-tokenizers.ts.

    python tools/tokenizers/fuzz.py SEED FILES TEXTS [tokenizer.json …]     # needs: pip install tokenizers==0.23.3 sentencepiece

With paths, it uses these files instead of random ones, FILES times each.

A line holds `json` (the file, as text; `path` for a given file) and either `refused: true` or, for
each text, `ids` and the decoded texts of these ids and of some random ids. A value is null if the
reference refuses; a panic counts as a refusal.
"""
import base64
import io
import json
import os
import random
import resource
import sys
import unicodedata

from tokenizers import Tokenizer

SCRIPTS = [
    (0x20, 0x7E), (0x20, 0x7E), (0x61, 0x7A), (0x61, 0x7A), (0x30, 0x39), (0xA0, 0x17F), (0x370, 0x3FF), (0x400, 0x4FF), (0x530, 0x58F),
    (0x590, 0x5FF), (0x600, 0x6FF), (0x700, 0x7BF), (0x900, 0x97F), (0x980, 0x9FF), (0xB80, 0xBFF), (0xE00, 0xE7F), (0xE80, 0xEFF),
    (0xF00, 0xFFF), (0x1000, 0x109F), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x137F), (0x13A0, 0x13FF), (0x1780, 0x17FF),
    (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x20CF), (0x20D0, 0x20FF), (0x2100, 0x218F), (0x2190, 0x23FF), (0x2460, 0x24FF),
    (0x2500, 0x27BF), (0x2C00, 0x2DFF), (0x2E80, 0x303F), (0x3040, 0x30FF), (0x3100, 0x33FF), (0x4E00, 0x9FFF), (0xA000, 0xABFF),
    (0xAC00, 0xD7A3), (0xE000, 0xF8FF), (0xF900, 0xFAFF), (0xFB00, 0xFDFF), (0xFE00, 0xFE6F), (0xFE70, 0xFEFF), (0xFF00, 0xFFEF),
    (0xFFF0, 0xFFFF), (0x10000, 0x1049F), (0x10900, 0x10AFF), (0x11000, 0x112FF), (0x1D400, 0x1D7FF), (0x1E900, 0x1E95F),
    (0x1F100, 0x1F2FF), (0x1F300, 0x1FAFF), (0x20000, 0x2A6DF), (0xE0000, 0xE01EF), (0x10FF00, 0x10FFFF),
]
PIECES = [
    "\r\n", "\n\n", "\n", "\t", "\r", "  ", "   ", " ", "\x00", "\x0b", "\x0c", "\x1c", "\x1f", "\x7f", "\x85", "\xa0", "\u1680", "\u180e",
    "\u2000", "\u200a", "\u200b", "\u200c", "\u200d", "\u200e", "\u2028", "\u2029", "\u202f", "\u205f", "\u2060", "\u3000", "\ufeff", "\xad",
    "½", "²", "①", "Ⅳ", "१", "٣", "৪", "๓", "𝟗", "〇", "一", "百", "Σ", "ΟΔΟΣ", "Σσς", "ß", "ẞ", "İ", "ı", "I", "ſ", "K", "ﬀ", "ŉ", "Ǆ", "ǅ",
    "e\u0301", "é", "a\u0300\u0316", "\u0301", "\u0338", "\u093f", "\u0e33", "\u0903", "\u1fd3", "가", "각", "ᄀ", "ᆨ", "ｶﾞ", "がか\u3099",
    "👩\u200d👩\u200d👧\u200d👦", "👍🏽", "🇩🇪", "❤\ufe0f", "1\ufe0f\u20e3", "🏴\U000e0067\U000e0062\U000e007f", "\ue000", "\U0010ffff", "\ufffd", "\uffff",
    "don't", "I'LL", "'s", "’s", "we've", "'S", "it'ſ", "3.14", "1,000", "12345678", "Hello", " world", "HTTPServer", "camelCase", "foo_bar",
    "e.g.", "...", "--", "?!", "«»", "“”", "„", "、。", "！", "＿", "‿", "$", "€", "+=", "^", "`", "|", "<", ">", "<s>", "</s>", "[CLS]", "[UNK]", "##", "▁", "Ġ",
    "<0x41>", "<|endoftext|>", "x" * 40, " " * 20, "\n" * 7, "#" * 9, "=" * 33,
]
BEHAVIOURS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
FAMILIES = [  # the published patterns
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",  # GPT-2
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",  # cl100k, Llama 3
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",  # Qwen2
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",  # o200k
    r" ?[^(\s|[.,!?…。，、।۔،])]+",  # BLOOM
    r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",  # Qwen 3.5
    r"(?=(\d{3})+(?!\d))",  # SuperBPE
    r"[0-9][0-9][0-9]",  # Falcon
    r"\p{N}{1,3}",  # DeepSeek V3
    r"[一-龥぀-ゟ゠-ヿ]+",  # DeepSeek V3
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",  # DeepSeek V3
    r"(?:(?<=[^\s])(?=[^\w\s])|\w+|\s)", r"\w+|[^\w\s]+",  # Whitespace, as a pattern
]
ATOMS = [
    r"\p{L}", r"\p{N}", r"\p{P}", r"\p{S}", r"\p{M}", r"\p{Lu}", r"\p{Ll}", r"\p{Han}", r"\p{Hiragana}", r"\p{Greek}", r"\P{L}", r"\p{^N}", r"\w", r"\W", r"\d",
    r"\D", r"\s", r"\S", r"\h", r"\H", r"\R", r"\X", r"\N", r"\O", ".", "a", "e", "s", "S", "σ", "ß", "k", "é", " ", "▁", r"\n", r"\t", r"\x41", r"\x{3042}", r"\u00e9",
    "[a-z]", "[^a-z]", "[[:alpha:]]", "[[:punct:]]", "[[:space:]]", "[[:^digit:]]", "[[:word:]]", "[[:upper:]]", r"[\p{L}\p{M}]", r"[^\s\p{L}\p{N}]",
    r"[\w&&[^\d]]", "[^\\r\\n]", r"[\d_]", "[а-я]", "[一-龥]", r"\p{Alpha}", r"\p{Alnum}", r"\p{Cntrl}", r"\p{Emoji}", r"\p{Zs}", r"\p{Cf}", r"\p{Co}", r"\p{Cn}",
]
EDGES = ["^", "$", r"\b", r"\B", r"\A", r"\z", r"\Z", r"\G", "(?=X)", "(?!X)", "(?<=X)", "(?<!X)"]
GROUPS = ["(?:X)", "(X)", "(?i:X)", "(?m:X)", "(?x: X )", "(?>X)", "(?i:X|Y)", "(X|Y)", "(?:X|Y)"]
QUANTIFIERS = ["?", "*", "+", "{1,3}", "{2}", "{,2}", "??", "*?", "+?", "?+", "*+", "++", "{2,}"]


def pattern_source(r):
    if r.random() < 0.25:
        return r.choice(FAMILIES)
    def atom():
        return r.choice(ATOMS)
    def item():
        k = r.random()
        if k < 0.15:
            return r.choice(EDGES).replace("X", atom())
        if k < 0.4:
            g = r.choice(GROUPS).replace("X", atom() + (atom() if r.random() < 0.5 else "")).replace("Y", atom())
            return g + (r.choice(["", "", "?", "{1,2}", "*"]))
        return atom() + (r.choice(QUANTIFIERS) if r.random() < 0.5 else "")
    def branch():
        return "".join(item() for _ in range(r.randint(1, 4)))
    source = "|".join(branch() for _ in range(r.choice([1, 1, 2, 3, 4])))
    if r.random() < 0.05:
        source = r.choice(["(?i)", "(?m)", "(?x)", "(?W)", "(?D)", "(?S)", "(?P)"]) + source
    if r.random() < 0.02:
        source = source[: r.randint(0, len(source))]
    return source


def character(r):
    while True:
        low, high = r.choice(SCRIPTS)
        code = r.randint(low, high)
        if not 0xD800 <= code <= 0xDFFF:
            return chr(code)


def text_of(r, tokens):
    k = r.random()
    if k < 0.03:
        return r.choice(["", " ", "\n", "a", "\x00"])
    if k < 0.1:
        return bytes(r.randrange(256) for _ in range(r.randint(1, 40))).decode("utf-8", "replace")
    if k < 0.13:
        return "".join(chr(r.choice([r.randrange(0xD800), r.randrange(0xE000, 0x110000)])) for _ in range(r.randint(1, 20)))
    parts = []
    for _ in range(r.randint(1, 12)):
        k = r.random()
        if k < 0.3:
            parts.append(r.choice(PIECES))
        elif k < 0.6:
            parts.append(r.choice(tokens))
        elif k < 0.7:
            low, high = r.choice(SCRIPTS)
            parts.append("".join(chr(r.randint(low, high)) for _ in range(r.randint(1, 6))))
        elif k < 0.85:
            parts.append("".join(r.choice("abcdestABS 019.,'\n") for _ in range(r.randint(1, 12))))
        else:
            parts.append("".join(character(r) for _ in range(r.randint(1, 4))))
    return r.choice(["", "", " "]).join(parts)


def pattern(r):
    return {"Regex": pattern_source(r)} if r.random() < 0.6 else {"String": r.choice([" ", "a", "s", ".", "1", "  ", "\n", "é", "▁", "ab", "e\u0301", "Σ", "|", "\\", "👍"])}


def normalizer(r, depth=0):
    kind = r.choice(["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Strip", "StripAccents", "Nmt", "Replace", "Replace", "Prepend", "ByteLevel", "BertNormalizer",
                     "Precompiled", "Sequence", "Sequence"])
    if kind == "Strip":
        return {"type": kind, "strip_left": r.random() < 0.6, "strip_right": r.random() < 0.6}
    if kind == "Replace":
        return {"type": kind, "pattern": pattern(r), "content": r.choice(["", " ", "▁", "x", "ab", "é", "\n"])}
    if kind == "Prepend":
        return {"type": kind, "prepend": r.choice(["▁", " ", "x", ""])}
    if kind == "BertNormalizer":
        return {"type": kind, "clean_text": r.random() < 0.5, "handle_chinese_chars": r.random() < 0.5, "strip_accents": r.choice([None, True, False]), "lowercase": r.random() < 0.5}
    if kind == "Precompiled":
        return {"type": kind, "precompiled_charsmap": r.choice(CHARSMAPS)}
    if kind == "Sequence":
        return {"type": kind, "normalizers": [normalizer(r, depth + 1) for _ in range(r.randint(0, 3))]} if depth < 2 else {"type": "NFC"}
    return {"type": kind}


def pre_tokenizer(r, depth=0):
    kind = r.choice(["BertPreTokenizer", "ByteLevel", "ByteLevel", "CharDelimiterSplit", "Metaspace", "Whitespace", "WhitespaceSplit", "Punctuation", "Digits", "Split", "Split",
                     "Split", "Split", "UnicodeScripts", "FixedLength", "Sequence", "Sequence", "Sequence"])
    if kind == "ByteLevel":
        return {"type": kind, "add_prefix_space": r.random() < 0.5, "trim_offsets": r.random() < 0.5, "use_regex": r.random() < 0.6}
    if kind == "CharDelimiterSplit":
        return {"type": kind, "delimiter": r.choice([" ", "a", "▁", ".", "é"])}
    if kind == "Metaspace":
        return {"type": kind, "replacement": r.choice(["▁", "▁", "_", " "]), "prepend_scheme": r.choice(["always", "never", "first"]), "split": r.random() < 0.6}
    if kind == "Punctuation":
        return {"type": kind, "behavior": r.choice(BEHAVIOURS)}
    if kind == "Digits":
        return {"type": kind, "individual_digits": r.random() < 0.5}
    if kind == "Split":
        return {"type": kind, "pattern": pattern(r), "behavior": r.choice(BEHAVIOURS), "invert": r.random() < 0.4}
    if kind == "FixedLength":
        return {"type": kind, "length": r.choice([1, 2, 3, 5, 8])}
    if kind == "Sequence":
        return {"type": kind, "pretokenizers": [pre_tokenizer(r, depth + 1) for _ in range(r.randint(0, 3))]} if depth < 2 else {"type": "Whitespace"}
    return {"type": kind}


def decoder(r, depth=0):
    kind = r.choice(["BPEDecoder", "ByteLevel", "ByteLevel", "WordPiece", "Metaspace", "ByteFallback", "Fuse", "Strip", "CTC", "Replace", "Sequence", "Sequence"])
    if kind == "BPEDecoder":
        return {"type": kind, "suffix": r.choice(["</w>", "", "s"])}
    if kind == "ByteLevel" and r.random() < 0.97:
        return {"type": kind, "add_prefix_space": r.random() < 0.5, "trim_offsets": r.random() < 0.5, "use_regex": r.random() < 0.5}
    if kind == "WordPiece":
        return {"type": kind, "prefix": r.choice(["##", "", "▁"]), "cleanup": r.random() < 0.5}
    if kind == "Metaspace":
        return {"type": kind, "replacement": r.choice(["▁", "_"]), "prepend_scheme": r.choice(["always", "never", "first"]), "split": r.random() < 0.5}
    if kind == "Strip":
        return {"type": kind, "content": r.choice([" ", "a", "▁"]), "start": r.choice([0, 1, 2]), "stop": r.choice([0, 1, 3])}
    if kind == "CTC":
        return {"type": kind, "pad_token": r.choice(["<pad>", "a"]), "word_delimiter_token": r.choice(["|", " "]), "cleanup": r.random() < 0.5}
    if kind == "Replace":
        return {"type": kind, "pattern": pattern(r), "content": r.choice(["", " ", "x"])}
    if kind == "Sequence":
        return {"type": kind, "decoders": [decoder(r, depth + 1) for _ in range(r.randint(0, 3))]} if depth < 2 else {"type": "Fuse"}
    return {"type": kind}


def byte_alphabet():
    keep = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    out, spare = [], 0
    for b in range(256):
        if b in keep:
            out.append(chr(b))
        else:
            out.append(chr(0x100 + spare))
            spare += 1
    return out


BYTES = byte_alphabet()
CHARSMAPS = []


def model(r, byte_level):
    kind = r.choice(["BPE", "BPE", "BPE", "Unigram", "Unigram", "WordLevel", "WordPiece"])
    letters = list(BYTES) if byte_level and r.random() < 0.8 else list("abcdefghistxABCDES ▁Ġ.,'0123456789\n") + [c for c in (character(r) for _ in range(30)) if not unicodedata.combining(c)]
    letters = list(dict.fromkeys(letters))
    unknown = r.choice([None, "<unk>", "[UNK]"])
    if kind == "BPE":
        prefix, suffix = r.choice([None] * 6 + ["##", "@", ""]), r.choice([None] * 6 + ["</w>", ""])
        tokens, merges = list(letters), []
        if prefix:
            tokens += [prefix + c for c in letters[:60]]
        if suffix:
            tokens += [c + suffix for c in letters[:60]]
        common = [t for t in tokens if t[-1:] in set("abcdestx ▁Ġ01.,'")]
        if r.random() < 0.3 or r.random() < 0.2:
            tokens += [f"<0x{b:02X}>" for b in range(256) if r.random() < r.choice([1, 1, 0.9])]
        known = set(tokens)
        for _ in range(r.randint(0, 120)):
            a, b = (r.choice(common if r.random() < 0.85 else tokens) for _ in range(2))
            if prefix and not b.startswith(prefix):
                continue
            made = a + (b[len(prefix):] if prefix else b)
            if len(made) > 12 or (a, b) in merges:
                continue
            if made not in known:
                known.add(made)
                tokens.append(made)
                common.append(made)
            merges.append((a, b))
        if unknown:
            tokens.insert(r.randrange(len(tokens)), unknown)
        if r.random() < 0.05:
            r.shuffle(tokens)
        tokens = list(dict.fromkeys(tokens))
        form = [list(m) for m in merges] if r.random() < 0.7 or any(" " in a + b for a, b in merges) else [f"{a} {b}" for a, b in merges]
        body = {"type": "BPE", "dropout": None, "unk_token": unknown, "continuing_subword_prefix": prefix, "end_of_word_suffix": suffix, "fuse_unk": r.random() < 0.4,
                "byte_fallback": r.random() < 0.4, "ignore_merges": r.random() < 0.3, "vocab": {t: i for i, t in enumerate(tokens)}, "merges": form}
        if r.random() < 0.05:
            del body["type"]
        if r.random() < 0.1:
            for key in ("dropout", "byte_fallback", "ignore_merges", "fuse_unk"):
                del body[key]
        return body, tokens
    words = list(dict.fromkeys(letters + [text_of(r, letters)[: r.randint(1, 8)] or "a" for _ in range(60)] + [r.choice(PIECES) for _ in range(40)]))
    words = [w for w in words if w]
    if kind == "Unigram":
        if r.random() < 0.5:
            words += [f"<0x{b:02X}>" for b in range(256) if r.random() < r.choice([1, 1, 0.95])]
        words = list(dict.fromkeys(["<unk>"] + words))
        scores = [[w, -r.choice([r.uniform(0, 20), float(r.randint(0, 8)), 0.0])] for w in words]
        return {"type": "Unigram", "unk_id": r.choice([0] * 8 + [None, 3]), "vocab": scores, "byte_fallback": r.random() < 0.4}, words
    if kind == "WordPiece":
        prefix = r.choice(["##", "##", "", "@"])
        words += [prefix + w for w in words[:80] if prefix]
        words = list(dict.fromkeys(words + ["[UNK]"]))
        return {"type": "WordPiece", "unk_token": r.choice(["[UNK]"] * 9 + ["<none>"]), "continuing_subword_prefix": prefix, "max_input_chars_per_word": r.choice([100, 5, 1]),
                "vocab": {t: i for i, t in enumerate(words)}}, words
    words = list(dict.fromkeys(words + ["<unk>"]))
    return {"type": "WordLevel", "unk_token": r.choice(["<unk>"] * 9 + ["none"]), "vocab": {t: i for i, t in enumerate(words)}}, words


def added_tokens(r, tokens):
    out, at = [], len(tokens)
    for content in r.sample([*PIECES, "day", "Day", "ab", "abc", "a b", " x", "<s>", "été", "[DAY]", "日", "Σ"], r.choice([0, 0, 1, 2, 4, 8])):
        known = content in tokens
        out.append({"id": tokens.index(content) if known else at, "content": content, "single_word": r.random() < 0.3, "lstrip": r.random() < 0.3, "rstrip": r.random() < 0.3,
                    "normalized": r.random() < 0.5, "special": r.random() < 0.5})
        at += 0 if known else 1
    return list({t["content"]: t for t in out}.values())


def file_of(r):
    pre = pre_tokenizer(r) if r.random() < 0.9 else None
    norm = normalizer(r) if r.random() < 0.6 else None
    body, tokens = model(r, "ByteLevel" in json.dumps([pre, norm]))
    post = r.choice([None, None, {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": r.random() < 0.5, "use_regex": True},
                     {"type": "BertProcessing", "sep": ["[SEP]", 1], "cls": ["[CLS]", 0]}])
    whole = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added_tokens(r, tokens), "normalizer": norm, "pre_tokenizer": pre, "post_processor": post,
             "decoder": decoder(r) if r.random() < 0.8 else None, "model": body}
    if r.random() < 0.02:  # a valid file with one damaged setting
        part = r.choice([p for p in ("model", "pre_tokenizer", "normalizer", "decoder") if whole[p]])
        key = r.choice(list(whole[part]))
        whole[part][key] = r.choice([None, 0, -1, "Quantum", [], {}, 1.5, True])
    return whole, tokens


def attempt(work):
    try:
        return work()
    except BaseException as error:  # a panic of the library is not an Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return None


def charsmaps():
    """Generates sentencepiece's character maps of its two common rules (T5 and XLM-R use the first)."""
    import sentencepiece as spm
    for rule in ("nmt_nfkc", "nmt_nfkc_cf"):
        out = io.BytesIO()
        spm.SentencePieceTrainer.train(sentence_iterator=iter(["the quick brown fox jumps over the lazy dog"] * 20), model_writer=out, vocab_size=40, model_type="char",
                                       normalization_rule_name=rule, minloglevel=9)
        CHARSMAPS.append(base64.b64encode(field(field(out.getvalue(), 3), 2)).decode())


def field(data, wanted):
    """The bytes of a length-delimited protobuf field."""
    def varint(at):
        value = shift = 0
        while True:
            value |= (data[at] & 127) << shift
            shift += 7
            at += 1
            if data[at - 1] < 128:
                return value, at
    at = 0
    while at < len(data):
        key, at = varint(at)
        if key & 7 == 2:
            length, at = varint(at)
            if key >> 3 == wanted:
                return data[at:at + length]
            at += length
        elif key & 7 == 0:
            _, at = varint(at)
        else:
            at += 4 if key & 7 == 5 else 8
    raise ValueError("no such field")


def complete(step):
    """Adds ByteLevel decoder settings that the reference requires but never uses. This product does not need them."""
    if isinstance(step, dict):
        if step.get("type") == "ByteLevel":
            step.update({"add_prefix_space": True, "trim_offsets": True, **step})
        inner = step.get("decoders")
        for one in inner if isinstance(inner, list) else []:
            complete(one)


def row_of(r, texts_a_file):
    whole, tokens = file_of(r)
    source = json.dumps(whole, ensure_ascii=r.random() < 0.5)
    complete(whole["decoder"])
    tokenizer = attempt(lambda: Tokenizer.from_str(json.dumps(whole)))
    if tokenizer is None:
        return {"json": source, "refused": True}
    return {"json": source, "cases": cases_of(r, tokenizer, tokens + [t["content"] for t in whole["added_tokens"]], texts_a_file)}


def cases_of(r, tokenizer, names, count):
    tokenizer.no_truncation()
    tokenizer.no_padding()
    cases = []
    for _ in range(count):
        text = text_of(r, names)
        ids = attempt(lambda: tokenizer.encode(text, add_special_tokens=False).ids)
        others = [r.randrange(len(names) + 4) for _ in range(r.randint(0, 8))]
        cases.append({"text": text, "ids": ids, "decoded": None if ids is None else attempt(lambda: tokenizer.decode(ids, skip_special_tokens=False)), "others": others,
                      "othersDecoded": attempt(lambda: tokenizer.decode(others, skip_special_tokens=False))})
    return cases


def main():
    seed, files, texts_a_file = map(int, sys.argv[1:4])
    for path in sys.argv[4:]:
        tokenizer = Tokenizer.from_file(path)
        names = sorted(tokenizer.get_vocab())
        for i in range(files):
            print(json.dumps({"path": path, "cases": cases_of(random.Random(f"{seed}/{i}"), tokenizer, names, texts_a_file)}))
    if len(sys.argv) > 4:
        return
    charsmaps()
    sys.stdout.flush()
    for i in range(files):
        child = os.fork()  # some files make the library use all memory
        if child == 0:
            resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
            resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
            print(json.dumps(row_of(random.Random(f"{seed}/{i}"), texts_a_file)), flush=True)
            os._exit(0)
        if os.waitpid(child, 0)[1] != 0:
            print(json.dumps({"died": True}), flush=True)


if __name__ == "__main__":
    main()
