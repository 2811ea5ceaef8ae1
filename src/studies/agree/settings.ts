/**
 * The agreement study's own setting: which ways to measure importance are set side by side. Model,
 * text and seed are the experiment's.
 */
import * as z from 'zod/mini';
import { IMPORTANCES, type ImportanceName } from '../../methods/importance/registry.ts';
import { type Same, once } from '../../spec/parse.ts';

/**
 * Every importance method; the first one asked for is what the others are compared with.
 */
export const AGREE_METHODS = IMPORTANCES;

export type AgreeMethod = ImportanceName;

export interface AgreeSettings {
  methods: AgreeMethod[];
}

export const agreeSchema = z.strictObject({
  // All but the gradient's rank, which takes longer than the others together. The list stands here
  // in full: links leave out what is the default, so that a new method must not change it.
  methods: z._default(
    z.array(z.enum(AGREE_METHODS)).check(z.minLength(2, 'it takes at least two'), once),
    ['adarank', 'jacobian', 'combined', 'eva', 'fisher', 'gora', 'spectrum'],
  ),
});

true satisfies Same<z.output<typeof agreeSchema>, AgreeSettings>;
