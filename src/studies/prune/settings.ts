/**
 * The settings of pruning with fine-tuning (LoSA). Optimiser and texts are the experiment's
 * `training`.
 */
import * as z from 'zod/mini';
import { type Same, within } from '../../spec/parse.ts';

/** Zeros anywhere in a row, or N:M: at least N of every M neighbouring weights are retained. */
export const PATTERNS = ['unstructured', '2:4', '4:8'] as const;

export type PrunePatternName = (typeof PATTERNS)[number];

export interface PruneSettings {
  /** Final fraction of zeros; an N:M pattern sets its own. */
  sparsity: number;
  rounds: number;
  /** The score of a weight: |W| · ‖x‖₂ or |W|. */
  score: 'wanda' | 'magnitude';
  pattern: PrunePatternName;
  /** How strongly similarity to other layers changes a layer's sparsity: exp(−β c). */
  beta: number;
  /** Mean rank of the first round; grows by one every round. */
  meanRank: number;
  /** Largest rank of a layer. */
  mostRank: number;
  /**
   * What a layer's rank follows: its reconstruction error (the authors' code) or its similarity to
   * other layers (the paper's text).
   */
  rankBy: 'error' | 'rmi';
  /** Calibration sequences, of the same length as those of `training`. */
  samples: number;
  /** Also run the baselines: Wanda alone, with masked LoRA and with plain LoRA. */
  baselines: boolean;
}

export const PRUNE_LIMITS = {
  sparsity: [0.05, 0.95],
  rounds: [1, 20],
  beta: [0, 1000],
  meanRank: [1, 64],
  mostRank: [1, 128],
  samples: [3, 64],
} as const satisfies Record<string, readonly [number, number]>;

export const pruneSchema = z
  .strictObject({
    sparsity: z._default(within(z.number(), PRUNE_LIMITS.sparsity), 0.5),
    rounds: z._default(within(z.int(), PRUNE_LIMITS.rounds), 5),
    score: z._default(z.enum(['wanda', 'magnitude']), 'wanda'),
    pattern: z._default(z.enum(PATTERNS), 'unstructured'),
    beta: z._default(within(z.number(), PRUNE_LIMITS.beta), 1),
    meanRank: z._default(within(z.number(), PRUNE_LIMITS.meanRank), 6),
    mostRank: z._default(within(z.int(), PRUNE_LIMITS.mostRank), 16),
    rankBy: z._default(z.enum(['error', 'rmi']), 'error'),
    samples: z._default(within(z.int(), PRUNE_LIMITS.samples), 16),
    baselines: z._default(z.boolean(), true),
  })
  .check(
    z.refine((p) => p.meanRank + p.rounds - 1 <= p.mostRank, {
      path: ['meanRank'],
      error: 'it grows by one per round and would exceed the largest rank',
    }),
  );

true satisfies Same<z.output<typeof pruneSchema>, PruneSettings>;
