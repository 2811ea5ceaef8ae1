/**
 * The race's own settings: which allocations, on which budget, how often. Optimiser and texts are
 * the experiment's `training`.
 */
import * as z from 'zod/mini';
import { type Same, once, within } from '../../spec/parse.ts';
import { RACE_ENTRIES, type RaceEntry } from './lanes.ts';

export interface RaceSettings {
  entries: RaceEntry[];
  /** One race for each of these; several make a sweep. */
  meanRanks: number[];
  /**
   * Repetitions with seeds of their own (`seed`, `seed + 1`, …): order of the data, initial
   * adapters, random ranks.
   */
  seeds: number;
  /** What every entry spends equally. */
  equal: 'parameters' | 'ranks';
  /** Training sequences that Fisher, GoRA, gradient rank and EVA measure on. */
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
    z.array(z.enum(RACE_ENTRIES)).check(z.minLength(2, 'it takes at least two'), once),
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
