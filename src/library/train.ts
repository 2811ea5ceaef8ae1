/** LoRA training, from new adapters at given ranks or from an adapter. */
import * as z from 'zod/mini';
import { elementAt } from '../checked.ts';
import type { TokenBatch } from '../engine/engine.ts';
import { AtlasError } from '../errors.ts';
import { DECAYS, type Schedule } from '../methods/learning-rate.ts';
import { initialAdapters, loraScale, rescaled, type LoraScale } from '../methods/lora.ts';
import { train as trainingRun } from '../methods/training.ts';
import { checkShapes, type Adapter } from './adapter.ts';
import type { Model } from './model.ts';
import {
  atLeast,
  checkAborted,
  checkArgument,
  parsedArguments,
  pausing,
  positive,
  refuseOthers,
  seedSchema,
} from './options.ts';

const momentum = z.number().check(z.gte(0), z.lt(1));
const schema = z.object({
  ranks: z
    .array(atLeast(0))
    .check(z.refine((ranks) => ranks.some((rank) => rank > 0), 'one rank must be above 0')),
  steps: atLeast(1),
  batch: atLeast(1),
  learningRate: positive,
  warmup: z.number().check(z.gte(0), z.lte(1)),
  decay: z.enum(DECAYS),
  scale: z.optional(z.object({ kind: z.enum(['alpha', 'rslora', 'fixed']), value: positive })),
  seed: seedSchema,
  adamW: z.object({
    beta1: momentum,
    beta2: momentum,
    epsilon: positive,
    weightDecay: z.number().check(z.gte(0)),
  }),
  maxNorm: z.nullable(positive),
  evaluateEvery: atLeast(0),
});

/** What is trained, and how. The defaults are not those of an experiment. */
export interface TrainOptions {
  /**
   * Integers ≥ 0 by module, at least one above 0; or one rank for all modules. Required without
   * `start`, whose ranks are used otherwise.
   */
  ranks?: readonly number[] | number;
  /**
   * The adapter to continue from, of `train` or of PEFT files (`importPeft`). It stays unchanged.
   * AdamW's moments and the data order start again.
   */
  start?: Adapter;
  steps: number;
  /** Sequences per step. Default 4. */
  batch?: number;
  /** Peak of the schedule. Default 4e-3. */
  learningRate?: number;
  /** Fraction of the steps over which the rate rises linearly from 0, 0 … 1. Default 0. */
  warmup?: number;
  /** After the warm-up: constant, or to 0 at the end. Default `constant`. */
  decay?: Schedule['decay'];
  /** Default: the scale of `start`, otherwise fixed, s = 2. Another scale preserves s · B A. */
  scale?: LoraScale;
  /** Seed of the initial adapters and the data order. Default 1. */
  seed?: number;
  /** Default: β₁ 0.9, β₂ 0.999, ε 1e-8, no weight decay. */
  adamW?: { beta1: number; beta2: number; epsilon: number; weightDecay: number };
  /** Maximum global gradient norm, above 0. Default 1; null: no clipping. */
  maxNorm?: number | null;
  /** Sequences whose loss is evaluated before the first and after the last step. Not trained on. */
  heldOut?: TokenBatch;
  /** Also evaluate `heldOut` after every `evaluateEvery` steps. Default 0: only at both ends. */
  evaluateEvery?: number;
  signal?: AbortSignal;
  /** Called after every step with its mean loss in nats per token, before the update. */
  onStep?(step: number, loss: number): void;
  /** Called after every evaluation with the steps done and the held-out loss. */
  onEvaluation?(step: number, loss: number): void;
}

export interface Trained extends Adapter {
  /** Mean loss of every step's batch in nats per token, before its update. */
  losses: number[];
  /** Loss of `heldOut` after this many steps, in nats per token. Empty without `heldOut`. */
  evaluations: { step: number; loss: number }[];
}

/**
 * Trains LoRA adapters on the next-token loss with AdamW. The base stays frozen. Throws
 * `bad-argument`, `training-too-large`, `bad-text`, `operator` for a head that cannot be
 * differentiated, `adapter-model` and `head-not-trained` for an unusable `start`, `diverged`,
 * `cancelled`.
 */
export async function train(
  model: Model,
  data: TokenBatch,
  {
    ranks,
    start,
    steps,
    batch: perStep,
    learningRate = 4e-3,
    warmup = 0,
    decay = 'constant',
    scale,
    seed = 1,
    adamW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
    maxNorm = 1,
    heldOut,
    evaluateEvery = 0,
    signal,
    onStep,
    onEvaluation,
    ...others
  }: TrainOptions,
): Promise<Trained> {
  refuseOthers(others);
  checkArgument('batch', 'data', data);
  const batch = perStep ?? Math.min(4, data.sequences);
  const { engine, modules } = model;
  const options = { steps, batch, seed, adamW, maxNorm, evaluateEvery };
  const { ranks: byModule } = parsedArguments(schema, {
    ...options,
    ranks: ranksOf(model, ranks, start),
    learningRate,
    warmup,
    decay,
    scale,
  });
  if (byModule.length !== modules.length)
    throw new AtlasError('bad-argument', {
      at: 'ranks',
      why: `there are ${byModule.length} ranks for ${modules.length} modules`,
    });
  checkAborted(signal);
  await engine.checkTraining({ sequences: batch, length: data.length }, byModule);
  const scaleOf =
    start && !scale
      ? (module: number) => start.scale(module)
      : (module: number) => loraScale(elementAt(byModule, module), scale ?? DEFAULT_SCALE);
  const adapters = await engine.adapters(
    !start
      ? initialAdapters(seed, modules, byModule)
      : scale
        ? rescaled(start.values, (module) => start.scale(module), scaleOf)
        : start.values,
  );
  try {
    const losses: number[] = [];
    const evaluations: Trained['evaluations'] = [];
    const run = trainingRun({
      engine,
      use: { adapters, scale: scaleOf },
      data: { train: data, held: heldOut ?? null },
      options: { ...options, schedule: { peak: learningRate, warmup, decay } },
      now: () => performance.now(),
    });
    const pause = pausing(signal);
    for await (const event of run) {
      await pause();
      if (event.type === 'step') {
        losses.push(event.loss);
        onStep?.(event.step, event.loss);
      } else if (event.type === 'evaluation') {
        evaluations.push({ step: event.step, loss: event.loss });
        onEvaluation?.(event.step, event.loss);
      }
    }
    return { values: await adapters.values(), scale: scaleOf, losses, evaluations };
  } finally {
    adapters.dispose();
  }
}

const DEFAULT_SCALE: LoraScale = { kind: 'fixed', value: 2 };

/** The ranks as given or those of `start`, by module. Throws what `train` throws for `start`. */
function ranksOf(
  model: Model,
  ranks: TrainOptions['ranks'],
  start: Adapter | undefined,
): readonly number[] | undefined {
  const { modules } = model;
  if (!start) return typeof ranks === 'number' ? modules.map(() => ranks) : ranks;
  if (ranks !== undefined)
    throw new AtlasError('bad-argument', { at: 'ranks', why: 'those of "start" are used' });
  checkShapes(model, start);
  if (start.values.some(({ module }) => module === modules.length))
    throw new AtlasError('head-not-trained');
  return modules.map(({ index }) => start.values.find((v) => v.module === index)?.rank ?? 0);
}
