/**
 * The agreement study's own setting: which ways to measure importance are set side by side. Model,
 * text and seed are the experiment's.
 */
import * as z from 'zod/mini';
import { type Same, once } from '../../spec/parse.ts';
import type { RaceEntry } from '../race/settings.ts';

/**
 * Entries of the race that say which module matters; the first one asked for is what the others are
 * compared with.
 */
export const AGREE_METHODS = [
  'adarank',
  'jacobian',
  'combined',
  'eva',
  'fisher',
  'gora',
  'gradient-rank',
  'spectrum',
] as const satisfies readonly RaceEntry[];

export type AgreeMethod = (typeof AGREE_METHODS)[number];

export interface AgreeSettings {
  methods: AgreeMethod[];
}

export const agreeSchema = z.strictObject({
  // All but the gradient's rank, which takes longer than the others together.
  methods: z._default(
    z.array(z.enum(AGREE_METHODS)).check(z.minLength(2, 'it takes at least two'), once),
    ['adarank', 'jacobian', 'combined', 'eva', 'fisher', 'gora', 'spectrum'],
  ),
});

true satisfies Same<z.output<typeof agreeSchema>, AgreeSettings>;
