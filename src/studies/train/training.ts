/**
 * One training run, from ranks to adapters, as a stream of events. Can resume from a checkpoint.
 */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import type {
  AdapterMoments,
  Adapters,
  AdapterUse,
  AdapterValues,
  TokenBatch,
  TrainingEngine,
} from '../../engine/engine.ts';
import { loraScale } from '../../methods/lora.ts';
import {
  dyLoraSteps,
  everyRank,
  kneeOf,
  largestRank,
  lossByRank,
  type DyLora,
  type RankLoss,
} from '../../methods/qdylora.ts';
import { train, type Judging, type TrainingEvent } from '../../methods/training.ts';
import type { TrainingSettings } from '../../spec/spec.ts';
import { trainingOptions } from '../training-options.ts';
import type { TrainSettings } from './settings.ts';

/** The result of a QDyLoRA run by rank. */
export interface RankCurve {
  /**
   * Held-out loss at rank b of the largest module; smaller modules use the same fraction of their
   * own rank.
   */
  losses: RankLoss[];
  /** The smallest rank with at least 95 % of the best improvement over the base. */
  knee: number;
}

/** The figures of one training run. */
export interface TrainingFigures {
  /** Parameters of all adapters. */
  parameters: number;
  /** Every step's mean loss (nats per token) and gradient norm, before its update. */
  steps: { loss: number; gradNorm: number }[];
  /** Held-out loss after this many steps, in nats per token. */
  evaluations: { step: number; loss: number }[];
  /** Milliseconds in steps. */
  time: number;
}

/** One measured value of a run. */
export type TrainingFinding =
  | Exclude<TrainingEvent, Judging>
  /** QDyLoRA, after its last step: the held-out loss at one rank, without further training. */
  | { type: 'rank'; rank: number; loss: number };

export type TrainingRunEvent =
  | { type: 'start'; parameters: number }
  | TrainingFinding
  | Judging
  /** `curve`: QDyLoRA only. */
  | { type: 'done'; figures: TrainingFigures; curve: RankCurve | null; adapters: AdapterValues[] };

/**
 * A run between two events. With the same settings, model, texts and provider, a resumed run ends
 * with identical results.
 */
export interface TrainingCheckpoint {
  /** Steps done. Data, drawn ranks and learning rates depend only on this number. */
  step: number;
  values: AdapterValues[];
  /** In the order of `values`; empty after the last step. */
  moments: AdapterMoments[];
  /** All findings so far, in order. A resumed run repeats them first. */
  told: TrainingFinding[];
}

export interface TrainingRunOptions {
  method: TrainSettings['method'];
  scale: TrainSettings['scale'];
  /** By module index. */
  ranks: readonly number[];
  training: TrainingSettings;
  seed: number;
  engine: TrainingEngine;
  data: { train: TokenBatch; held: TokenBatch };
  /** Adapters to start from: the modules with a rank, in order. */
  start: AdapterValues[];
  now(): number;
  from?: TrainingCheckpoint;
  /**
   * See `CheckpointPort`. After a step that diverged, `take` still returns the state before that
   * step.
   */
  offer?: (take: () => Promise<TrainingCheckpoint>) => void;
}

/**
 * Trains, from the start or from a checkpoint. Throws what the engine throws (`training-too-large`
 * before anything is computed), and `bad-checkpoint` if the checkpoint's adapters have other ranks.
 */
export async function* runTraining({
  method,
  scale,
  ranks,
  training,
  seed,
  engine,
  data,
  start,
  now,
  from,
  offer,
}: TrainingRunOptions): AsyncGenerator<TrainingRunEvent, void, undefined> {
  if (from && !sameRanks(start, from.values))
    throw new AtlasError('bad-checkpoint', {
      file: 'the checkpoint',
      why: 'its adapters have different ranks',
    });
  const { steps, batch, length } = training;
  await engine.checkTraining({ sequences: batch, length }, ranks);
  const adapters: Adapters = await engine.adapters(from?.values ?? start, from?.moments);
  const figures: TrainingFigures = {
    parameters: adapters.parameters,
    steps: [],
    evaluations: [],
    time: 0,
  };
  const findings: TrainingFinding[] = [];
  const losses: RankLoss[] = [];
  const found = (event: TrainingFinding): TrainingFinding => {
    findings.push(event);
    if (event.type === 'evaluation')
      figures.evaluations.push({ step: event.step, loss: event.loss });
    else if (event.type === 'rank') losses.push({ rank: event.rank, loss: event.loss });
    else {
      figures.steps.push({ loss: event.loss, gradNorm: event.gradNorm });
      figures.time += event.milliseconds;
    }
    return event;
  };
  const take = async (): Promise<TrainingCheckpoint> => {
    const step = figures.steps.length;
    return {
      step,
      values: await adapters.values(),
      moments: step < steps ? await adapters.moments() : [],
      told: [...findings],
    };
  };
  try {
    yield { type: 'start', parameters: adapters.parameters };
    // Repeat the findings before the first offer: a checkpoint must hold all of them.
    for (const event of from?.told ?? []) yield found(event);
    offer?.(take);

    const dyLora: DyLora | null =
      method.name === 'qdylora' ? { ...method, seed, ranks, scale } : null;
    const use: AdapterUse = { adapters, scale: (module) => loraScale(ranks[module]!, scale) };
    const done = figures.steps.length;
    for await (const event of train({
      engine,
      use,
      data,
      options: trainingOptions(training, seed),
      now,
      done,
      stepOf: dyLora ? dyLoraSteps(adapters, dyLora) : undefined,
      known: figures.evaluations.at(-1)?.step === done,
    }))
      yield event.type === 'judging' ? event : found(event);
    if (dyLora) {
      const ahead = everyRank(largestRank(ranks)).filter(
        (rank) => !losses.some((point) => point.rank === rank),
      );
      for await (const event of lossByRank({
        engine,
        adapters,
        how: dyLora,
        held: data.held,
        size: batch,
        ranks: ahead,
      }))
        yield event.type === 'judging' ? event : found(event);
      losses.sort((a, b) => a.rank - b.rank);
    }
    yield {
      type: 'done',
      figures,
      curve: dyLora && { losses, knee: kneeOf(losses, elementAt(figures.evaluations, 0).loss) },
      adapters: await adapters.values(),
    };
  } catch (error) {
    if (offer && error instanceof AtlasError && error.code === 'diverged') {
      // The engine restored the adapters from before that step. Read them before they are disposed.
      const lastGood = await take();
      offer(async () => lastGood);
    }
    throw error;
  } finally {
    adapters.dispose();
  }
}

const sameRanks = (a: readonly AdapterValues[], b: readonly AdapterValues[]): boolean =>
  a.length === b.length &&
  a.every(
    (v, i) =>
      elementAt(b, i).module === v.module &&
      elementAt(b, i).rank === v.rank &&
      elementAt(b, i).loraA.length === v.loraA.length &&
      elementAt(b, i).loraB.length === v.loraB.length,
  );
