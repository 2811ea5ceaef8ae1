/**
 * `rank-atlas train`: adapters at given ranks, trained on a text and judged on a held-out one;
 * progress on stderr, the losses (with qdylora those of every rank) on stdout, the adapter in
 * PEFT's format with `--out`.
 */
import { defined, elementAt } from '../src/checked.ts';
import { adapterPlaces } from '../src/compiler/modules.ts';
import { AtlasError } from '../src/errors.ts';
import { readCheckpoint, writeCheckpoint } from '../src/studies/train/checkpoint-file.ts';
import { exportPeft, type PeftImport } from '../src/adapters/peft.ts';
import { withSettings } from '../src/experiment/settings.ts';
import {
  isTrainingPreset,
  parseTraining,
  trainingSchema,
  trainingPresets,
  type TrainingSpec,
} from '../src/studies/train/settings.ts';
import {
  ranksOf,
  runTraining,
  scaleOf,
  type TrainingCheckpoint,
  type TrainingResult,
} from '../src/studies/train/run.ts';
import type { AdapterValues } from '../src/engine/engine.ts';
import { storedSize } from '../src/engine/nf4-model.ts';
import { rescaled } from '../src/methods/lora.ts';
import { largestRank, rankAt, truncated } from '../src/methods/qdylora.ts';
import { describeBytes } from '../src/model/figures.ts';
import { factsIn, factsOf, type LoadedModel } from '../src/runtime/load.ts';
import { versionsOf } from '../src/runtime/versions.ts';
import { writeAdapter } from './adapter-files.ts';
import { digestOf, keeperIn, keeperOf } from './checkpoints.ts';
import { sayBos, tokensOf } from './data.ts';
import { readBytes, readJson } from './disk.ts';
import { startEngine, warnOfTraining } from './engine.ts';
import { adapterAt } from './import.ts';
import type { Command, Options } from './options.ts';
import { loadFor } from './model-files.ts';
import { clearLine, line } from './progress.ts';
import { ownText, settingsOf } from './settings.ts';
import { steps } from './stopping.ts';

export const train: Command = async (argument, options) => {
  let spec = await withOptions(await experimentOf(argument), options);
  const model = await loadFor(options, spec.model);
  const given = options.from === undefined ? null : await adapterAt(options.from, model);
  spec.model = { id: model.open.id };
  if (given) spec = beginningWith(given, spec, model);
  const start = given
    ? rescaled(given.adapters, given.scale, (module) =>
        scaleOf(spec, defined(given.adapters.find((a) => a.module === module)).rank),
      )
    : undefined;
  const { length, heldSequences, bos } = spec;
  const rank = rankToWrite(spec, largestRank(ranksOf(spec, factsOf(model))), options);
  const data = {
    train: await tokensOf(spec.train, { sequences: Infinity, length, bos }, model),
    held: await tokensOf(spec.held, { sequences: heldSequences, length, bos }, model),
  };
  const facts = await factsIn({ texts: [spec.train, spec.held], bos }, model);
  const about = { spec, hash: model.open.hash, modules: model.compiled.modules };
  const resumed =
    options.resume === undefined
      ? undefined
      : readCheckpoint(await readBytes(options.resume), options.resume, about);

  const { engine, runtime, compiled } = await startEngine(model, options, spec.base);
  const versions = versionsOf(runtime.ort);
  try {
    sayBos(facts.bos);
    await warnOfTraining(engine);
    if (spec.base === 'nf4') {
      const { bytes, perWeight } = storedSize(compiled);
      console.error(
        `linear layers in NF4: ${describeBytes(bytes)}, ${perWeight.toFixed(3)} bytes a weight`,
      );
    }
    const keeper =
      options.checkpoint === undefined
        ? await keeperOf<TrainingCheckpoint>('train', [
            versions.rankAtlas,
            about.hash,
            spec,
            engine.provider,
            given && digestOf(given.adapters, given.scale),
          ])
        : keeperIn<TrainingCheckpoint>(options.checkpoint, (checkpoint) =>
            writeCheckpoint(checkpoint, about),
          );
    const from = further(keeper.from, resumed);
    const training = runTraining({
      spec,
      engine,
      provider: engine.provider,
      model: facts,
      versions,
      data,
      start,
      from,
      offer: (take) => keeper.offer(take),
    });
    for await (const event of steps(training, keeper)) {
      if (event.type === 'start')
        console.error(
          `${event.parameters} parameters; ${event.sequences} sequences to train on, ${event.heldSequences} held out`,
        );
      else if (event.type === 'step')
        line(`Step ${event.step} of ${spec.training.steps}, loss ${event.loss.toFixed(4)}`);
      else if (event.type === 'judging') line(`Judging, ${event.done} of ${event.of}`);
      else if (event.type === 'evaluation') {
        clearLine();
        console.log(
          `after ${String(event.step).padStart(5)} steps: held-out loss ${event.loss.toFixed(4)}`,
        );
      } else if (event.type === 'rank') {
        clearLine();
        console.log(
          `rank ${String(event.rank).padStart(5)}: held-out loss ${event.loss.toFixed(4)}`,
        );
      } else {
        const { curve } = event.result;
        if (options.out !== undefined)
          await writeTrained({
            to: options.out,
            result: event.result,
            adapters: event.adapters,
            model,
            chosen: rank,
          });
        if (curve)
          console.log(
            `knee: rank ${curve.knee}, the smallest that keeps 95 % of the best improvement`,
          );
      }
    }
  } finally {
    clearLine();
    await engine.dispose();
  }
  return 0;
};

