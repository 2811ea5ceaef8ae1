/**
 * The schemas of the settings that every experiment has, with defaults and limits. The limits bound
 * what forms, files and links can request. The types are in `spec.ts`; the compiler checks that
 * both agree.
 */
import * as z from 'zod/mini';
import { ROUNDINGS, rules } from '../methods/allocation/registry.ts';
import { DECAYS } from '../methods/learning-rate.ts';
import { BOS } from '../model/bos.ts';
import { LIMITS } from './limits.ts';
import type { Same } from './parse.ts';
import type { AllocationSpec, TextRef, TrainingSettings } from './spec.ts';

type Limit = keyof typeof LIMITS;
const within = (schema: z.ZodMiniNumber, name: Limit) =>
  schema.check(z.gte(LIMITS[name][0]), z.lte(LIMITS[name][1]));
export const whole = (name: Limit) => within(z.int(), name);

/**
 * A name contains no invisible characters and none that affect the text around it
 * (`model/one-line.ts` creates such names).
 */
export const modelSchema = z.strictObject({
  id: z._default(
    z
      .string()
      .check(
        z.regex(
          /^((bundled|files):[^\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]{1,200}|hub:[!-~]{1,300}|url:https?:\/\/[!-~]{3,500})$/u,
          'it must be "bundled:<id>", "files:<name>", "hub:<owner>/<name>" or "url:<address>"',
        ),
      ),
    'bundled:atlas-3m',
  ),
  hash: z.optional(
    z
      .string()
      .check(z.regex(/^[0-9a-f]{64}$/, 'it must be a SHA-256 in lower-case hexadecimal digits')),
  ),
});

const sequence = z
  .array(z.int().check(z.gte(0), z.lte(2 ** 31 - 1)))
  .check(z.minLength(LIMITS.length[0]), z.maxLength(LIMITS.length[1]));

export const textSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('bundled'),
    id: z
      .string()
      .check(z.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'it must be the id of a bundled text')),
  }),
  z.strictObject({
    kind: z.literal('own'),
    text: z.string().check(z.minLength(LIMITS.text[0]), z.maxLength(LIMITS.text[1])),
  }),
  z.strictObject({
    kind: z.literal('ids'),
    ids: z.array(sequence).check(
      z.minLength(1),
      z.maxLength(LIMITS.sequences[1]),
      z.refine(
        (ids) => ids.every((s) => s.length === ids[0]?.length),
        'all sequences must have the same length',
      ),
    ),
  }),
]);

export const allocationSchema = z
  .strictObject({
    meanRank: z._default(within(z.number(), 'meanRank'), 8),
    rounding: z._default(z.enum(ROUNDINGS), 'floor'),
    unit: z._default(z.enum(['ranks', 'parameters']), 'ranks'),
    rMin: z._default(whole('rMin'), 0),
    rMax: z._default(whole('rMax'), 1024),
  })
  .check(z.refine((a) => a.rMin <= a.rMax, { path: ['rMin'], error: 'it must not be above rMax' }));

export const trainingSchema = z.strictObject({
  train: z._default(textSchema, { kind: 'bundled', id: 'opticks-train' }),
  held: z._default(textSchema, { kind: 'bundled', id: 'opticks-eval' }),
  length: z._default(whole('length'), 64),
  heldSequences: z._default(whole('heldSequences'), 32),
  steps: z._default(whole('steps'), 60),
  batch: z._default(whole('batch'), 6),
  learningRate: z._default(within(z.number(), 'learningRate'), 2e-3),
  warmup: z._default(within(z.number(), 'share'), 0.03),
  decay: z._default(z.enum(DECAYS), 'constant'),
  // PyTorch's defaults.
  beta1: z._default(within(z.number(), 'share'), 0.9),
  beta2: z._default(within(z.number(), 'share'), 0.999),
  epsilon: z._default(within(z.number(), 'epsilon'), 1e-8),
  weightDecay: z._default(within(z.number(), 'share'), 0),
  maxNorm: z._default(within(z.number(), 'maxNorm'), 0.3),
  evaluateEvery: z._default(whole('evaluateEvery'), 20),
});

export const bosSchema = z._default(z.enum(BOS), 'tokenizer');

true satisfies Same<z.output<typeof textSchema>, TextRef>;
true satisfies Same<z.output<typeof allocationSchema>, AllocationSpec>;
true satisfies Same<z.output<typeof trainingSchema>, TrainingSettings>;

/** Allocation rules, for choices. */
export { ROUNDINGS, rules };
