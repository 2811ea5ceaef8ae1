/**
 * A training run's own settings: ranks, method (LoRA, or QDyLoRA for every rank) and base.
 * Optimiser and texts are the experiment's `training`.
 */
import * as z from 'zod/mini';
import type { LoraScale } from '../../methods/lora.ts';
import type { RankDraw } from '../../methods/qdylora.ts';
import { once, within, type Same } from '../../spec/parse.ts';
import { LIMITS } from '../../spec/limits.ts';
import { knownMaxRank } from './max-rank.ts';

export interface TrainSettings {
  /**
   * `qdylora`: every step draws b and trains ranks 1 to b. `frozen`: only rank b is updated (the
   * public script); `full`: all of them.
   */
  method: { name: 'lora' } | { name: 'qdylora'; mode: 'frozen' | 'full'; draw: RankDraw };
  /**
   * Rank of every module: uniform; by its importance on the map, with this mean; or by module path
   * (0 or absent: no adapter). QDyLoRA: the largest rank of the module.
   */
  ranks:
    | { kind: 'uniform'; rank: number }
    | { kind: 'map'; mean: number }
    | { kind: 'listed'; ranks: Record<string, number> };
  /** The frozen weights: NF4 with double quantisation, or as stored in the file. */
  base: 'nf4' | 'as-is';
  scale: LoraScale;
  /**
   * Start from new adapters or from the imported adapter. The imported adapter has its own ranks,
   * so `ranks` is ignored.
   */
  start: 'fresh' | 'given';
  /** QDyLoRA: ranks at which a separate LoRA is trained for comparison. */
  compare: number[];
}

export const TRAIN_LIMITS = {
  rank: [1, 4096],
  scale: [1e-3, 4096],
  p: [0.001, 0.9],
  compare: [0, 8],
} as const satisfies Record<string, readonly [number, number]>;

const rank = within(z.int(), TRAIN_LIMITS.rank);

const method = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('lora') }),
  z.strictObject({
    name: z.literal('qdylora'),
    // Not the paper's mode: in a run of a minute, `frozen` hardly changes any rank
    // (docs/qdylora.md).
    mode: z._default(z.enum(['frozen', 'full']), 'full'),
    draw: z._default(
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('uniform') }),
        z.strictObject({
          kind: z.literal('geometric'),
          p: z._default(within(z.number(), TRAIN_LIMITS.p), 0.15),
        }),
      ]),
      { kind: 'uniform' },
    ),
  }),
]);

const ranks = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('uniform'), rank: z._default(rank, 16) }),
  z.strictObject({
    kind: z.literal('map'),
    mean: z._default(within(z.number(), LIMITS.meanRank), 16),
  }),
  z.strictObject({
    kind: z.literal('listed'),
    ranks: z.record(z.string().check(z.maxLength(200)), within(z.int(), [0, TRAIN_LIMITS.rank[1]])),
  }),
]);

/** `value`: the default if only the kind is given. */
const scaleOf = <K extends LoraScale['kind']>(kind: K, value: number) =>
  z.strictObject({
    kind: z.literal(kind),
    value: z._default(within(z.number(), TRAIN_LIMITS.scale), value),
  });
const scale = z.discriminatedUnion('kind', [
  scaleOf('alpha', 16),
  scaleOf('rslora', 16),
  scaleOf('fixed', 2),
]);

export const trainSchema = z
  .strictObject({
    method: z.prefault(method, { name: 'qdylora' }),
    ranks: z.prefault(ranks, { kind: 'uniform' }),
    base: z._default(z.enum(['nf4', 'as-is']), 'nf4'),
    scale: z.prefault(scale, { kind: 'alpha' }),
    start: z._default(z.enum(['fresh', 'given']), 'fresh'),
    compare: z._default(z.array(rank).check(z.maxLength(TRAIN_LIMITS.compare[1]), once), []),
  })
  .check(
    z.refine((t) => t.compare.every((r) => r <= (knownMaxRank(t) ?? Infinity)), {
      path: ['compare'],
      error: 'none may be above the largest rank',
    }),
    z.refine((t) => t.method.name === 'qdylora' || t.compare.length === 0, {
      path: ['compare'],
      error: 'only qdylora is compared with separate LoRAs',
    }),
  );

true satisfies Same<z.output<typeof trainSchema>, TrainSettings>;

/** How the scale depends on the rank b, for the kinds that do. */
export const RANK_SCALES = { alpha: 'α/b', rslora: 'α/√b' } as const;

/** The default settings of a choice, given its kind. */
export const scaleOfKind = (kind: LoraScale['kind']): LoraScale => scale.parse({ kind });
export const methodOf = (name: TrainSettings['method']['name']): TrainSettings['method'] =>
  method.parse({ name });
