/**
 * The study "slider": QDyLoRA (methods.md §2). One run trains an adapter that can be cut to any
 * rank up to its own, over a base in NF4; then the held-out loss at every rank, and LoRAs trained
 * by themselves at a few, the same data and steps, to compare.
 */
import { defined, elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import type { ProviderInfo, TokenBatch } from '../../engine/engine.ts';
import { storedSize } from '../../engine/nf4-model.ts';
import { allocate } from '../../methods/allocation/allocate.ts';
import { loraScale, type LoraScale } from '../../methods/lora.ts';
import { largestRank, rankAt } from '../../methods/qdylora.ts';
import { nameOf, type ModelName } from '../map/events.ts';
import type { ExperimentSpec } from '../spec.ts';
import { trainingOptions } from '../training-options.ts';
import type { Judging } from '../../methods/training.ts';
import type { StudyContext } from '../context.ts';
import {
  checkRanks,
  runTraining,
  type RankCurve,
  type TrainingCheckpoint,
  type TrainingFinding,
  type TrainingResult,
} from '../train/run.ts';
import type { TrainingSpec } from '../train/settings.ts';

/** What one training made known; the loss after the last step is the last evaluation's. */
export type SliderTraining = Pick<TrainingResult, 'parameters' | 'steps' | 'evaluations' | 'time'>;

export interface SliderResult {
  format: 'rank-atlas-slider';
  version: 1;
  spec: ExperimentSpec;
  model: ModelName;
  provider: ProviderInfo;
  versions: StudyContext['versions'];
  /** The linear layers as they stay in memory: bytes, and bytes a weight. */
  base: { bytes: number; perWeight: number };
  /**
   * The most ranks each module may use. A curve's rank b is that of the largest; the others use the
   * same fraction.
   */
  modules: { path: string; rank: number }[];
  training: SliderTraining;
  /** Held-out loss at every rank, nats per token. */
  curve: RankCurve;
  /** LoRAs trained by themselves at a rank. */
  separate: (SliderTraining & { rank: number })[];
}

/** Trainings are numbered: 0 is the slider's, i + 1 the LoRA at rank `compare[i]`. */
export type SliderEvent =
  /** `most`: the largest module's rank. */
  | { type: 'start'; spec: ExperimentSpec; most: number; compare: number[] }
  | { type: 'base'; bytes: number; perWeight: number }
  | { type: 'training'; training: number; parameters: number }
  | { type: 'found'; training: number; finding: TrainingFinding }
  | Judging
  | { type: 'done'; result: SliderResult };

/** Every training so far, in order; only the last one is unfinished. */
export interface SliderCheckpoint {
  ranks: number[];
  trainings: TrainingCheckpoint[];
}

/**
 * See study.ts. Throws what `derive`, `tokens` and `runTraining` throw, `bad-spec` for ranks that
 * cannot be.
 */
export async function* runSlider(
  context: StudyContext,
): AsyncGenerator<SliderEvent, void, undefined> {
  const { spec, model, provider, versions, checkpoint } = context;
  const { slider } = spec;
  const from = checkpoint?.from as SliderCheckpoint | undefined;
  const ranks = from?.ranks ?? maximumRanks(context);
  const most = largestRank(ranks);
  checkRanks(ranks, model.modules, 'slider.rank');
  if (slider.compare.some((rank) => rank > most))
    throw new AtlasError('bad-spec', {
      at: 'slider.compare',
      why: `none may be above the largest rank, ${most}`,
    });
  yield { type: 'start', spec, most, compare: slider.compare };
  const engine = slider.base === 'nf4' ? await context.derive('nf4') : context.engine;
  try {
    const base = storedSize(engine);
    yield { type: 'base', ...base };
    const data = await texts(context);
    const results: TrainingResult[] = [];
    const finished: TrainingCheckpoint[] = [];
    const later = from?.trainings ?? [];
    for (const [training, rank] of [most, ...slider.compare].entries()) {
      const told: TrainingFinding[] = [];
      const trained = trainingSpec(
        spec,
        model.modules.map(({ path }, i) => [path, rankAt(rank, ranks[i]!, most)]),
        training === 0,
      );
      const offer = (take: () => Promise<TrainingCheckpoint>) =>
        checkpoint?.offer(async (): Promise<SliderCheckpoint> => ({
          ranks,
          trainings: [...finished, await take()],
        }));
      for await (const event of runTraining({
        spec: trained,
        engine,
        provider,
        model,
        versions,
        data,
        now: () => context.now(),
        from: later[training],
        offer,
        everyRank: true,
      })) {
        if (event.type === 'judging') yield event;
        else if (event.type === 'start')
          yield { type: 'training', training, parameters: event.parameters };
        else if (event.type !== 'done') {
          told.push(event);
          yield { type: 'found', training, finding: event };
        } else {
          results.push(event.result);
          finished.push({
            step: event.result.steps.length,
            values: event.adapters,
            moments: [],
            told,
          });
          checkpoint?.offer(async (): Promise<SliderCheckpoint> => ({
            ranks,
            trainings: [...finished, ...later.slice(finished.length)],
          }));
          const scale = trained.adapter.scale;
          const scales = event.adapters.map((a) => loraScale(a.rank, scale));
          context.keep({
            name: training === 0 ? 'slider' : `slider/lora-${rank}`,
            values: event.adapters,
            scales,
            base: slider.base,
            ...(training === 0 && { dyLora: { scale } }),
          });
        }
      }
    }
    const [dyLora, ...loras] = results.map(
      ({ parameters, steps, evaluations, time }): SliderTraining => ({
        parameters,
        steps,
        evaluations,
        time,
      }),
    );
    yield {
      type: 'done',
      result: {
        format: 'rank-atlas-slider',
        version: 1,
        spec,
        model: nameOf(model),
        provider,
        versions,
        base,
        modules: model.modules.map(({ path }, i) => ({ path, rank: ranks[i]! })),
        training: defined(dyLora),
        curve: defined(elementAt(results, 0).curve),
        separate: loras.map((lora, i) => ({ rank: slider.compare[i]!, ...lora })),
      },
    };
  } finally {
    if (engine !== context.engine) await engine.dispose();
  }
}

/**
 * The most ranks each module may use, by index. Throws `bad-spec` where they are to follow a map
 * that is not there yet.
 */
function maximumRanks({
  spec: { slider, allocation },
  importances,
  model: { modules },
}: StudyContext): number[] {
  if (slider.ranks === 'uniform') return modules.map(() => slider.rank);
  if (!importances)
    throw new AtlasError('bad-spec', {
      at: 'slider.ranks',
      why: 'the ranks of the map are asked for, and nothing is measured yet',
    });
  return allocate(importances, modules, { ...allocation, meanRank: slider.rank }).ranks;
}

async function texts({
  spec: { training },
  tokens,
}: StudyContext): Promise<{ train: TokenBatch; held: TokenBatch }> {
  const { train, held, length, heldSequences } = training;
  return {
    train: await tokens(train, { sequences: Infinity, length }),
    held: await tokens(held, { sequences: heldSequences, length }),
  };
}

/** The experiment as a training at these ranks. */
function trainingSpec(
  { version, model, seed, bos, slider, training }: ExperimentSpec,
  ranks: readonly [path: string, rank: number][],
  dyLora: boolean,
): TrainingSpec {
  const {
    adamW: { beta1, beta2, epsilon },
  } = trainingOptions(training, seed);
  const { train, held, length, heldSequences, ...how } = training;
  const scale: LoraScale = { kind: 'alpha', value: slider.alpha };
  return {
    version,
    model,
    seed,
    base: slider.base,
    train,
    held,
    bos,
    length,
    heldSequences,
    method: dyLora ? { name: 'qdylora', mode: slider.mode, draw: slider.draw } : { name: 'lora' },
    adapter: { ranks: { kind: 'listed', ranks: Object.fromEntries(ranks) }, scale, start: 'fresh' },
    training: { ...how, beta1, beta2, epsilon },
  };
}
