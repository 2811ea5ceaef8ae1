"""Split the texts, train the tokenizer, write token arrays and the bundled texts.

  python prepare.py     reads BUILD/texts, writes BUILD/tokens, BUILD/tokenizer.json, public/texts

Every base domain is cut into chunks of whole paragraphs. A seeded draw assigns a few chunks to
`valid` (order of the n-gram baseline, calibration passages) and a few to `test` (reported losses).
"""
import json
import random

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from settings import (BASE_DOMAINS, BUILD, CHUNK_CHARS, CONFIG, END, HELDOUT_BYTES_PER_DOMAIN, PACKAGES, PUBLIC, SEED,
                      STORIES_PER_DOMAIN, STORY_CHARS, TASK_DOMAINS, TASK_EVAL_BYTES, TASK_TRAIN_BYTES, TEST_SHARE,
                      VALID_SHARE)


def works(domain):
    for path in sorted((BUILD / "texts" / domain).glob("*.txt")):
        yield path.stem, path.read_text().strip().split("\n\n")


def runs(parts, size=CHUNK_CHARS):
    run, length = [], 0
    for part in parts:
        run.append(part)
        length += len(part) + 2
        if length >= size:
            yield run
            run, length = [], 0
    if run:
        yield run


def split(domain):
    """{split: [documents]}. A document consists of adjacent chunks of one work in one split."""
    chunks = [(work, run) for work, parts in works(domain) for run in runs(parts)]
    order = list(range(len(chunks)))
    random.Random(f"{SEED} {domain}").shuffle(order)
    valid, test = (max(2, round(share * len(chunks))) for share in (VALID_SHARE, TEST_SHARE))
    where = {i: "valid" for i in order[:valid]} | {i: "test" for i in order[valid:valid + test]}
    documents = {"train": [], "valid": [], "test": []}
    last = None
    for i, (work, run) in enumerate(chunks):
        kind = where.get(i, "train")
        text = "\n\n".join(run)
        if last == (work, kind):
            documents[kind][-1] += "\n\n" + text
        else:
            documents[kind].append(text)
        last = (work, kind)
    return documents


def train_tokenizer(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=CONFIG["vocab"], special_tokens=[END], show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    return tokenizer


def encode(tokenizer, documents):
    """Token ids with END before every document, so that generation can start from END alone."""
    end = tokenizer.token_to_id(END)
    ids = []
    for e in tokenizer.encode_batch(documents):
        ids.append(end)
        ids.extend(e.ids)
    return np.array(ids, np.uint16)


def passage(paragraphs, low, high):
    """The first paragraphs, cut at the last sentence end that fits; None if shorter than `low`."""
    text = "\n\n".join(paragraphs)[:high]
    cut = max(text.rfind(mark) for mark in (". ", "? ", "! ", ".\n", "?\n", "!\n", ".\"", "; ", ";\n"))
    return text[:cut + 1].strip() if cut + 1 >= low else None


def stories(documents):
    """Calibration passages, drawn from `valid` only."""
    rows = []
    for domain, splits in documents.items():
        draw = random.Random(f"{SEED} stories {domain}")
        found = []
        for document in splits["valid"]:
            parts = document.split("\n\n")
            starts = list(range(len(parts)))
            draw.shuffle(starts)
            used = set()
            for start in starts:
                text = passage(parts[start:start + 12], *STORY_CHARS)
                if text is None:
                    continue
                taken = set(range(start, start + text.count("\n\n") + 1))
                if not taken & used:
                    used |= taken
                    found.append(text)
        draw.shuffle(found)
        rows += [{"text": text, "domain": domain} for text in found[:STORIES_PER_DOMAIN]]
    return rows


def take(parts, size):
    """Returns the first paragraphs, up to `size` bytes, and the remaining ones."""
    total = 0
    for i, part in enumerate(parts):
        total += len(part.encode()) + 2
        if total > size:
            return parts[:i], parts[i:]
    return parts, []


def publish(documents):
    folder = PUBLIC / "texts"
    folder.mkdir(parents=True, exist_ok=True)
    index = []

    def add(name, title, file, kind, licence, source, text):
        (folder / file).write_text(text)
        index.append(dict(id=name, title=title, file=file, split=kind, licence=licence, source=source,
                          bytes=len(text.encode())))

    def packages(names):
        return ", ".join(sorted({f"{PACKAGES[n][1]} ({'Debian' if PACKAGES[n][0] == 'debian' else 'PyPI'})"
                                 for n in names}))

    base_source = packages(p for p, *_ in BASE_DOMAINS.values())
    rows = stories(documents)
    add("stories", "Held-out passages of the base texts", "stories.jsonl", "calibration", "public domain", base_source,
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    held_out = []
    for domain, splits in documents.items():
        parts = [p for d in splits["test"] for p in d.split("\n\n")]
        held_out += take(parts, HELDOUT_BYTES_PER_DOMAIN)[0]
    add("atlas-heldout", "Held-out pages of the base texts", "atlas-heldout.txt", "eval", "public domain", base_source,
        "\n\n".join(held_out) + "\n")
    for domain, (package, title, licence) in TASK_DOMAINS.items():
        parts = [p for _, found in works(domain) for p in found]
        # Shuffles whole chunks, so that both splits cover the entire work.
        chunks = list(runs(parts, 3000))
        random.Random(f"{SEED} {domain}").shuffle(chunks)
        parts = [p for run in chunks for p in run]
        evaluation, rest = take(parts, TASK_EVAL_BYTES)
        for kind, found in (("train", take(rest, TASK_TRAIN_BYTES)[0]), ("eval", evaluation)):
            add(f"{domain}-{kind}", f"{title}: {kind}", f"{domain}-{kind}.txt", kind, licence, packages([package]),
                "\n\n".join(found) + "\n")
    (folder / "index.json").write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n")
    return index


def main():
    documents = {domain: split(domain) for domain in BASE_DOMAINS}
    tokenizer = train_tokenizer(d for splits in documents.values() for d in splits["train"])
    tokenizer.save(str(BUILD / "tokenizer.json"))
    tokens = BUILD / "tokens"
    tokens.mkdir(exist_ok=True)
    summary = {}
    for kind in ("train", "valid", "test"):
        arrays = []
        for domain, splits in documents.items():
            ids = encode(tokenizer, splits[kind])
            arrays.append(ids)
            summary.setdefault(domain, {})[kind] = dict(bytes=sum(len(d.encode()) for d in splits[kind]),
                                                        documents=len(splits[kind]), tokens=len(ids))
            if kind != "train":
                np.save(tokens / f"{kind}-{domain}.npy", ids)
        np.save(tokens / f"{kind}.npy", np.concatenate(arrays))
    for row in publish(documents):
        if row["id"].endswith("eval"):
            text = (PUBLIC / "texts" / row["file"]).read_text().strip()
            domain = row["id"][:-5]
            ids = encode(tokenizer, [text])
            np.save(tokens / f"task-{domain}.npy", ids)
            summary[domain] = {"eval": dict(bytes=len(text.encode()), documents=1, tokens=len(ids))}
    (BUILD / "data.json").write_text(json.dumps(summary, indent=1) + "\n")
    for domain, row in summary.items():
        print(domain, row)


if __name__ == "__main__":
    main()
