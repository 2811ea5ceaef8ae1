/**
 * The agreement study's own setting: which importance methods are compared. Model, text and seed
 * are the experiment's.
 */
import * as z from 'zod/mini';
import { IMPORTANCES, type ImportanceName } from '../../methods/importance/registry.ts';
import { type Same, once } from '../../spec/parse.ts';

/** Every importance method. The others are compared with the first selected one. */
export const AGREE_METHODS = IMPORTANCES;

export type AgreeMethod = ImportanceName;

export interface AgreeSettings {
  methods: AgreeMethod[];
}

export const agreeSchema = z.strictObject({
  // All but gradient rank, which takes longer than the others together. The list is explicit: links
  // omit defaults, so a new method must not change the default.
  methods: z._default(
    z.array(z.enum(AGREE_METHODS)).check(z.minLength(2, 'it needs at least two'), once),
    ['adarank', 'jacobian', 'combined', 'eva', 'fisher', 'gora', 'spectrum'],
  ),
});

true satisfies Same<z.output<typeof agreeSchema>, AgreeSettings>;
