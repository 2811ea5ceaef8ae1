/**
 * `rank-atlas train`: runs the study "train" with ranks, texts and a start adapter from files.
 * `--out` writes the adapter in PEFT's format.
 */
import { defined } from '../src/checked.ts';
import { exportPeft } from '../src/adapters/peft.ts';
import { AtlasError } from '../src/errors.ts';
import { fromTrainingFile } from '../src/experiment/earlier.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { loraScale } from '../src/methods/lora.ts';
import { largestRank, rankAt, truncated } from '../src/methods/qdylora.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';
import {
  readCheckpoint,
  writeCheckpoint,
  type CheckpointOf,
} from '../src/studies/train/checkpoint-file.ts';
import { trainPresets } from '../src/studies/train/presets.ts';
import type { TrainCheckpoint } from '../src/studies/train/run.ts';
import { TRAINED } from '../src/studies/train/study.ts';
import type { TrainState } from '../src/studies/train/state.ts';
import { writeAdapter } from './adapter-files.ts';
import { checkpointInFile, type CheckpointWriter } from './checkpoints.ts';
import { readBytes, readJson } from './disk.ts';
import { experimentNamed } from './experiment-argument.ts';
import type { Command, Options } from './options.ts';
import { runStudy } from './run-study.ts';
import { ownText, settingsOf, trainingSettings } from './settings.ts';
import type { OpenStudy } from './study.ts';

export const train: Command = async (argument, options) => {
  const { spec: named } = await experimentNamed(
    argument,
    new Map(Object.entries(trainPresets)),
    (file) => fromTrainingFile(file) ?? file,
  );
  const spec = await withOptions(named, options);
  const { rank, out, from: adapter, checkpoint, resume } = options;
  if (rank !== undefined && (spec.train.method.name !== 'qdylora' || out === undefined))
    throw new AtlasError('usage', { why: '--rank needs qdylora and --out' });
  const resumed = resume === undefined ? null : readCheckpoint(await readBytes(resume), resume);
  await runStudy(
    'train',
    spec,
    { ...options, adapter },
    {
      checkpoint: (opened) => writerOf(opened, checkpoint, resumed),
      // Check the rank before training starts.
      onEvent: ({ maxRank }, { type }) => {
        if (type === 'start') rankToWrite(rank, maxRank);
      },
      write: async (state, opened) => {
        if (out !== undefined) await writeTrained({ to: out, rank, state, opened });
      },
    },
  );
  return 0;
};

/**
 * Applies `--text`, `--held`, `--ranks`, `--from`, `--seed`, `--bos` and `--set` to the experiment.
 */
async function withOptions(spec: ExperimentSpec, options: Options): Promise<ExperimentSpec> {
  const { text, held, ranks, from } = options;
  if (ranks !== undefined && from !== undefined)
    throw new AtlasError('usage', {
      why: '--from sets the ranks; --ranks cannot be used with it',
    });
  if ((text === undefined) !== (held === undefined))
    throw new AtlasError('usage', {
      why: '--text (for training) and --held (for evaluation) need each other',
    });
  const texts =
    text === undefined || held === undefined
      ? {}
      : { train: await ownText(text), held: await ownText(held) };
  const changed = parseSpec({
    ...spec,
    study: 'train',
    training: { ...spec.training, ...texts },
    train: {
      ...spec.train,
      ...(ranks !== undefined && { ranks: { kind: 'listed', ranks: await ranksIn(ranks) } }),
      ...(from !== undefined && { start: 'given' }),
    },
  });
  return trainingSettings(changed, settingsOf(options));
}

/** Reads the ranks from a result file of `rank-atlas run --out`. Throws `bad-result`. */
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
 * Opens the checkpoint in the file of `--checkpoint` or in the cache, and chooses the state to
 * resume from.
 */
async function writerOf(
  { context: { spec, model }, model: { open }, checkpointWriter }: OpenStudy,
  checkpoint: string | undefined,
  resumed: ReturnType<typeof readCheckpoint> | null,
): Promise<{ writer: CheckpointWriter; from: unknown }> {
  const about: CheckpointOf = { spec, hash: open.hash, modules: model.modules };
  const opened =
    checkpoint === undefined
      ? await checkpointWriter<TrainCheckpoint>('train')
      : checkpointInFile<TrainCheckpoint>(checkpoint, (taken) => writeCheckpoint(taken, about));
  return { writer: opened, from: further(opened.from, resumed?.(about)) };
}

const reported = ({ trainings }: TrainCheckpoint): number =>
  trainings.reduce((sum, training) => sum + training.told.length, 0);

/** Returns the later of two checkpoints of the same training run. */
const further = (
  a: TrainCheckpoint | undefined,
  b: TrainCheckpoint | undefined,
): TrainCheckpoint | undefined => (a && b ? (reported(a) > reported(b) ? a : b) : (a ?? b));

/** Validates `--rank`. Returns null for the knee (and for LoRA, which has only one rank). */
function rankToWrite(rank: string | undefined, maxRank: number): number | null {
  if (rank === undefined) return null;
  const chosen = Number(rank);
  if (!Number.isInteger(chosen) || chosen < 1 || chosen > maxRank)
    throw new AtlasError('usage', {
      why: `--rank is "${rank.slice(0, 20)}", not a whole number from 1 to ${maxRank}`,
    });
  return chosen;
}

/**
 * Exports the adapter at `--rank` of the largest module or at the knee. Each module uses the same
 * fraction of its own rank.
 */
async function writeTrained({
  to,
  rank,
  state,
  opened: { adapters, model },
}: {
  to: string;
  rank: string | undefined;
  state: TrainState;
  opened: OpenStudy;
}): Promise<void> {
  const { values } = defined(adapters.get(TRAINED));
  const result = defined(state.result);
  const { scale } = result.spec.train;
  const ranks = new Map(values.map((v) => [v.module, v.rank]));
  const maxRank = largestRank([...ranks.values()]);
  const exportedRank = rankToWrite(rank, maxRank) ?? result.curve?.knee ?? maxRank;
  const rankOf = (module: number) => rankAt(exportedRank, defined(ranks.get(module)), maxRank);
  const files = exportPeft({
    modules: model.compiled.modules,
    adapters: truncated(values, rankOf),
    scale: (module) => loraScale(rankOf(module), scale),
    rsLora: scale.kind === 'rslora',
    baseModel: model.open.title,
    taskType: 'CAUSAL_LM',
  });
  const summary = new TextEncoder().encode(
    `${JSON.stringify(result.curve ? { ...result, exportedRank } : result, null, 1)}\n`,
  );
  await writeAdapter(to, new Map<string, Uint8Array>([...files, ['training.json', summary]]));
}
