/**
 * The prune study: LoSA (methods.md §4) over float32 layers, in rounds of pruning and fine-tuning.
 * Then the baselines at the same sparsity: Wanda alone, with masked LoRA of one rank, and with
 * plain LoRA. Then the stored forms of the result: float32, or rounded back to 4 bits.
 */
import { defined, elementAt } from '../../checked.ts';
import type { CleanPass, TokenBatch } from '../../engine/engine.ts';
import { maskedLora, oneShot, plainLora, startOneShot } from '../../methods/losa/baselines.ts';
import {
  losa,
  losaSnapshot,
  startLosa,
  type LosaData,
  type LosaEngine,
  type LosaEvent,
  type LosaModel,
  type LosaOptions,
  type LosaSnapshot,
} from '../../methods/losa/losa.ts';
import { zerosOf } from '../../methods/losa/prune-pass.ts';
import { truncated } from '../../methods/qdylora.ts';
import { judged, type Judging } from '../../methods/training.ts';
import { dequantiseInt4, int4Bytes, quantiseInt4 } from '../../model/int4.ts';
import { nameOf } from '../map/events.ts';
import type { PrunedParts } from '../derived-base.ts';
import { targetOf } from './target.ts';
import { resultOf, type PruneResult, type PruneState, type StoredForm } from './state.ts';
import type { ExperimentSpec } from '../spec.ts';
import { pruneRanks } from './need.ts';
import { trainingOptions } from '../training-options.ts';
import type { StudyContext } from '../context.ts';

/** The scale s of B A. It is equal for every rank, because ranks change between rounds. */
const SCALE = 2;

export type PruneEvent =
  | {
      type: 'start';
      spec: ExperimentSpec;
      model: PruneState['model'];
      provider: PruneState['provider'];
      versions: PruneState['versions'];
      layers: number;
      sequences: PruneState['sequences'];
    }
  /** A resumed run, in its saved state. */
  | { type: 'resumed'; state: PruneState }
  /**
   * The original model: held-out loss in nats per token, bytes of its linear layers, and number of
   * their weights.
   */
  | { type: 'dense'; loss: number; bytes: number; weights: number }
  | LosaEvent
  /** Progress of a baseline: one-shot pruned layers, or steps of LoRA. */
  | { type: 'comparing'; what: 'wanda' | 'masked' | 'lora'; done: number; of: number }
  | { type: 'wanda'; zeros: number; loss: number }
  /** LoRA after Wanda, trained through the mask, so that the zeros are preserved. */
  | { type: 'masked'; rank: number; parameters: number; zeros: number; loss: number }
  /**
   * Plain LoRA after Wanda. `merged` fills the zeros; `masked` applies the mask after training and
   * loses part of the adapter's effect.
   */
  | {
      type: 'lora';
      rank: number;
      parameters: number;
      zeros: number;
      merged: number;
      masked: number;
    }
  | Judging
  | { type: 'storing'; done: number; of: number }
  | ({ type: 'stored' } & StoredForm)
  | { type: 'done'; result: PruneResult };

/**
 * The state after a whole round, or, if `state.lora` is set, after the baselines. Later results do
 * not depend on how often the run was resumed.
 */
export interface PruneCheckpoint {
  state: PruneState;
  standing: LosaSnapshot;
}

/**
 * Runs the prune study (`study.ts`). Passes the pruned model to `saveBase` after the last round.
 * Throws `pruning-too-large` (before anything is computed), what `derive`, `tokens` and the engine
 * throw, and what LoSA throws.
 */
export async function* runPrune(
  context: StudyContext,
  now: () => PruneState,
): AsyncGenerator<PruneEvent, void, undefined> {
  const { spec, model, provider, versions, checkpoint } = context;
  const from = checkpoint?.from as PruneCheckpoint | undefined;
  const data = await texts(context);
  const { calibration, train, held } = data;
  const { sparsity, structure } = targetOf(spec.prune);
  yield from
    ? { type: 'resumed', state: from.state }
    : {
        type: 'start',
        spec,
        model: nameOf(model),
        provider,
        versions,
        layers: model.layers,
        sequences: {
          calibration: calibration.sequences,
          train: train.sequences,
          held: held.sequences,
        },
      };
  await context.engine.checkPruning(
    {
      samples: calibration.sequences,
      sequences: spec.training.batch,
      length: spec.training.length,
    },
    pruneRanks(spec, model.modules),
  );
  const engine = await context.derive('float32');
  const options: LosaOptions = {
    ...spec.prune,
    sparsity,
    structure,
    seed: spec.seed,
    scale: SCALE,
    training: trainingOptions(spec.training, spec.seed),
  };
  let dense: CleanPass | null = null;
  let pruned: LosaModel | null = null;
  let snapshot = from?.standing;
  const offer = () => {
    const at = { state: now(), standing: defined(snapshot) };
    checkpoint?.offer(async (): Promise<PruneCheckpoint> => at);
  };
  try {
    const weights = engine.modules.reduce((n, m) => n + m.inFeatures * m.outFeatures, 0);
    const bytes = model.modules.reduce((n, m) => n + m.bytes, 0);
    if (!now().dense)
      yield {
        type: 'dense',
        loss: yield* judged(engine, held, options.training.batch),
        bytes,
        weights,
      };
    dense = await engine.cleanPass(calibration);
    pruned = await startLosa(engine, options, snapshot);
    if (snapshot) offer();
    for await (const event of losa({
      engine,
      model: pruned,
      dense,
      data,
      options,
      now: () => context.now(),
      done: snapshot?.rounds,
    })) {
      if (!checkpoint || event.type !== 'repaired') {
        yield event;
        continue;
      }
      const at = (snapshot = await losaSnapshot(engine, pruned, event.round));
      // Until the next round begins, the state is the one after this event.
      checkpoint.offer(async (): Promise<PruneCheckpoint> => ({ state: now(), standing: at }));
      yield event;
      offer();
    }
    context.saveBase?.({ kind: 'pruned', ...(await partsOf(engine, pruned)) });
    if (spec.prune.baselines && !(now().masked && now().lora)) {
      const rank = Math.round(spec.prune.meanRank + spec.prune.rounds - 1);
      yield* baselines({ engine, dense, data, options, rank, now: context.now });
      if (checkpoint) offer();
    }
    yield* stored(engine, pruned, {
      held: data.held,
      batch: options.training.batch,
      state: now(),
    });
    yield { type: 'done', result: resultOf(now()) };
  } finally {
    dense?.dispose();
    pruned?.dispose();
    await engine.dispose();
  }
}

