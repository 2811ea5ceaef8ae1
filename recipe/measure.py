"""Measure held-out losses of the float model, the 4-bit file and the n-gram baseline; sample text.

  python measure.py [--name NAME]     writes results.json next to this file

All three predict the same tokens. The network uses windows of 256 tokens with a stride of 128, so
every scored token has at least 127 tokens of context, or all preceding tokens of the text. The 4-bit
numbers are from the exported file, run by onnxruntime. The n-gram order is the best one on `valid`;
`test` is only reported.
"""
import argparse
import json
import math

import numpy as np
import onnxruntime
import torch

from export import load, open_onnx, run
from network import rounded_weights
from ngram import KneserNey
from prepare import Tokenizer
from settings import BASE_DOMAINS, BUILD, CARD_FOLDER, CONFIG, END, MODEL_ID, RESULTS, SEED, TASK_DOMAINS, THREADS, TITLE

ORDERS = (2, 3, 4, 5, 6)
PROMPTS = (END, "It was a dark and stormy night", "Call me", "And the LORD said unto", "My dear Watson",
           "KING.\nWhat news from")


def windows(ids):
    """Yields (window, number of its last tokens to score)."""
    length, stride = CONFIG["context"], CONFIG["context"] // 2
    yield ids[:length], min(length, len(ids)) - 1
    for start in range(stride, len(ids) - stride, stride):
        window = ids[start:start + length]
        yield window, len(window) - stride


def nats(logits_of, ids, batch=32):
    total, count, full = 0.0, 0, []

    def score(rows):
        nonlocal total, count
        logits = torch.from_numpy(logits_of(np.stack([w for w, _ in rows])))
        for (window, scored), row in zip(rows, logits):
            losses = torch.nn.functional.cross_entropy(row[:-1], torch.from_numpy(window[1:]), reduction="none")
            total += losses[-scored:].double().sum().item()
            count += scored

    for window, scored in windows(ids):
        if len(window) < CONFIG["context"]:
            score([(window, scored)])
            continue
        full.append((window, scored))
        if len(full) == batch:
            score(full)
            full = []
    if full:
        score(full)
    assert count == len(ids) - 1, (count, len(ids))
    return total


def line(total, tokens, size):
    return dict(nats_per_token=round(total / tokens, 4), bits_per_byte=round(total / math.log(2) / size, 4),
                perplexity=round(math.exp(total / tokens), 3))


@torch.no_grad()
def sample(network, tokenizer, prompt, generator, count=110, temperature=0.8):
    ids = tokenizer.encode(prompt).ids
    if ids[0] != 0:
        ids = [0] + ids
    while len(ids) < count:
        logits = network(torch.tensor([ids[-CONFIG["context"]:]]))[0, -1] / temperature
        ids.append(int(torch.multinomial(logits.softmax(-1), 1, generator=generator)))
        if ids[-1] == 0:
            break
    return tokenizer.decode(ids).strip()


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--name", default="run")
    name = args.parse_args().name
    torch.set_num_threads(THREADS)
    network = load(name)
    data = json.loads((BUILD / "data.json").read_text())
    tokens = BUILD / "tokens"
    train = np.load(tokens / "train.npy")
    valid = np.load(tokens / "valid.npy")
    ngram = KneserNey(train, max(ORDERS), CONFIG["vocab"])
    by_order = {n: -ngram.log_probabilities(valid, n).mean() for n in ORDERS}
    order = min(by_order, key=by_order.get)
    print("n-gram", by_order, flush=True)

    @torch.no_grad()
    def exact(ids):
        return network(torch.from_numpy(ids)).numpy()

    q4 = open_onnx(CARD_FOLDER / "onnx" / "model_q4.onnx")
    predictors = {
        "ngram": lambda ids: -ngram.log_probabilities(ids, order).sum(),
        "float": lambda ids: nats(exact, ids),
        "q4": lambda ids: nats(lambda rows: run(q4, rows), ids),
    }
    losses, sums = {}, {}
    for domain in [*BASE_DOMAINS, *TASK_DOMAINS]:
        base = domain in BASE_DOMAINS
        ids = np.load(tokens / (f"test-{domain}.npy" if base else f"task-{domain}.npy")).astype(np.int64)
        size = data[domain]["test" if base else "eval"]["bytes"]
        row = dict(tokens=len(ids) - 1, bytes=size)
        for who, total_of in predictors.items():
            total = total_of(ids)
            row[who] = line(total, len(ids) - 1, size)
            if base:
                sums[who] = sums.get(who, 0.0) + total
        if base:
            sums["tokens"] = sums.get("tokens", 0) + len(ids) - 1
            sums["bytes"] = sums.get("bytes", 0) + size
        losses[domain] = row
        print(domain, row, flush=True)
    whole = {who: line(sums[who], sums["tokens"], sums["bytes"]) for who in predictors}
    with rounded_weights(network):
        generator = torch.Generator().manual_seed(SEED)
        tokenizer = Tokenizer.from_file(str(BUILD / "tokenizer.json"))
        samples = [dict(prompt=p, text=sample(network, tokenizer, p, generator)) for p in PROMPTS]
    results = dict(
        id=MODEL_ID, title=TITLE, run=name, config=CONFIG, training=json.loads((BUILD / name / "train.json").read_text()),
        export=json.loads((BUILD / name / "export.json").read_text()), data=data,
        ngram=dict(order=order, valid_nats_per_token={str(n): round(float(x), 4) for n, x in by_order.items()}),
        test=dict(tokens=sums["tokens"], bytes=sums["bytes"], **whole,
                  q4_costs_perplexity_percent=round(100 * math.expm1((sums["q4"] - sums["float"]) / sums["tokens"]), 3),
                  q4_beats_ngram_perplexity_percent=round(
                      -100 * math.expm1((sums["q4"] - sums["ngram"]) / sums["tokens"]), 2)),
        domains=losses, samples=samples,
        versions=dict(torch=torch.__version__.split("+")[0], onnxruntime=onnxruntime.__version__))
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(results["test"], indent=1))


if __name__ == "__main__":
    main()
