/**
 * The race's own settings: allocations, budget and number of seeds. Optimiser and texts are the
 * experiment's `training`.
 */
import * as z from 'zod/mini';
import { type Same, once, within } from '../../spec/parse.ts';
import { RACE_ENTRIES, type RaceEntry } from './entries.ts';

export interface RaceSettings {
  entries: RaceEntry[];
  /** One race for each; several give a curve over budgets. */
  meanRanks: number[];
  /**
   * Number of repetitions with seeds `seed`, `seed + 1`, …. A seed sets the order of the data, the
   * initial adapters and the random ranks.
   */
  seeds: number;
  /** The unit of the budget that every entry shares. */
  equal: 'parameters' | 'ranks';
  /** Training sequences on which Fisher, GoRA, gradient rank and EVA measure. */
  sequences: number;
}

export const RACE_LIMITS = {
  meanRank: [0.1, 64],
  meanRanks: [1, 8],
  seeds: [1, 20],
  sequences: [1, 64],
} as const satisfies Record<string, readonly [number, number]>;

export const raceSchema = z.strictObject({
  entries: z._default(
    z.array(z.enum(RACE_ENTRIES)).check(z.minLength(2, 'it needs at least two'), once),
    ['adarank', 'uniform', 'random'],
  ),
  meanRanks: z._default(
    z
      .array(within(z.number(), RACE_LIMITS.meanRank))
      .check(z.minLength(RACE_LIMITS.meanRanks[0]), z.maxLength(RACE_LIMITS.meanRanks[1]), once),
    [1],
  ),
  seeds: z._default(within(z.int(), RACE_LIMITS.seeds), 1),
  equal: z._default(z.enum(['parameters', 'ranks']), 'parameters'),
  sequences: z._default(within(z.int(), RACE_LIMITS.sequences), 4),
});

true satisfies Same<z.output<typeof raceSchema>, RaceSettings>;
