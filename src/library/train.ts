/** LoRA training with given ranks. */
import * as z from 'zod/mini';
import { elementAt } from '../checked.ts';
import type { AdapterUse, AdapterValues, TokenBatch } from '../engine/engine.ts';
import { AtlasError } from '../errors.ts';
import { initialAdapters, loraScale, type LoraScale } from '../methods/lora.ts';
import { heldOutLoss, train as trainingRun } from '../methods/training.ts';
import { checkAborted, type Model } from './model.ts';
import { atLeast, parsedArguments, positive, seedSchema } from './options.ts';

/** A trained adapter: its matrices by module, and its scale. */
export interface Adapter {
  /** `A` [rank, in] and `B` [out, rank] of every module with rank above 0. */
  values: AdapterValues[];
  /** Scale `s` of a module: α/r, α/√r or fixed. */
  scale(module: number): number;
}

const schema = z.object({
  ranks: z
    .array(atLeast(0))
    .check(z.refine((ranks) => ranks.some((rank) => rank > 0), 'one rank must be above 0')),
  steps: atLeast(1),
  batch: atLeast(1),
  learningRate: positive,
  scale: z.object({ kind: z.enum(['alpha', 'rslora', 'fixed']), value: z.number() }),
  seed: seedSchema,
  adamW: z.object({
    beta1: z.number(),
    beta2: z.number(),
    epsilon: positive,
    weightDecay: z.number(),
  }),
  maxNorm: z.nullable(positive),
});

/** What is trained, and how. The defaults are not those of an experiment. */
export interface TrainOptions {
  /** Integers ≥ 0 by module, at least one above 0; or one rank for all modules. */
  ranks: readonly number[] | number;
  steps: number;
  /** Sequences per step. Default 4. */
  batch?: number;
  /** Constant. Default 4e-3. */
  learningRate?: number;
  /** Default: fixed, s = 2. */
  scale?: LoraScale;
  /** Seed of the initial adapters and the data order. Default 1. */
  seed?: number;
  /** Default: β₁ 0.9, β₂ 0.999, ε 1e-8, no weight decay. */
  adamW?: { beta1: number; beta2: number; epsilon: number; weightDecay: number };
  /** Maximum global gradient norm, above 0. Default 1; null: no clipping. */
  maxNorm?: number | null;
  signal?: AbortSignal;
  /** Called after every step with its mean loss in nats per token, before the update. */
  onStep?(step: number, loss: number): void;
}

export interface Trained extends Adapter {
  /** Mean loss of every step's batch in nats per token, before its update. */
  losses: number[];
}

/**
 * Trains LoRA adapters on the next-token loss with AdamW. The base stays frozen. Throws
 * `bad-argument`, `training-too-large`, `bad-text`, `operator` for a head that cannot be
 * differentiated, `diverged`, `cancelled`.
 */
export async function train(
  model: Model,
  data: TokenBatch,
  {
    ranks,
    steps,
    batch = Math.min(4, data.sequences),
    learningRate = 4e-3,
    scale = { kind: 'fixed', value: 2 },
    seed = 1,
    adamW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
    maxNorm = 1,
    signal,
    onStep,
  }: TrainOptions,
): Promise<Trained> {
  const { engine, modules } = model;
  const byModule = typeof ranks === 'number' ? modules.map(() => ranks) : ranks;
  parsedArguments(schema, {
    ranks: byModule,
    steps,
    batch,
    learningRate,
    scale,
    seed,
    adamW,
    maxNorm,
  });
  if (byModule.length !== modules.length)
    throw new AtlasError('bad-argument', {
      at: 'ranks',
      why: `there are ${byModule.length} ranks for ${modules.length} modules`,
    });
  checkAborted(signal);
  await engine.checkTraining({ sequences: batch, length: data.length }, byModule);
  const adapters = await engine.adapters(initialAdapters(seed, modules, byModule));
  const scaleOf = (module: number) => loraScale(elementAt(byModule, module), scale);
  try {
    const losses: number[] = [];
    const run = trainingRun({
      engine,
      use: { adapters, scale: scaleOf },
      data: { train: data, held: data },
      options: {
        seed,
        steps,
        batch,
        schedule: { peak: learningRate, warmup: 0, decay: 'constant' },
        adamW,
        maxNorm,
        evaluateEvery: 0,
      },
      now: () => performance.now(),
      known: true,
    });
    for await (const event of run) {
      checkAborted(signal);
      if (event.type !== 'step') continue;
      losses.push(event.loss);
      onStep?.(event.step, event.loss);
      if (event.step === steps) break;
    }
    return { values: await adapters.values(), scale: scaleOf, losses };
  } finally {
    adapters.dispose();
  }
}

/**
 * Mean next-token loss in nats per token, with an adapter if given. Throws `bad-text`, and
 * `adapter-model` for an adapter of other shapes.
 */
export const evaluate = (model: Model, data: TokenBatch, adapter?: Adapter): Promise<number> =>
  withAdapter(model, adapter, (use) => heldOutLoss(model.engine, data, data.sequences, use));

/** Uploads an adapter to the provider for the duration of `task`, then disposes it. */
export async function withAdapter<T>(
  model: Model,
  adapter: Adapter | undefined,
  task: (use?: AdapterUse) => Promise<T>,
): Promise<T> {
  if (!adapter) return task();
  const { engine } = model;
  checkShapes(model, adapter);
  const adapters = await engine.adapters(adapter.values);
  try {
    return await task({ adapters, scale: (module) => adapter.scale(module) });
  } finally {
    adapters.dispose();
  }
}

function checkShapes({ adapterPlaces }: Model, { values }: Adapter): void {
  for (const { module, rank, loraA, loraB } of values) {
    const place = adapterPlaces[module];
    if (
      loraA.length !== rank * (place?.inFeatures ?? 0) ||
      loraB.length !== rank * (place?.outFeatures ?? 0)
    )
      throw new AtlasError('adapter-model', {
        file: 'The adapter',
        why: `its matrices for ${place?.path ?? `module ${module}`} have other sizes`,
      });
  }
}
