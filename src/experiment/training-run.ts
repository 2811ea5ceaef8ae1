/** A training experiment from its spec to its result, as a stream of events. */
import { AtlasError } from '../errors.ts';
import type { Adapters, AdapterUse, AdapterValues, ProviderInfo, TokenBatch, TrainingEngine } from '../engine/engine.ts';
import { initialAdapters, loraScale } from '../methods/lora.ts';
import { dyLoraSteps, kneeOf, lossByRank, type DyLora, type RankLoss } from '../methods/qdylora.ts';
import { train, type TrainingEvent, type TrainingOptions } from '../methods/training.ts';
import type { ModelFacts } from './events.ts';
import type { TrainingSpec } from './training-spec.ts';

export interface TrainedModule { path: string; rank: number; scale: number }

/** What one QDyLoRA run says about ranks. */
export interface RankCurve {
  /** Held-out loss at rank b of the largest module; a smaller one uses the same fraction of its own. */
  losses: RankLoss[];
  /** The smallest rank that keeps 95 % of the best improvement over the base model. */
  knee: number;
}

export interface TrainingResult {
  format: 'rank-atlas-training';
  version: 1;
  spec: TrainingSpec;
  model: { id: string; title: string; hash: string };
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

export type TrainingRunEvent =
  | { type: 'start'; parameters: number; sequences: number; heldSequences: number }
  | TrainingEvent
  /** QDyLoRA, after its last step: the held-out loss at one rank, without further training. */
  | { type: 'rank'; rank: number; loss: number }
  | { type: 'done'; result: TrainingResult; adapters: AdapterValues[] };

export interface TrainingRunOptions {
  spec: TrainingSpec;
  engine: TrainingEngine;
  provider: ProviderInfo;
  model: ModelFacts;
  versions: TrainingResult['versions'];
  data: { train: TokenBatch; held: TokenBatch };
  now?: () => number;
}

/** Rank of every module, by index. Throws `bad-spec` for a path the model does not have, and for a rank above a module's size. */
export function ranksOf({ adapter: { ranks } }: TrainingSpec, { modules }: ModelFacts): number[] {
  const known = new Set(modules.map((m) => m.path)), strange = ranks.kind === 'listed' && Object.keys(ranks.ranks).find((path) => !known.has(path));
  if (strange) throw new AtlasError('bad-spec', { at: 'adapter.ranks', why: `this model has no module "${strange.slice(0, 80)}"` });
  return modules.map(({ path, inFeatures, outFeatures }) => {
    const rank = ranks.kind === 'uniform' ? ranks.rank : Object.hasOwn(ranks.ranks, path) ? ranks.ranks[path]! : 0;
    const most = Math.min(inFeatures, outFeatures);
    if (rank > most) throw new AtlasError('bad-spec', { at: 'adapter.ranks', why: `rank ${rank} is above the ${most} that ${path} can have` });
    return rank;
  });
}

/** `α/r` (or what the spec says) of a module at its rank. */
export const scaleOf = ({ adapter: { scale } }: TrainingSpec, rank: number): number => loraScale(rank, scale);

/** Trains from fresh adapters. Throws what `ranksOf` and the engine throw, and `bad-spec` when no module has a rank. */
export async function* runTraining(options: TrainingRunOptions): AsyncGenerator<TrainingRunEvent, void, undefined> {
  const { spec, engine, provider, model, versions, data, now = () => performance.now() } = options, { training } = spec;
  const ranks = ranksOf(spec, model);
  if (ranks.every((r) => r === 0)) throw new AtlasError('bad-spec', { at: 'adapter.ranks', why: 'no module has a rank above 0' });
  const adapters: Adapters = await engine.adapters(initialAdapters(spec.seed, model.modules, ranks));
  try {
    yield { type: 'start', parameters: adapters.parameters, sequences: data.train.sequences, heldSequences: data.held.sequences };
    const { method, seed, adapter: { scale } } = spec, dyLora: DyLora | null = method.name === 'qdylora' ? { ...method, seed, ranks, scale } : null;
    const use: AdapterUse = { adapters, scale: (module) => scaleOf(spec, ranks[module]!) };
    const { steps, batch, learningRate: peak, warmup, decay, beta1, beta2, epsilon, weightDecay, maxNorm, evaluateEvery } = training;
    const how: TrainingOptions = {
      seed, steps, batch, schedule: { peak, warmup, decay }, adamW: { beta1, beta2, epsilon, weightDecay }, maxNorm: maxNorm > 0 ? maxNorm : null, evaluateEvery,
    };
    const result: TrainingResult = {
      format: 'rank-atlas-training', version: 1, spec, model: { id: model.id, title: model.title, hash: model.hash }, provider, versions, parameters: adapters.parameters,
      modules: model.modules.flatMap(({ path }, i) => (ranks[i]! > 0 ? [{ path, rank: ranks[i]!, scale: scaleOf(spec, ranks[i]!) }] : [])), steps: [], evaluations: [], time: 0,
    };
    for await (const event of train(engine, use, data, how, now, 0, dyLora ? dyLoraSteps(adapters, dyLora) : undefined)) {
      if (event.type === 'evaluation') result.evaluations.push({ step: event.step, loss: event.loss });
      else {
        result.steps.push({ loss: event.loss, gradNorm: event.gradNorm });
        result.time += event.milliseconds;
      }
      yield event;
    }
    if (dyLora) {
      const losses: RankLoss[] = [];
      for await (const point of lossByRank(engine, adapters, dyLora, data.held, batch)) {
        losses.push(point);
        yield { type: 'rank', ...point };
      }
      result.curve = { losses, knee: kneeOf(losses, result.evaluations[0]!.loss) };
    }
    yield { type: 'done', result, adapters: await adapters.values() };
  } finally {
    adapters.dispose();
  }
}
