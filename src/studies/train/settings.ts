/**
 * A training experiment: which adapters, on which text, how. Its schema owns every default and
 * limit, as `schema.ts` does for measurements.
 */
import * as z from 'zod/mini';
import type { LoraScale } from '../../methods/lora.ts';
import type { BosSetting } from '../../model/bos.ts';
import type { RankDraw } from '../../methods/qdylora.ts';
import { bosSchema, fromVersion1, LIMITS, modelSchema, textSchema } from '../../spec/schema.ts';
import { parsed } from '../../spec/parse.ts';
import { SPEC_VERSION, type ModelRef, type TextRef } from '../../spec/spec.ts';

export interface TrainingSpec {
  version: typeof SPEC_VERSION;
  model: ModelRef;
  /** The frozen weights: as the file has them, or NF4 with double quantisation. */
  base: 'as-is' | 'nf4';
  method: { name: 'lora' } | { name: 'qdylora'; mode: 'frozen' | 'full'; draw: RankDraw };
  /** Trained on; and held out, never trained on. */
  train: TextRef;
  held: TextRef;
  /** What stands before every text. */
  bos: BosSetting;
  /** Tokens of a sequence, in both. */
  length: number;
  /** Held-out sequences, at most. */
  heldSequences: number;
  seed: number;
  adapter: {
    /**
     * The same rank everywhere, or one by module path (0, or absent: no adapter). QDyLoRA: the most
     * a module may use.
     */
    ranks: { kind: 'uniform'; rank: number } | { kind: 'listed'; ranks: Record<string, number> };
    scale: LoraScale;
    /** What it begins from: a fresh adapter, or one that is given beside the experiment. */
    start: 'fresh' | 'given';
  };
  training: {
    steps: number;
    /** Sequences a step. */
    batch: number;
    learningRate: number;
    /** Share of the steps in which the rate climbs. */
    warmup: number;
    decay: 'constant' | 'linear' | 'cosine';
    beta1: number;
    beta2: number;
    epsilon: number;
    weightDecay: number;
    /** Largest global gradient norm; 0: not clipped. */
    maxNorm: number;
    /** Held-out loss after every so many steps; 0: before and after only. */
    evaluateEvery: number;
  };
}

/** Largest (and smallest) value of each number, for forms. */
export const TRAINING_LIMITS = {
  rank: [0, 4096],
  scale: [1e-3, 4096],
  heldSequences: [1, 1024],
  steps: [1, 100_000],
  batch: [1, 64],
  learningRate: [1e-8, 1],
  share: [0, 1],
  epsilon: [1e-12, 1e-2],
  maxNorm: [0, 1000],
  geometric: [0.001, 0.9],
} as const satisfies Record<string, readonly [number, number]>;

const within = (schema: z.ZodMiniNumber, [least, most]: readonly [number, number]) =>
  schema.check(z.gte(least), z.lte(most));
const rank = within(z.int(), TRAINING_LIMITS.rank);
const share = within(z.number(), TRAINING_LIMITS.share);

const adapter = z.strictObject({
  ranks: z._default(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('uniform'), rank: z._default(rank, 8) }),
      z.strictObject({
        kind: z.literal('listed'),
        ranks: z.record(z.string().check(z.maxLength(200)), rank),
      }),
    ]),
    { kind: 'uniform', rank: 8 },
  ),
  scale: z._default(
    z.strictObject({
      kind: z.enum(['alpha', 'rslora', 'fixed']),
      value: within(z.number(), TRAINING_LIMITS.scale),
    }),
    { kind: 'fixed', value: 2 },
  ),
  start: z._default(z.enum(['fresh', 'given']), 'fresh'),
});

const training = z.strictObject({
  steps: z._default(within(z.int(), TRAINING_LIMITS.steps), 60),
  batch: z._default(within(z.int(), TRAINING_LIMITS.batch), 6),
  learningRate: z._default(within(z.number(), TRAINING_LIMITS.learningRate), 2e-3),
  warmup: z._default(share, 0.03),
  decay: z._default(z.enum(['constant', 'linear', 'cosine']), 'constant'),
  beta1: z._default(share, 0.9),
  beta2: z._default(share, 0.999),
  epsilon: z._default(within(z.number(), TRAINING_LIMITS.epsilon), 1e-8),
  weightDecay: z._default(share, 0),
  maxNorm: z._default(within(z.number(), TRAINING_LIMITS.maxNorm), 0.3),
  evaluateEvery: z._default(within(z.int(), [0, TRAINING_LIMITS.steps[1]]), 20),
});

const method = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('lora') }),
  z.strictObject({
    name: z.literal('qdylora'),
    mode: z._default(z.enum(['frozen', 'full']), 'frozen'),
    draw: z._default(
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('uniform') }),
        z.strictObject({
          kind: z.literal('geometric'),
          p: z._default(within(z.number(), TRAINING_LIMITS.geometric), 0.15),
        }),
      ]),
      { kind: 'uniform' },
    ),
  }),
]);

export const trainingSchema = z.pipe(
  z.transform(fromVersion1),
  z.strictObject({
    version: z._default(z.literal(SPEC_VERSION), SPEC_VERSION),
    model: z.prefault(modelSchema, {}),
    base: z._default(z.enum(['as-is', 'nf4']), 'as-is'),
    method: z._default(method, { name: 'lora' }),
    train: z._default(textSchema, { kind: 'bundled', id: 'opticks-train' }),
    held: z._default(textSchema, { kind: 'bundled', id: 'opticks-eval' }),
    bos: bosSchema,
    length: z._default(within(z.int(), LIMITS.length), 64),
    heldSequences: z._default(within(z.int(), TRAINING_LIMITS.heldSequences), 32),
    seed: z._default(within(z.int(), LIMITS.seed), 1),
    adapter: z.prefault(adapter, {}),
    training: z.prefault(training, {}),
  }),
);

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
true satisfies Same<z.output<typeof trainingSchema>, TrainingSpec>;

/**
 * A validated training experiment; absent settings get their defaults. Throws `bad-spec` naming the
 * first setting that is wrong.
 */
export const parseTraining = (value: unknown): TrainingSpec => parsed(trainingSchema, value);

/** Training experiments worth starting from, as differences from the default. */
export const trainingPresets = {
  lora: {},
  /**
   * QLoRA's settings (methods.md §2): all linear layers, a constant rate after a warm-up, clipping
   * at 0.3.
   */
  qdylora: {
    base: 'nf4',
    method: { name: 'qdylora' },
    adapter: { ranks: { kind: 'uniform', rank: 16 }, scale: { kind: 'alpha', value: 16 } },
    training: {
      steps: 400,
      learningRate: 2e-4,
      warmup: 0.03,
      decay: 'constant',
      beta2: 0.999,
      maxNorm: 0.3,
      evaluateEvery: 100,
    },
  },
} as const;

export type TrainingPresetId = keyof typeof trainingPresets;

export const isTrainingPreset = (name: string): name is TrainingPresetId =>
  Object.hasOwn(trainingPresets, name);
