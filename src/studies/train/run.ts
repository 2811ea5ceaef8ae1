/**
 * A training experiment from its spec to its result, as a stream of events; and how it goes on from
 * where an earlier run stood.
 */
import { defined, elementAt } from '../../checked.ts';
import { HEAD_PATH } from '../../compiler/modules.ts';
import { AtlasError } from '../../errors.ts';
import type {
  AdapterMoments,
  Adapters,
  AdapterUse,
  AdapterValues,
  ProviderInfo,
  TokenBatch,
  TrainingEngine,
} from '../../engine/engine.ts';
import { initialAdapters, loraScale } from '../../methods/lora.ts';
import {
  curveRanks,
  dyLoraSteps,
  everyRank,
  kneeOf,
  largestRank,
  lossByRank,
  type DyLora,
  type RankLoss,
} from '../../methods/qdylora.ts';
import {
  train,
  type Judging,
  type TrainingEvent,
  type TrainingOptions,
} from '../../methods/training.ts';
import { nameOf, type ModelFacts, type ModelName } from '../map/events.ts';
import type { TrainingSpec } from './settings.ts';

export interface TrainedModule {
  path: string;
  rank: number;
  scale: number;
}

/** What one QDyLoRA run says about ranks. */
export interface RankCurve {
  /**
   * Held-out loss at rank b of the largest module; a smaller one uses the same fraction of its own.
   */
  losses: RankLoss[];
  /** The smallest rank that keeps 95 % of the best improvement over the base model. */
  knee: number;
}

export interface TrainingResult {
  format: 'rank-atlas-training';
  version: 1;
  spec: TrainingSpec;
  model: ModelName;
  provider: ProviderInfo;
  versions: { rankAtlas: string; onnxruntime: string };
  /** Parameters of all adapters. */
  parameters: number;
  modules: TrainedModule[];
  /** Every step's mean loss (nats per token) and gradient norm, before its update. */
  steps: { loss: number; gradNorm: number }[];
  /** Held-out loss after so many steps, in nats per token. */
  evaluations: { step: number; loss: number }[];
  /** Milliseconds in steps. */
  time: number;
  /** QDyLoRA only. */
  curve?: RankCurve;
}

/** What a run has found out, one thing at a time. */
export type TrainingFinding =
  | Exclude<TrainingEvent, Judging>
  /** QDyLoRA, after its last step: the held-out loss at one rank, without further training. */
  | { type: 'rank'; rank: number; loss: number };

export type TrainingRunEvent =
  | { type: 'start'; parameters: number; sequences: number; heldSequences: number }
  | TrainingFinding
  | Judging
  | { type: 'done'; result: TrainingResult; adapters: AdapterValues[] };

/**
 * A run between two events. With the same spec, model, texts and provider, the run that goes on
 * from it ends as this one would have.
 */
export interface TrainingCheckpoint {
  /** Steps done. Data, drawn ranks and learning rates follow from their number. */
  step: number;
  values: AdapterValues[];
  /** In the order of `values`; none once the last step is done. */
  moments: AdapterMoments[];
  /** All that was found out so far, in order. A run that goes on says it again first. */
  told: TrainingFinding[];
}

export interface TrainingRunOptions {
  spec: TrainingSpec;
  engine: TrainingEngine;
  provider: ProviderInfo;
  model: ModelFacts;
  versions: TrainingResult['versions'];
  data: { train: TokenBatch; held: TokenBatch };
  /**
   * The adapter to begin from, where the experiment says so: its modules in order, at the
   * experiment's ranks and scales.
   */
  start?: AdapterValues[];
  now?: () => number;
  from?: TrainingCheckpoint;
  /** As in `CheckpointDoor`; after a step that diverged `take` still gives the last good one. */
  offer?: (take: () => Promise<TrainingCheckpoint>) => void;
  /** QDyLoRA's curve at every rank, not only four in every doubling. */
  everyRank?: boolean;
}

/**
 * Rank of every module, by index. Throws `bad-spec` for a path the model does not have, and for a
 * rank above a module's size; `head-not-trained`.
 */
export function ranksOf({ adapter: { ranks } }: TrainingSpec, { modules }: ModelFacts): number[] {
  const known = new Set(modules.map((m) => m.path));
  const strange =
    ranks.kind === 'listed' && Object.keys(ranks.ranks).find((path) => !known.has(path));
  if (strange === HEAD_PATH) throw new AtlasError('head-not-trained');
  if (strange)
    throw new AtlasError('bad-spec', {
      at: 'adapter.ranks',
      why: `this model has no module "${strange.slice(0, 80)}"`,
    });
  const ranked = modules.map(({ path }) =>
    ranks.kind === 'uniform'
      ? ranks.rank
      : Object.hasOwn(ranks.ranks, path)
        ? defined(ranks.ranks[path])
        : 0,
  );
  checkRanks(ranked, modules, 'adapter.ranks');
  return ranked;
}

