/** Settings of the compress study (Compress to Impress, methods.md §5). */
import * as z from 'zod/mini';
import { type Same, once, within } from '../../spec/parse.ts';
import type { Ranking } from '../../methods/compress/candidates.ts';
import type { Split } from '../../methods/compress/row-blocks.ts';
import type { Scoring } from '../../methods/compress/task.ts';
import { textSchema } from '../../spec/schema.ts';
import type { TextRef } from '../../spec/spec.ts';

/** One row of a multiple-choice table. `answer` is the index of the right option, from 0. */
export interface TaskRow {
  question: string;
  options: string[];
  answer: number;
}

export type CompressTask =
  /** A bundled task (`public/tasks/<id>.json`). */
  | { kind: 'set'; id: string }
  /** The user's own table. */
  | { kind: 'own'; rows: TaskRow[] }
  /** Next-token accuracy on sequences of a text. */
  | { kind: 'text'; text: TextRef; length: number };

export interface CompressSettings {
  task: CompressTask;
  /**
   * A text typical for the model. The change of its next-token loss is reported with the task's
   * figures.
   */
  plain: TextRef;
  /** How the log likelihoods of an option's tokens are combined: sum or mean. */
  scoring: Scoring;
  /** Number of calibration samples, and of test samples. */
  samples: number;
  test: number;
  /** Numbers of row blocks whose decompositions give candidates. */
  rowBlocks: (typeof ROW_BLOCKS)[number][];
  split: Split;
  ranking: Ranking;
  /** Number of candidates to try. */
  trials: number;
  /** Number of small removals measured first, to check the prediction. */
  checks: number;
  /**
   * LASER's exhaustive search on the same samples, as a baseline: none, a sample of its
   * evaluations, or all.
   */
  laser: 'none' | 'sample' | 'all';
}

export const COMPRESS_LIMITS = {
  samples: [4, 1000],
  test: [4, 2000],
  trials: [1, 1000],
  checks: [0, 200],
  length: [4, 512],
  rows: [8, 2000],
  options: [2, 8],
} as const satisfies Record<string, readonly [number, number]>;
export const ROW_BLOCKS = [1, 2, 4, 8, 16] as const;

const whole = (name: keyof typeof COMPRESS_LIMITS) => within(z.int(), COMPRESS_LIMITS[name]);

export const taskRowSchema = z
  .strictObject({
    question: z.string().check(z.minLength(1), z.maxLength(4000)),
    options: z
      .array(z.string().check(z.minLength(1), z.maxLength(400)))
      .check(z.minLength(COMPRESS_LIMITS.options[0]), z.maxLength(COMPRESS_LIMITS.options[1])),
    answer: z.int().check(z.gte(0)),
  })
  .check(
    z.refine((row) => row.answer < row.options.length, {
      path: ['answer'],
      error: 'it must be the number of one of the options, from 0',
    }),
  );

export const compressSchema = z.strictObject({
  task: z._default(
    z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('set'),
        id: z
          .string()
          .check(z.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'it must be the id of a bundled task')),
      }),
      z.strictObject({
        kind: z.literal('own'),
        rows: z
          .array(taskRowSchema)
          .check(z.minLength(COMPRESS_LIMITS.rows[0]), z.maxLength(COMPRESS_LIMITS.rows[1])),
      }),
      z.strictObject({
        kind: z.literal('text'),
        text: textSchema,
        length: z._default(whole('length'), 32),
      }),
    ]),
    { kind: 'set', id: 'next-word' },
  ),
  plain: z._default(textSchema, { kind: 'bundled', id: 'atlas-heldout' }),
  scoring: z._default(z.enum(['sum', 'mean']), 'mean'),
  samples: z._default(whole('samples'), 100),
  test: z._default(whole('test'), 200),
  rowBlocks: z._default(z.array(z.literal(ROW_BLOCKS)).check(z.minLength(1), once), [
    ...ROW_BLOCKS,
  ]),
  split: z._default(z.enum(['contiguous', 'kmeans']), 'contiguous'),
  // Not the paper's ranking: on the grid of ρ, the first-order sign was right in only 17 of 36
  // cases on SmolLM2 (methods.md §5).
  ranking: z._default(z.enum(['curvature', 'first-order']), 'curvature'),
  trials: z._default(whole('trials'), 24),
  checks: z._default(whole('checks'), 12),
  laser: z._default(z.enum(['none', 'sample', 'all']), 'none'),
});

true satisfies Same<z.output<typeof compressSchema>, CompressSettings>;
