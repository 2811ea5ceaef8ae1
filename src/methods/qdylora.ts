/**
 * DyLoRA, and with a base in NF4 QDyLoRA: one run trains an adapter that is good at every rank up
 * to its own.
 *
 * Source: arXiv 2210.07558 and 2402.10462, huawei-noah/Efficient-NLP; methods.md §2. Every step
 * draws one rank b, shared by all modules; the forward uses the first b rows of A and columns of B
 * at scale α/b. Frozen mode (what the public script trains with): only row b of A and column b of B
 * move; full mode: all b. Afterwards any rank is a prefix.
 *
 * Every rank has an AdamW of its own, whose clock goes when the rank takes part: no momentum, decay
 * or bias correction for a step it was not in. docs/qdylora.md says how this differs from the
 * public script.
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

/** Geometric: each rank is drawn 1 − p times as often as the one below it. */
export type RankDraw = { kind: 'uniform' } | { kind: 'geometric'; p: number };

export interface DyLora {
  seed: number;
  mode: 'frozen' | 'full';
  draw: RankDraw;
  /** The most ranks a module may use, by module; they may differ. */
  ranks: readonly number[];
  scale: LoraScale;
}

/**
 * The rank of step `step`, 1 … most: it depends on nothing else, so a run that is taken up again
 * draws the same.
 */
export function drawnRank(seed: number, step: number, most: number, draw: RankDraw): number {
  const u = uniform(keysOf(seed, 'drawnRanks'), step);
  if (draw.kind === 'uniform') return 1 + Math.floor(u * most);
  // The inverse of the distribution function, cut off at `most`.
  const keep = 1 - draw.p;
  return Math.min(most, 1 + Math.floor(Math.log1p(-u * (1 - keep ** most)) / Math.log(keep)));
}

/**
 * What a module of `rank` uses where a module of rank `most` uses `b`: the same fraction, at least
 * one.
 */
export const rankAt = (b: number, rank: number, most: number): number =>
  Math.ceil((b * rank) / most);

export const largestRank = (ranks: readonly number[]): number =>
  ranks.reduce((a, b) => Math.max(a, b), 0);

/** The adapters at rank `b` of the largest, each at its own scale. */
export function atRank(
  adapters: Adapters,
  { ranks, scale }: Pick<DyLora, 'ranks' | 'scale'>,
  b: number,
): AdapterUse {
  const most = largestRank(ranks);
  const rank = (module: number) => rankAt(b, ranks[module]!, most);
  return { adapters, rank, scale: (module) => loraScale(rank(module), scale) };
}

/** How each step uses the adapters. Steps are asked for in order, from any one on. */
export function dyLoraSteps(
  adapters: Adapters,
  { seed, mode, draw, ...how }: DyLora,
): (step: number) => StepUse {
  const most = largestRank(how.ranks);
  const moved = new Map(how.ranks.filter((r) => r > 0).map((r) => [r, new Uint32Array(r)]));
  const updates: RankUpdates = (module, row) => defined(moved.get(how.ranks[module]!))[row]!;
  let counted = 0;
  return (step) => {
    while (counted < step) {
      const b = drawnRank(seed, ++counted, most, draw);
      for (const [rank, times] of moved) {
        const used = rankAt(b, rank, most);
        for (let row = mode === 'frozen' ? used - 1 : 0; row < used; row++) times[row]!++;
      }
    }
    return {
      use: atRank(adapters, how, drawnRank(seed, step, most, draw)),
      onlyLast: mode === 'frozen',
      updates,
    };
  };
}

/** One rank and its held-out loss, in nats per token. */
export interface RankLoss {
  rank: number;
  loss: number;
}

/** Ranks of a curve: all to 8, then four in every doubling, and the last. */
export function curveRanks(most: number): number[] {
  const ranks = [];
  for (let rank = 1; rank < most; rank += Math.max(1, 2 ** (Math.ceil(Math.log2(rank + 1)) - 3)))
    ranks.push(rank);
  return [...ranks, most];
}

/** All ranks, those of the curve first: it stands early, then fills in. */
export function everyRank(most: number): number[] {
  const first = curveRanks(most);
  const known = new Set(first);
  return [
    ...first,
    ...Array.from({ length: most }, (_, i) => i + 1).filter((rank) => !known.has(rank)),
  ];
}

/**
 * Held-out loss at each of these ranks of the largest module, with turns in between; nothing is
 * trained.
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

/** Share of the best improvement over the base model that the knee keeps. */
const KNEE = 0.95;

/**
 * The smallest rank that keeps 95 % of the best improvement over the base model's loss; the best
 * one where none improves.
 */
export function kneeOf(curve: readonly RankLoss[], base: number): number {
  const best = curve.reduce((a, b) => (b.loss < a.loss ? b : a));
  return (
    curve.find(({ loss }) => base - loss >= KNEE * (base - best.loss) && loss < base)?.rank ??
    best.rank
  );
}

/** The smallest rank whose loss is at most so much above the best one's (0.01: one per cent). */
export function smallestWithin(curve: readonly RankLoss[], share: number): RankLoss {
  const most = (1 + share) * curve.reduce((best, { loss }) => Math.min(best, loss), Infinity);
  return defined(curve.find(({ loss }) => loss <= most));
}

/** Adapters cut down to their first ranks: A's rows and B's columns. */
export function truncated(
  values: readonly AdapterValues[],
  rankOf: (module: number) => number,
): AdapterValues[] {
  return values.map(({ module, rank, loraA, loraB }) => {
    const kept = Math.min(rank, rankOf(module));
    const outputs = loraB.length / rank;
    const columns = Float32Array.from(
      { length: outputs * kept },
      (_, i) => loraB[Math.floor(i / kept) * rank + (i % kept)]!,
    );
    return {
      module,
      rank: kept,
      loraA: loraA.slice(0, (loraA.length / rank) * kept),
      loraB: columns,
    };
  });
}
