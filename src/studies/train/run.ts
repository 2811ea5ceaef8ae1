/**
 * The train study: a LoRA, or an adapter that can be truncated to any lower rank (QDyLoRA,
 * methods.md §2), over the original or the NF4 base. After QDyLoRA it measures the held-out loss at
 * every rank and, for comparison, trains separate LoRAs at some ranks with the same data and steps.
 */
import { defined } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import type { ProviderInfo, TokenBatch } from '../../engine/engine.ts';
import { storedSize } from '../../engine/pieces/nf4-model.ts';
import { initialAdapters, loraScale } from '../../methods/lora.ts';
import { largestRank, rankAt } from '../../methods/qdylora.ts';
import { nameOf, type ModelName } from '../map/events.ts';
import type { ExperimentSpec } from '../spec.ts';
import type { Judging } from '../../methods/training.ts';
import type { StudyContext } from '../context.ts';
import { trainRanks } from './ranks.ts';
import { TRAINED } from './study.ts';
import {
  runTraining,
  type RankCurve,
  type TrainingCheckpoint,
  type TrainingFigures,
  type TrainingFinding,
} from './training.ts';

export interface TrainResult {
  format: 'rank-atlas-training';
  version: 2;
  spec: ExperimentSpec;
  model: ModelName;
  provider: ProviderInfo;
  versions: StudyContext['versions'];
  /** Memory of the linear layers: bytes, and bytes per weight. */
  base: { bytes: number; perWeight: number };
  /**
   * The modules with an adapter. QDyLoRA: `rank` is the largest rank of each. Rank b of the curve
   * is that of the largest module; the others use the same fraction.
   */
  modules: { path: string; rank: number; scale: number }[];
  training: TrainingFigures;
  /** QDyLoRA: held-out loss at every rank in nats per token; null for a LoRA. */
  curve: RankCurve | null;
  /** The separate LoRAs, one per rank of `compare`. */
  separate: (TrainingFigures & { rank: number })[];
}

/** Training runs are numbered: 0 is the experiment's, i + 1 is the LoRA at rank `compare[i]`. */
export type TrainEvent =
  /** `maxRank`: the largest module's rank. */
  | { type: 'start'; spec: ExperimentSpec; maxRank: number; compare: number[] }
  | { type: 'base'; bytes: number; perWeight: number }
  | {
      type: 'training';
      training: number;
      parameters: number;
      sequences: number;
      heldSequences: number;
    }
  | { type: 'found'; training: number; finding: TrainingFinding }
  | Judging
  | { type: 'done'; result: TrainResult };

/** Every training run so far, in order. Only the last may be unfinished. */
export interface TrainCheckpoint {
  ranks: number[];
  trainings: TrainingCheckpoint[];
}

const loraName = (rank: number) => `${TRAINED}/lora-${rank}`;

/**
 * Runs the train study (`study.ts`). Throws what `derive`, `tokens`, `trainRanks` and `runTraining`
 * throw.
 */
export async function* runTrain(
  context: StudyContext,
): AsyncGenerator<TrainEvent, void, undefined> {
  const { spec, model, provider, versions, checkpoint } = context;
  const {
    train: { method, base: form, scale, compare },
    training: settings,
    seed,
  } = spec;
  const from = checkpoint?.from as TrainCheckpoint | undefined;
  const { ranks, given } = trainRanks(context, from?.ranks);
  const maxRank = largestRank(ranks);
  if (compare.some((rank) => rank > maxRank))
    throw new AtlasError('bad-spec', {
      at: 'train.compare',
      why: `none may be above the largest rank, ${maxRank}`,
    });
  yield { type: 'start', spec, maxRank, compare };
  const engine = form === 'nf4' ? await context.derive('nf4') : context.engine;
  try {
    const base = storedSize(engine);
    yield { type: 'base', ...base };
    const data = await texts(context);
    const done: TrainingFigures[] = [];
    const finished: TrainingCheckpoint[] = [];
    const later = from?.trainings ?? [];
    let curve: RankCurve | null = null;
    for (const [training, rank] of [maxRank, ...compare].entries()) {
      const first = training === 0;
      const findings: TrainingFinding[] = [];
      const own = ranks.map((r) => rankAt(rank, r, maxRank));
      const offer = (take: () => Promise<TrainingCheckpoint>) =>
        checkpoint?.offer(async (): Promise<TrainCheckpoint> => ({
          ranks,
          trainings: [...finished, await take()],
        }));
      for await (const event of runTraining({
        method: first ? method : { name: 'lora' },
        scale,
        ranks: own,
        training: settings,
        seed,
        engine,
        data,
        start: (first ? given : null) ?? initialAdapters(seed, model.modules, own),
        now: () => context.now(),
        from: later[training],
        offer,
      })) {
        if (event.type === 'judging') yield event;
        else if (event.type === 'start')
          yield {
            type: 'training',
            training,
            parameters: event.parameters,
            sequences: data.train.sequences,
            heldSequences: data.held.sequences,
          };
        else if (event.type !== 'done') {
          findings.push(event);
          yield { type: 'found', training, finding: event };
        } else {
          const { figures, adapters: values } = event;
          done.push(figures);
          if (first) curve = event.curve;
          finished.push({ step: figures.steps.length, values, moments: [], told: findings });
          checkpoint?.offer(async (): Promise<TrainCheckpoint> => ({
            ranks,
            trainings: [...finished, ...later.slice(finished.length)],
          }));
          context.saveAdapter({
            name: first ? TRAINED : loraName(rank),
            values,
            scales: values.map((v) => loraScale(v.rank, scale)),
            base: form,
            ...(first && method.name === 'qdylora' && { dyLora: { scale } }),
          });
        }
      }
    }
    const [main, ...loras] = done;
    yield {
      type: 'done',
      result: {
        format: 'rank-atlas-training',
        version: 2,
        spec,
        model: nameOf(model),
        provider,
        versions,
        base,
        modules: model.modules.flatMap(({ path }, i) => {
          const rank = ranks[i]!;
          return rank > 0 ? [{ path, rank, scale: loraScale(rank, scale) }] : [];
        }),
        training: defined(main),
        curve,
        separate: loras.map((lora, i) => ({ rank: compare[i]!, ...lora })),
      },
    };
  } finally {
    if (engine !== context.engine) await engine.dispose();
  }
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