/** Of two checkpoints of one training the one that has come further; they lie on the same way. */
const further = (
  a: TrainingCheckpoint | undefined,
  b: TrainingCheckpoint | undefined,
): TrainingCheckpoint | undefined => (a && b ? (a.told.length > b.told.length ? a : b) : (a ?? b));

/** A spec file, or the name of a method for its defaults. */
async function experimentOf(argument: string): Promise<TrainingSpec> {
  if (isTrainingPreset(argument)) return parseTraining(trainingPresets[argument]);
  return parseTraining(
    await readJson(
      argument,
      `"${argument.slice(0, 200)}" is neither a spec file nor one of ${Object.keys(trainingPresets).join(', ')}`,
    ),
  );
}

/** The experiment at the ranks of the adapter that `--from` gave. */
function beginningWith(
  { adapters }: PeftImport,
  spec: TrainingSpec,
  { compiled }: LoadedModel,
): TrainingSpec {
  const places = adapterPlaces(compiled);
  return {
    ...spec,
    adapter: {
      ...spec.adapter,
      start: 'given',
      ranks: {
        kind: 'listed',
        ranks: Object.fromEntries(adapters.map((a) => [elementAt(places, a.module).path, a.rank])),
      },
    },
  };
}

/** `--rank`, or null for the knee (and for LoRA, which has one rank only). */
function rankToWrite(
  { method }: TrainingSpec,
  most: number,
  { rank, out }: Options,
): number | null {
  if (rank === undefined) return null;
  if (method.name !== 'qdylora' || out === undefined)
    throw new AtlasError('usage', { why: '--rank chooses what qdylora writes with --out' });
  const chosen = Number(rank);
  if (!Number.isInteger(chosen) || chosen < 1 || chosen > most)
    throw new AtlasError('usage', {
      why: `--rank is "${rank.slice(0, 20)}", not a whole number from 1 to ${most}`,
    });
  return chosen;
}

/** `--text`, `--held`, `--ranks`, `--seed`, `--bos` and `--set` over the experiment. */
async function withOptions(spec: TrainingSpec, options: Options): Promise<TrainingSpec> {
  const { text, held, ranks, from } = options;
  if (ranks !== undefined && from !== undefined)
    throw new AtlasError('usage', {
      why: '--from brings its own ranks, so --ranks cannot be given with it',
    });
  if ((text === undefined) !== (held === undefined))
    throw new AtlasError('usage', {
      why: '--text, to train on, and --held, to judge by, come together',
    });
  const texts =
    text === undefined || held === undefined
      ? {}
      : { train: await ownText(text), held: await ownText(held) };
  const listed =
    ranks === undefined
      ? {}
      : {
          adapter: {
            ...spec.adapter,
            ranks: { kind: 'listed' as const, ranks: await ranksIn(ranks) },
          },
        };
  return parseTraining(
    withSettings({ ...spec, ...texts, ...listed }, settingsOf(options), trainingSchema),
  );
}

/** The ranks of a result file of `rank-atlas run --out`. */
async function ranksIn(path: string): Promise<Record<string, number>> {
  const { modules } = (await readJson(path, `${path} is not a result file`)) as {
    modules?: unknown;
  };
  const entries = Array.isArray(modules)
    ? (modules as { path?: unknown; rank?: unknown }[]).map(({ path: module, rank }) => [
        module,
        rank,
      ])
    : [];
  if (entries.length === 0)
    throw new AtlasError('bad-result', { file: path, at: 'modules', why: 'there are none' });
  return Object.fromEntries(entries) as Record<string, number>;
}

/**
 * At rank `chosen` of the largest, or at the knee; each module at the same fraction of its own
 * rank.
 */
async function writeTrained({
  to,
  result,
  adapters,
  model,
  chosen,
}: {
  to: string;
  result: TrainingResult;
  adapters: readonly AdapterValues[];
  model: LoadedModel;
  chosen: number | null;
}): Promise<void> {
  const { spec } = result;
  const ranks = new Map(adapters.map((a) => [a.module, a.rank]));
  const most = largestRank([...ranks.values()]);
  const exportedRank = chosen ?? result.curve?.knee ?? most;
  const rankOf = (module: number) => rankAt(exportedRank, defined(ranks.get(module)), most);
  const files = exportPeft({
    modules: model.compiled.modules,
    adapters: truncated(adapters, rankOf),
    scale: (module) => scaleOf(spec, rankOf(module)),
    rsLora: spec.adapter.scale.kind === 'rslora',
    baseModel: model.open.title,
    taskType: 'CAUSAL_LM',
  });
  const told = new TextEncoder().encode(
    `${JSON.stringify(result.curve ? { ...result, exportedRank } : result, null, 1)}\n`,
  );
  await writeAdapter(to, new Map<string, Uint8Array>([...files, ['training.json', told]]));
}
