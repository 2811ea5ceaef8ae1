/**
 * DyLoRA, and QDyLoRA with an NF4 base: one training run gives an adapter that is usable at every
 * rank up to its own.
 *
 * Source: arXiv 2210.07558 and 2402.10462, huawei-noah/Efficient-NLP; methods.md §2. Every step
 * draws one rank b, shared by all modules. The forward pass uses the first b rows of A and columns
 * of B at scale α/b. Frozen mode (used by the public script) updates only row b of A and column b
 * of B; full mode updates all b. After training, any rank is a prefix.
 *
 * Every rank has its own AdamW step count, which advances only when the rank takes part: no
 * momentum, decay or bias correction for other steps. docs/qdylora.md lists the differences from
 * the public script.
 */
import { defined } from '../checked.ts';
import { uniform } from '../device/random.ts';
import { keysOf } from '../device/streams.ts';
import type {
  Adapters,
  AdapterUse,
  AdapterValues,
  RankUpdates,
  TokenBatch,
  TrainingEngine,
} from '../engine/engine.ts';
import { loraScale, type LoraScale } from './lora.ts';
import { judged, type Judging, type StepUse } from './training.ts';

/** Geometric: each rank is drawn 1 − p times as often as the rank below. */
export type RankDraw = { kind: 'uniform' } | { kind: 'geometric'; p: number };

export interface DyLora {
  seed: number;
  mode: 'frozen' | 'full';
  draw: RankDraw;
  /** Maximum rank of each module; they may differ. */
  ranks: readonly number[];
  scale: LoraScale;
}

/**
 * The rank of step `step`, 1 … most. It depends only on the arguments, so a resumed run draws the
 * same ranks.
 */
export function drawnRank(seed: number, step: number, maxRank: number, draw: RankDraw): number {
  const u = uniform(keysOf(seed, 'drawnRanks'), step);
  if (draw.kind === 'uniform') return 1 + Math.floor(u * maxRank);
  // Inverse of the distribution function, truncated at `maxRank`.
  const q = 1 - draw.p;
  return Math.min(maxRank, 1 + Math.floor(Math.log1p(-u * (1 - q ** maxRank)) / Math.log(q)));
}

/**
 * Rank used by a module of `rank` when a module of rank `maxRank` uses `b`: the same fraction,
 * rounded up.
 */
export const rankAt = (b: number, rank: number, maxRank: number): number =>
  Math.ceil((b * rank) / maxRank);

export const largestRank = (ranks: readonly number[]): number =>
  ranks.reduce((a, b) => Math.max(a, b), 0);

/** The adapters at rank `b` of the largest module, each with its own scale. */
export function atRank(
  adapters: Adapters,
  { ranks, scale }: Pick<DyLora, 'ranks' | 'scale'>,
  b: number,
): AdapterUse {
  const maxRank = largestRank(ranks);
  const rank = (module: number) => rankAt(b, ranks[module]!, maxRank);
  return { adapters, rank, scale: (module) => loraScale(rank(module), scale) };
}

/**
 * Returns how each step uses the adapters. Steps must be requested in order, from any first step.
 */
export function dyLoraSteps(
  adapters: Adapters,
  { seed, mode, draw, ...how }: DyLora,
): (step: number) => StepUse {
  const maxRank = largestRank(how.ranks);
  const moved = new Map(how.ranks.filter((r) => r > 0).map((r) => [r, new Uint32Array(r)]));
  const updates: RankUpdates = (module, row) => defined(moved.get(how.ranks[module]!))[row]!;
  let counted = 0;
  return (step) => {
    while (counted < step) {
      const b = drawnRank(seed, ++counted, maxRank, draw);
      for (const [rank, times] of moved) {
        const used = rankAt(b, rank, maxRank);
        for (let row = mode === 'frozen' ? used - 1 : 0; row < used; row++) times[row]!++;
      }
    }
    return {
      use: atRank(adapters, how, drawnRank(seed, step, maxRank, draw)),
      onlyLast: mode === 'frozen',
      updates,
    };
  };
}

/** A rank and its held-out loss, in nats per token. */
export interface RankLoss {
  rank: number;
  loss: number;
}

/** Ranks of a curve: all up to 8, then four per doubling, and the last. */
export function curveRanks(maxRank: number): number[] {
  const ranks = [];
  for (let rank = 1; rank < maxRank; rank += Math.max(1, 2 ** (Math.ceil(Math.log2(rank + 1)) - 3)))
    ranks.push(rank);
  return [...ranks, maxRank];
}

/** All ranks, those of the curve first: the curve appears early, then fills in. */
export function everyRank(maxRank: number): number[] {
  const first = curveRanks(maxRank);
  const known = new Set(first);
  return [
    ...first,
    ...Array.from({ length: maxRank }, (_, i) => i + 1).filter((rank) => !known.has(rank)),
  ];
}

/**
 * Held-out loss at each of these ranks of the largest module, with yields in between. Trains
 * nothing.
 */
export async function* lossByRank({
  engine,
  adapters,
  how,
  held,
  size,
  ranks,
}: {
  engine: TrainingEngine;
  adapters: Adapters;
  how: Pick<DyLora, 'ranks' | 'scale'>;
  held: TokenBatch;
  size: number;
  ranks: readonly number[];
}): AsyncGenerator<({ type: 'rank' } & RankLoss) | Judging, void, undefined> {
  for (const rank of ranks)
    yield {
      type: 'rank',
      rank,
      loss: yield* judged(engine, held, size, atRank(adapters, how, rank)),
    };
}

/** Fraction of the best improvement over the base model that defines the knee. */
const KNEE = 0.95;

/**
 * The smallest rank that reaches 95 % of the best improvement over the base model's loss; the best
 * rank if none improves.
 */
export function kneeOf(curve: readonly RankLoss[], base: number): number {
  const best = curve.reduce((a, b) => (b.loss < a.loss ? b : a));
  return (
    curve.find(({ loss }) => base - loss >= KNEE * (base - best.loss) && loss < base)?.rank ??
    best.rank
  );
}

/**
 * The smallest rank whose loss exceeds the best by at most the fraction `share` (0.01: one per
 * cent).
 */
export function smallestWithin(curve: readonly RankLoss[], share: number): RankLoss {
  const maxLoss = (1 + share) * curve.reduce((best, { loss }) => Math.min(best, loss), Infinity);
  return defined(curve.find(({ loss }) => loss <= maxLoss));
}

/** Copies of the adapters truncated to their first ranks: rows of A and columns of B. */
export function truncated(
  values: readonly AdapterValues[],
  rankOf: (module: number) => number,
): AdapterValues[] {
  return values.map(({ module, rank, loraA, loraB }) => {
    const retained = Math.min(rank, rankOf(module));
    const outputs = loraB.length / rank;
    const columns = Float32Array.from(
      { length: outputs * retained },
      (_, i) => loraB[Math.floor(i / retained) * rank + (i % retained)]!,
    );
    return {
      module,
      rank: retained,
      loraA: loraA.slice(0, (loraA.length / rank) * retained),
      loraB: columns,
    };
  });
}
