/**
 * A training run as a stream of events. Computation starts only when the next event is requested,
 * so callers pause by not pulling. Step n sees the same data and rates however often the run was
 * resumed.
 */
import { AtlasError } from '../errors.ts';
import type {
  AdapterUse,
  LossSum,
  MovingRanks,
  TokenBatch,
  TrainingEngine,
} from '../engine/engine.ts';
import { learningRate, type Schedule } from './learning-rate.ts';
import { toEnd } from './to-end.ts';
import { batchOfStep, pickSequences } from './windows.ts';

export interface TrainingOptions {
  seed: number;
  steps: number;
  /** Sequences per step. */
  batch: number;
  schedule: Schedule;
  adamW: { beta1: number; beta2: number; epsilon: number; weightDecay: number };
  /** Maximum global gradient norm; null: no clipping. */
  maxNorm: number | null;
  /**
   * Evaluate the held-out loss after every `evaluateEvery` steps, before the first and after the
   * last; 0: only before the first and after the last.
   */
  evaluateEvery: number;
}

export interface TrainingData {
  train: TokenBatch;
  /** Held out: never used for training. */
  held: TokenBatch;
}

/** Progress of a held-out evaluation, in batches. It carries no result; it lets others run. */
export interface Judging {
  type: 'judging';
  done: number;
  of: number;
}

export type TrainingEvent =
  /**
   * Mean loss of the step's batch in nats per token, and the global gradient norm, both before the
   * update.
   */
  | {
      type: 'step';
      step: number;
      loss: number;
      gradNorm: number;
      learningRate: number;
      milliseconds: number;
    }
  /** Loss on the held-out sequences after `step` steps, in nats per token. */
  | { type: 'evaluation'; step: number; loss: number }
  | Judging;

/**
 * How one step uses the adapters, and which of their ranks are updated; see
 * `TrainingEngine.trainStep`.
 */
export interface StepUse extends MovingRanks {
  use: AdapterUse;
}

/**
 * Trains `use.adapters` in place, from step `done` + 1 on. `held` null: no evaluations. `known`:
 * the held-out loss after `done` steps exists already. `stepOf` is for methods whose steps differ.
 * Evaluations use `use`. Throws what the engine throws; the adapters then hold the last good step.
 */
export async function* train({
  engine,
  use,
  data,
  options,
  now,
  done = 0,
  stepOf = () => ({ use }),
  known = done > 0,
}: {
  engine: TrainingEngine;
  use: AdapterUse;
  data: { train: TokenBatch; held: TokenBatch | null };
  options: TrainingOptions;
  now: () => number;
  done?: number;
  stepOf?: (step: number) => StepUse;
  known?: boolean;
}): AsyncGenerator<TrainingEvent, void, undefined> {
  const { seed, steps, batch, schedule, adamW, maxNorm, evaluateEvery } = options;
  const due = (step: number) =>
    step === 0 || step === steps || (evaluateEvery > 0 && step % evaluateEvery === 0);
  async function* evaluation(step: number): AsyncGenerator<TrainingEvent, void, undefined> {
    if (data.held && due(step))
      yield { type: 'evaluation', step, loss: yield* judged(engine, data.held, batch, use) };
  }
  if (!known) yield* evaluation(done);
  for (let step = done + 1; step <= steps; step++) {
    const start = now();
    const rate = learningRate(schedule, step, steps);
    const at = stepOf(step);
    const { loss, gradNorm } = await engine.trainStep(
      batchOfStep(data.train, seed, step, batch),
      at.use,
      { step, learningRate: rate, ...adamW, maxNorm },
      { onlyLast: at.onlyLast, updates: at.updates },
    );
    yield { type: 'step', step, loss, gradNorm, learningRate: rate, milliseconds: now() - start };
    yield* evaluation(step);
  }
}

/** Mean next-token loss over all sequences in nats per token, `size` sequences at a time. */
export const heldOutLoss = (
  engine: TrainingEngine,
  data: TokenBatch,
  size: number,
  use?: AdapterUse,
): Promise<number> => toEnd(judged(engine, data, size, use));

/** The same as a generator that yields between two batches. */
export async function* judged(
  engine: TrainingEngine,
  data: TokenBatch,
  size: number,
  use?: AdapterUse,
): AsyncGenerator<Judging, number, undefined> {
  const total: LossSum = { sum: 0, tokens: 0 };
  for (let first = 0; first < data.sequences; first += size) {
    if (first > 0)
      yield { type: 'judging', done: first / size, of: Math.ceil(data.sequences / size) };
    const numbers = Array.from(
      { length: Math.min(size, data.sequences - first) },
      (_, i) => first + i,
    );
    const { sum, tokens } = await engine.evaluate(pickSequences(data, numbers), use);
    total.sum += sum;
    total.tokens += tokens;
  }
  return total.sum / total.tokens;
}

export interface ComparedLoss {
  base: number;
  adapted: number;
  /** Number of predicted tokens in the mean losses. */
  tokens: number;
}

/**
 * Held-out loss without and with an adapter, in nats per token. Throws `model-not-finite` and
 * `adapter-not-finite` instead of returning NaN.
 */
export async function comparedLoss(
  engine: TrainingEngine,
  data: TokenBatch,
  size: number,
  use: AdapterUse,
): Promise<ComparedLoss> {
  const base = await heldOutLoss(engine, data, size);
  if (!Number.isFinite(base)) throw new AtlasError('model-not-finite');
  const adapted = await heldOutLoss(engine, data, size, use);
  if (!Number.isFinite(adapted)) throw new AtlasError('adapter-not-finite');
  return { base, adapted, tokens: data.sequences * (data.length - 1) };
}
