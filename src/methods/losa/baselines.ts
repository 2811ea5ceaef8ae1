/**
 * The baselines of LoSA at equal sparsity, adapter budget, data and steps: one-shot Wanda alone, or
 * followed by masked LoRA of one rank or by plain LoRA. Masked LoRA is the closest baseline: it
 * shares LoSA's mask in the forward pass.
 */
import type { Adapters, CleanPass, Masks } from '../../engine/engine.ts';
import { initialAdapters } from '../lora.ts';
import { judged, train, type Judging, type TrainingEvent } from '../training.ts';
import type { LosaData, LosaEngine, LosaOptions } from './losa.ts';
import { prunePass, type MaskedUse, type PrunedBlock } from './prune-pass.ts';

/** A model pruned in one shot, with the same sparsity in every layer. Must be disposed. */
export interface OneShot {
  use: MaskedUse;
  dispose(): void;
}

export async function startOneShot(engine: LosaEngine): Promise<OneShot> {
  const adapters = await engine.adapters([]);
  const masks = await engine.masks();
  return {
    use: { adapters, masks, scale: () => 0 },
    dispose: () => {
      adapters.dispose();
      masks.dispose();
    },
  };
}

/** Prunes the model to the target sparsity. */
export const oneShot = (
  engine: LosaEngine,
  { use }: OneShot,
  { dense, data, options }: { dense: CleanPass; data: LosaData; options: LosaOptions },
): AsyncGenerator<PrunedBlock, void, undefined> =>
  prunePass(engine, {
    batch: data.calibration,
    dense,
    use,
    sparsities: new Array<number>(engine.layers).fill(options.sparsity),
    rule: options,
  });

/** Settings for training LoRA of `rank` at every module. */
export interface LoraBaseline {
  data: LosaData;
  rank: number;
  options: LosaOptions;
  now: () => number;
}

export type MaskedLoraEvent =
  | Extract<TrainingEvent, { type: 'step' }>
  /** Held-out loss in nats per token. */
  | { type: 'masked'; loss: number }
  | Judging;

/**
 * LoRA of `rank` at every module that computes with `M ⊙ (W + s B A)` throughout. The zeros take
 * part in training, and merging preserves them.
 */
export async function* maskedLora(
  engine: LosaEngine,
  masks: Masks,
  { data, rank, options: { seed, scale, training }, now }: LoraBaseline,
): AsyncGenerator<MaskedLoraEvent, void, undefined> {
  const adapters = await uniformAdapters(engine, seed, rank);
  try {
    for await (const event of train({
      engine,
      use: { adapters, masks, scale: () => scale },
      data,
      options: { ...training, evaluateEvery: 0 },
      now,
      done: 0,
      stepOf: undefined,
      known: true,
    })) {
      yield event.type === 'evaluation' ? { type: 'masked', loss: event.loss } : event;
    }
  } finally {
    adapters.dispose();
  }
}

const uniformAdapters = (engine: LosaEngine, seed: number, rank: number): Promise<Adapters> =>
  engine.adapters(
    initialAdapters(
      seed,
      engine.modules,
      engine.modules.map((m) => Math.min(rank, m.inFeatures, m.outFeatures)),
    ),
  );

export type PlainLoraEvent =
  | Extract<TrainingEvent, { type: 'step' }>
  /**
   * Held-out losses in nats per token. `merged`: the adapter is added to the weights, which fills
   * the zeros. `masked`: it is added to retained weights only.
   */
  | { type: 'lora'; merged: number; masked: number; zeros: number }
  | Judging;

/**
 * LoRA on the pruned weights, as PEFT would train it, with `rank` at every module. Its product is
 * dense: merging it loses the zeros, and masking it loses part of what was learnt. Restores the
 * engine's own weights at the end.
 */
export async function* plainLora(
  engine: LosaEngine,
  masks: Masks,
  { data, rank, options: { seed, scale, training }, now }: LoraBaseline,
): AsyncGenerator<PlainLoraEvent, void, undefined> {
  const { modules } = engine;
  const adapters = await uniformAdapters(engine, seed, rank);
  const use = { adapters, scale: () => scale };
  try {
    for (const { index } of modules) {
      const weight = await engine.mergedWeight(index, { adapters, scale: () => 0, masks });
      await engine.setWeight(index, weight);
    }
    // Evaluated after the last step.
    let merged = NaN;
    for await (const event of train({
      engine,
      use,
      data,
      options: { ...training, evaluateEvery: 0 },
      now,
      done: 0,
      stepOf: undefined,
      known: true,
    })) {
      if (event.type === 'evaluation') merged = event.loss;
      yield event.type === 'evaluation' ? { type: 'judging', done: 1, of: 2 } : event;
    }
    const masked = yield* judged(engine, data.held, training.batch, { ...use, masks });
    yield { type: 'lora', merged, masked, zeros: await zerosAfterMerging(engine, use) };
  } finally {
    for (const { index } of modules) await engine.setWeight(index, null);
    adapters.dispose();
  }
}

async function zerosAfterMerging(
  engine: LosaEngine,
  use: Parameters<LosaEngine['mergedWeight']>[1],
): Promise<number> {
  let zeros = 0;
  let all = 0;
  for (const { index } of engine.modules) {
    const weight = await engine.mergedWeight(index, use);
    all += weight.length;
    for (const w of weight) if (w === 0) zeros++;
  }
  return zeros / all;
}