async function texts({ spec: { training, prune }, tokens }: StudyContext): Promise<LosaData> {
  const { train, held, length, heldSequences } = training;
  return {
    calibration: await tokens(train, { sequences: prune.samples, length }),
    train: await tokens(train, { sequences: Infinity, length }),
    held: await tokens(held, { sequences: heldSequences, length }),
  };
}

/**
 * Baselines with the same sparsity, the mean rank of the last round, the same data and number of
 * steps.
 */
async function* baselines({
  engine,
  dense,
  data,
  options,
  rank,
  now,
}: {
  engine: LosaEngine;
  dense: CleanPass;
  data: LosaData;
  options: LosaOptions;
  rank: number;
  now: () => number;
}): AsyncGenerator<PruneEvent, void, undefined> {
  const {
    training: { batch, steps },
  } = options;
  const plain = await startOneShot(engine);
  try {
    for await (const { layer } of oneShot(engine, plain, { dense, data, options }))
      yield { type: 'comparing', what: 'wanda', done: layer + 1, of: engine.layers };
    const zeros = zerosOf(plain.use.masks, engine.modules);
    yield { type: 'wanda', zeros, loss: yield* judged(engine, data.held, batch, plain.use) };
    const parameters = engine.modules.reduce(
      (n, m) => n + Math.min(rank, m.inFeatures, m.outFeatures) * (m.inFeatures + m.outFeatures),
      0,
    );
    for await (const event of maskedLora(engine, plain.use.masks, { data, rank, options, now })) {
      yield event.type === 'step'
        ? { type: 'comparing', what: 'masked', done: event.step, of: steps }
        : event.type === 'judging'
          ? event
          : { ...event, rank, parameters, zeros };
    }
    for await (const event of plainLora(engine, plain.use.masks, { data, rank, options, now })) {
      yield event.type === 'step'
        ? { type: 'comparing', what: 'lora', done: event.step, of: steps }
        : event.type === 'judging'
          ? event
          : { ...event, rank, parameters };
    }
  } finally {
    plain.dispose();
  }
}

/** The merged weights in each stored form: bytes of the linear layers, and the resulting loss. */
async function* stored(
  engine: LosaEngine & { setWeight(module: number, weight: Float32Array | null): Promise<void> },
  { use }: LosaModel,
  { held, batch, state }: { held: TokenBatch; batch: number; state: PruneState },
): AsyncGenerator<PruneEvent, void, undefined> {
  const loss = defined(elementAt(state.rounds, -1).repaired);
  const { weights } = defined(state.dense);
  const retained = Math.round((1 - zerosOf(use.masks, engine.modules)) * weights);
  yield { type: 'stored', form: 'float32', bytes: 4 * weights, loss };
  yield { type: 'stored', form: 'sparse', bytes: 4 * retained + Math.ceil(weights / 8), loss };
  let bytes = 0;
  try {
    for (const { index, outFeatures, inFeatures } of engine.modules) {
      const rounded = quantiseInt4(await engine.mergedWeight(index, use), outFeatures, inFeatures);
      bytes += int4Bytes(rounded);
      await engine.setWeight(index, dequantiseInt4(rounded, outFeatures, inFeatures));
      yield { type: 'storing', done: index + 1, of: engine.modules.length };
    }
    yield { type: 'stored', form: 'int4', bytes, loss: yield* judged(engine, held, batch) };
  } finally {
    for (const { index } of engine.modules) await engine.setWeight(index, null);
  }
}

const partsOf = async (
  { modules }: LosaEngine,
  { use, ranks }: LosaModel,
): Promise<PrunedParts> => ({
  masks: modules.map((m) => defined(use.masks.bits(m.index))),
  adapters: truncated(
    await use.adapters.values(),
    (module) => ranks[elementAt(modules, module).layer]!,
  ),
  scale: SCALE,
});
