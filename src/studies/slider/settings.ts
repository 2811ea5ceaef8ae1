/**
 * The rank slider's own settings (QDyLoRA). Optimiser and texts are the experiment's `training`.
 */
import * as z from 'zod/mini';
import { type Same, once, within } from '../../spec/parse.ts';
import type { RankDraw } from '../../methods/qdylora.ts';

export interface SliderSettings {
  /**
   * Every module learns all ranks up to this one at once; with ranks from the map, so many in the
   * mean.
   */
  rank: number;
  /**
   * `map`: the most ranks a module may use follow its importance; a step uses the same fraction of
   * each.
   */
  ranks: 'uniform' | 'map';
  /** The frozen weights: NF4 with double quantisation, or as the file has them. */
  base: 'nf4' | 'as-is';
  /** `frozen`: only the last of the ranks drawn moves (the public script); `full`: all of them. */
  mode: 'frozen' | 'full';
  draw: RankDraw;
  /** α of the scale α/b. */
  alpha: number;
  /** Ranks at which a LoRA is trained by itself, for comparison. */
  compare: number[];
}

export const SLIDER_LIMITS = {
  rank: [1, 64],
  alpha: [1e-3, 4096],
  p: [0.001, 0.9],
  compare: [0, 8],
} as const satisfies Record<string, readonly [number, number]>;

const rank = within(z.int(), SLIDER_LIMITS.rank);

export const sliderSchema = z
  .strictObject({
    rank: z._default(rank, 16),
    ranks: z._default(z.enum(['uniform', 'map']), 'uniform'),
    base: z._default(z.enum(['nf4', 'as-is']), 'nf4'),
    // Not the paper's: a run of a minute moves every rank in every step, or hardly any
    // (docs/qdylora.md).
    mode: z._default(z.enum(['frozen', 'full']), 'full'),
    draw: z._default(
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('uniform') }),
        z.strictObject({
          kind: z.literal('geometric'),
          p: z._default(within(z.number(), SLIDER_LIMITS.p), 0.15),
        }),
      ]),
      { kind: 'uniform' },
    ),
    alpha: z._default(within(z.number(), SLIDER_LIMITS.alpha), 16),
    compare: z._default(z.array(rank).check(z.maxLength(SLIDER_LIMITS.compare[1]), once), []),
  })
  .check(
    z.refine((s) => s.ranks === 'map' || s.compare.every((r) => r <= s.rank), {
      path: ['compare'],
      error: 'none may be above the largest rank',
    }),
  );

true satisfies Same<z.output<typeof sliderSchema>, SliderSettings>;
