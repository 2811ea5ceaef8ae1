"""Train the network for a given wall time or number of steps, and save checkpoints.

  python train.py [--minutes M | --steps N] [--name NAME] [--start NAME]
                                              writes BUILD/NAME/{weights.pt,log.jsonl,train.json}

--start adds a stage: training starts from the weights of another run, at half the learning rate.

Muon replaces the averaged gradient of each matrix with a nearly orthogonal matrix. AdamW trains the
embedding and the norms. With --minutes the learning rate follows the clock, so the schedule ends
with the budget on any machine; --steps is reproducible. In the last part of training the matrices
are rounded to 4 bits, as in the exported file, so the network adapts to the rounding.
"""
import argparse
import json
import math
import time

import numpy as np
import torch

from network import Network, matrices, rounded_weights
from settings import (ADAM_LR, BATCH, BUILD, CLIP, CONFIG, DECAY_SHARE, MINUTES, MUON_LR, QAT_SHARE, SEED, THREADS,
                      WARMUP_SHARE, WEIGHT_DECAY)

CHECKPOINT_SECONDS = 180
RESTART = 0.5  # factor of the learning rate in a stage that starts from trained weights


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.0):
        super().__init__(parameters, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            shapes = {}
            for p in group["params"]:
                shapes.setdefault(p.shape, []).append(p)
            for shape, same in shapes.items():  # one batched product per shape
                updates = []
                for p in same:
                    average = self.state[p].setdefault("average", torch.zeros_like(p))
                    average.lerp_(p.grad, 1 - group["momentum"])
                    updates.append(p.grad.lerp(average, group["momentum"]))
                updates = orthogonal(torch.stack(updates)) * max(1, shape[0] / shape[1]) ** 0.5
                for p, u in zip(same, updates):
                    p.mul_(1 - group["lr"] * group["weight_decay"]).sub_(u, alpha=group["lr"])


def orthogonal(g, steps=5):
    """Newton-Schulz iteration: moves all singular values of each matrix towards 1."""
    tall = g.shape[-2] > g.shape[-1]
    x = g.mT if tall else g
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.mT if tall else x


def batches(tokens, generator):
    """Yields (inputs, targets) forever. Each epoch cuts the tokens at a new offset and shuffles."""
    length = CONFIG["context"]
    while True:
        offset = int(torch.randint(length, (1,), generator=generator))
        count = (len(tokens) - offset - 1) // length
        order = torch.randperm(count, generator=generator)
        for i in range(0, count - BATCH + 1, BATCH):
            rows = offset + order[i:i + BATCH, None] * length + torch.arange(length + 1)
            piece = tokens[rows]
            yield piece[:, :-1], piece[:, 1:]


def rate(progress):
    """Fraction of the peak learning rate: warm-up, plateau, linear decay to zero."""
    if progress < WARMUP_SHARE:
        return progress / WARMUP_SHARE
    return min(1.0, max(0.0, (1 - progress) / DECAY_SHARE))


@torch.no_grad()
def valid_loss(network, tokens, rows=48):
    length = CONFIG["context"]
    starts = torch.linspace(0, len(tokens) - length - 1, rows).long()
    pieces = tokens[starts[:, None] + torch.arange(length + 1)]
    return sum(network.loss(p[:, :-1], p[:, 1:]).item() for p in pieces.split(16)) / (rows / 16)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--minutes", type=float, default=MINUTES)
    args.add_argument("--steps", type=int)
    args.add_argument("--name", default="run")
    args.add_argument("--start", help="a finished run to go on from")
    args.add_argument("--eager", action="store_true", help="without torch.compile (which needs a C++ compiler)")
    args = args.parse_args()
    torch.set_num_threads(THREADS)
    torch.manual_seed(SEED)
    out = BUILD / args.name
    out.mkdir(parents=True, exist_ok=True)
    tokens = {kind: torch.from_numpy(np.load(BUILD / "tokens" / f"{kind}.npy").astype(np.int64))
              for kind in ("train", "valid")}
    network, stages = Network(), []
    if args.start:
        network.load_state_dict(torch.load(BUILD / args.start / "weights.pt", weights_only=True))
        stages = json.loads((BUILD / args.start / "train.json").read_text())["stages"]
    inside = set(map(id, matrices(network)))
    rest = [p for p in network.parameters() if id(p) not in inside]
    muon = Muon(matrices(network), MUON_LR, weight_decay=WEIGHT_DECAY)
    adam = torch.optim.AdamW([
        dict(params=[p for p in rest if p.dim() == 2], weight_decay=WEIGHT_DECAY),
        dict(params=[p for p in rest if p.dim() == 1], weight_decay=0.0)], lr=ADAM_LR, betas=(0.9, 0.95), eps=1e-10)
    peaks = [(g, g["lr"] * (RESTART if stages else 1)) for o in (muon, adam) for g in o.param_groups]
    loss_of = network.loss if args.eager else torch.compile(network.loss)
    source = batches(tokens["train"], torch.Generator().manual_seed(SEED + len(stages)))

    def checkpoint():
        torch.save(network.state_dict(), out / "weights.part")
        (out / "weights.part").rename(out / "weights.pt")
        this = dict(steps=step, minutes=round(seconds / 60, 2), rounded_steps=rounded_steps, progress=round(progress, 4),
                    schedule=f"{args.steps} steps" if args.steps else f"{args.minutes:g} minutes")
        steps = sum(stage["steps"] for stage in [*stages, this])
        (out / "train.json").write_text(json.dumps(dict(
            stages=[*stages, this], steps=steps, tokens=steps * BATCH * CONFIG["context"],
            train_tokens=len(tokens["train"]), epochs=round(steps * BATCH * CONFIG["context"] / len(tokens["train"]), 3),
            threads=THREADS, parameters=sum(p.numel() for p in network.parameters())), indent=1) + "\n")

    step, rounded_steps, progress, last, running = 0, 0, 0.0, 0.0, []
    log = open(out / "log.jsonl", "w")
    inputs, targets = next(source)
    loss_of(inputs, targets).backward()  # compiles before the clock starts
    network.zero_grad()
    began = time.time()
    while progress < 1:
        inputs, targets = next(source)
        for group, peak in peaks:
            group["lr"] = peak * rate(max(progress, 1e-3))
        if progress >= 1 - QAT_SHARE:
            with rounded_weights(network):
                loss = loss_of(inputs, targets)
                loss.backward()
            rounded_steps += 1
        else:
            loss = loss_of(inputs, targets)
            loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        muon.step()
        adam.step()
        network.zero_grad()
        running.append(loss.item())
        step += 1
        seconds = time.time() - began
        progress = step / args.steps if args.steps else seconds / (args.minutes * 60)
        assert math.isfinite(running[-1]), "the loss is not finite"
        if step % 50 == 0 or progress >= 1:
            row = dict(step=step, seconds=round(seconds), progress=round(progress, 4), norm=round(float(norm), 3),
                       train=round(sum(running) / len(running), 4))
            running = []
            if step % 200 == 0 or progress >= 1:
                row["valid"] = round(valid_loss(network, tokens["valid"]), 4)
            if progress >= 1:
                with rounded_weights(network):
                    row["valid_rounded"] = round(valid_loss(network, tokens["valid"]), 4)
            print(json.dumps(row), file=log, flush=True)
            print(json.dumps(row), flush=True)
        if seconds - last > CHECKPOINT_SECONDS or progress >= 1:
            checkpoint()
            last = seconds


if __name__ == "__main__":
    main()