/** Throws `bad-spec` at this setting for a rank above what its module can have. */
export function checkRanks(
  ranks: readonly number[],
  modules: ModelFacts['modules'],
  at: string,
): void {
  modules.forEach(({ path, inFeatures, outFeatures }, i) => {
    const most = Math.min(inFeatures, outFeatures);
    if (ranks[i]! > most)
      throw new AtlasError('bad-spec', {
        at,
        why: `rank ${ranks[i]!} is above the ${most} that ${path} can have`,
      });
  });
}

/** `α/r` (or what the spec says) of a module at its rank. */
export const scaleOf = ({ adapter: { scale } }: TrainingSpec, rank: number): number =>
  loraScale(rank, scale);

/**
 * Trains from fresh adapters or given ones, or goes on from a checkpoint. Throws what `ranksOf` and
 * the engine throw (`training-too-large` before anything is computed), `bad-spec` when no module
 * has a rank, `bad-checkpoint` when the checkpoint's adapters have other ranks.
 */
export async function* runTraining(
  options: TrainingRunOptions,
): AsyncGenerator<TrainingRunEvent, void, undefined> {
  const {
    spec,
    engine,
    provider,
    model,
    versions,
    data,
    now = () => performance.now(),
    from,
    offer,
  } = options;
  const { training } = spec;
  const ranks = ranksOf(spec, model);
  if (ranks.every((r) => r === 0))
    throw new AtlasError('bad-spec', { at: 'adapter.ranks', why: 'no module has a rank above 0' });
  if (spec.adapter.start === 'given' && !options.start)
    throw new AtlasError('bad-spec', {
      at: 'adapter.start',
      why: 'the adapter to begin from is not given',
    });
  const fresh = options.start ?? initialAdapters(spec.seed, model.modules, ranks);
  if (from && !sameRanks(fresh, from.values))
    throw new AtlasError('bad-checkpoint', {
      file: 'The checkpoint',
      why: 'its adapters have other ranks',
    });
  await engine.checkTraining({ sequences: training.batch, length: spec.length }, ranks);
  const adapters: Adapters = await engine.adapters(from?.values ?? fresh, from?.moments);
  const result: TrainingResult = {
    format: 'rank-atlas-training',
    version: 1,
    spec,
    model: nameOf(model),
    provider,
    versions,
    parameters: adapters.parameters,
    modules: model.modules.flatMap(({ path }, i) =>
      ranks[i]! > 0 ? [{ path, rank: ranks[i]!, scale: scaleOf(spec, ranks[i]!) }] : [],
    ),
    steps: [],
    evaluations: [],
    time: 0,
  };
  const told: TrainingFinding[] = [];
  const losses: RankLoss[] = [];
  const found = (event: TrainingFinding): TrainingFinding => {
    told.push(event);
    if (event.type === 'evaluation')
      result.evaluations.push({ step: event.step, loss: event.loss });
    else if (event.type === 'rank') losses.push({ rank: event.rank, loss: event.loss });
    else {
      result.steps.push({ loss: event.loss, gradNorm: event.gradNorm });
      result.time += event.milliseconds;
    }
    return event;
  };
  const take = async (): Promise<TrainingCheckpoint> => {
    const step = result.steps.length;
    return {
      step,
      values: await adapters.values(),
      moments: step < training.steps ? await adapters.moments() : [],
      told: [...told],
    };
  };
  try {
    yield {
      type: 'start',
      parameters: adapters.parameters,
      sequences: data.train.sequences,
      heldSequences: data.held.sequences,
    };
    // Said again before anything is offered: a half-told run is no checkpoint.
    for (const event of from?.told ?? []) yield found(event);
    offer?.(take);

    const {
      method,
      seed,
      adapter: { scale },
    } = spec;
    const dyLora: DyLora | null =
      method.name === 'qdylora' ? { ...method, seed, ranks, scale } : null;
    const use: AdapterUse = { adapters, scale: (module) => scaleOf(spec, ranks[module]!) };
    const done = result.steps.length;
    const {
      steps,
      batch,
      learningRate: peak,
      warmup,
      decay,
      beta1,
      beta2,
      epsilon,
      weightDecay,
      maxNorm,
      evaluateEvery,
    } = training;
    const how: TrainingOptions = {
      seed,
      steps,
      batch,
      schedule: { peak, warmup, decay },
      adamW: { beta1, beta2, epsilon, weightDecay },
      maxNorm: maxNorm > 0 ? maxNorm : null,
      evaluateEvery,
    };
    const known = result.evaluations.at(-1)?.step === done;
    for await (const event of train({
      engine,
      use,
      data,
      options: how,
      now,
      done,
      stepOf: dyLora ? dyLoraSteps(adapters, dyLora) : undefined,
      known,
    }))
      yield event.type === 'judging' ? event : found(event);
    if (dyLora) {
      const most = largestRank(ranks);
      const ahead = (options.everyRank ? everyRank : curveRanks)(most).filter(
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
      result.curve = { losses, knee: kneeOf(losses, elementAt(result.evaluations, 0).loss) };
    }
    yield { type: 'done', result, adapters: await adapters.values() };
  } catch (error) {
    if (offer && error instanceof AtlasError && error.code === 'diverged') {
      // The engine left the adapters as they were before that step: read while they are still
      // there.
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
