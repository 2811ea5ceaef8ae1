/**
 * Stores a checkpoint of the train study as one safetensors file. Adapters and AdamW's moments are
 * tensors; settings, ranks and findings are metadata. Numbers round-trip bit for bit.
 */
import * as z from 'zod/mini';
import { elementAt } from '../../checked.ts';
import type { ModuleInfo } from '../../compiler/modules.ts';
import type { AdapterMoments, AdapterValues } from '../../engine/engine.ts';
import { AtlasError } from '../../errors.ts';
import { parseJson } from '../../model/json.ts';
import {
  readSafetensors,
  toFloat32,
  writeSafetensors,
  type FloatTensor,
} from '../../model/safetensors.ts';
import '../../spec/messages.ts';
import { firstIssue, isObject } from '../../spec/parse.ts';
import { settingsUsed } from '../checkpoint.ts';
import type { ExperimentSpec } from '../spec.ts';
import type { TrainCheckpoint } from './run.ts';
import type { TrainingCheckpoint } from './training.ts';

const FORMAT = 'rank-atlas-checkpoint';
const VERSION = 2;

const moments = ['firstA', 'secondA', 'firstB', 'secondB'] as const;

const finding = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('step'),
    step: z.int(),
    loss: z.number(),
    gradNorm: z.number(),
    learningRate: z.number(),
    milliseconds: z.number(),
  }),
  z.strictObject({ type: z.literal('evaluation'), step: z.int(), loss: z.number() }),
  z.strictObject({ type: z.literal('rank'), rank: z.int(), loss: z.number() }),
]);

const statusSchema = z.strictObject({
  ranks: z.array(z.int().check(z.gte(0))),
  told: z.array(z.array(finding)).check(z.minLength(1)),
});

/** What a checkpoint belongs to. `hash`: hash of the model's files. */
export interface CheckpointOf {
  spec: ExperimentSpec;
  hash: string;
  modules: readonly ModuleInfo[];
}

const settingsOf = (spec: ExperimentSpec): Record<string, unknown> =>
  Object.fromEntries(settingsUsed('train', spec));

/** Tensors are named by the number of the training run and the module's path. */
export function writeCheckpoint(
  { ranks, trainings }: TrainCheckpoint,
  { spec, hash, modules }: CheckpointOf,
): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, FloatTensor>();
  for (const [training, { values, moments: moved }] of trainings.entries())
    for (const [i, { module, rank, loraA, loraB }] of values.entries()) {
      const { path, inFeatures, outFeatures } = elementAt(modules, module);
      const a = [rank, inFeatures];
      const b = [outFeatures, rank];
      const name = `${training}.${path}`;
      tensors
        .set(`${name}.loraA`, { shape: a, data: loraA })
        .set(`${name}.loraB`, { shape: b, data: loraB });
      const own = moved[i];
      if (own)
        for (const moment of moments)
          tensors.set(`${name}.${moment}`, {
            shape: moment.endsWith('A') ? a : b,
            data: own[moment],
          });
    }
  return writeSafetensors(tensors, {
    format: `${FORMAT} ${VERSION}`,
    model: hash,
    settings: JSON.stringify(settingsOf(spec)),
    status: JSON.stringify({ ranks, told: trainings.map((t) => t.told) }),
  });
}

/**
 * Reads a checkpoint file before the model is loaded; the result returns the checkpoint for an
 * experiment. Throws `bad-safetensors` for a damaged file and `bad-checkpoint` for another format
 * or an earlier version.
 */
export function readCheckpoint(
  bytes: Uint8Array,
  file: string,
): (of: CheckpointOf) => TrainCheckpoint {
  const opened = readSafetensors(bytes, file);
  const format = opened.metadata.get('format') ?? '';
  if (format !== `${FORMAT} ${VERSION}`)
    throw new AtlasError('bad-checkpoint', {
      file,
      why:
        format === `${FORMAT} 1`
          ? 'an earlier version of Rank Atlas wrote it'
          : 'it is not a checkpoint of a training run',
    });
  return (of) => checkpointIn(opened, file, of);
}

/**
 * Returns the checkpoint if it belongs to this experiment. Throws `bad-checkpoint` for another
 * experiment, another model file, or tensors that do not match the experiment.
 */
function checkpointIn(
  { tensors, metadata }: ReturnType<typeof readSafetensors>,
  file: string,
  { spec, hash, modules }: CheckpointOf,
): TrainCheckpoint {
  const fail = (why: string): never => {
    throw new AtlasError('bad-checkpoint', { file, why });
  };
  if (metadata.get('model') !== hash) fail('it belongs to another model file');
  const settings = settingsOf(spec);
  if (metadata.get('settings') !== JSON.stringify(settings))
    fail(`it belongs to another experiment: ${otherSetting(metadata.get('settings'), settings)}`);
  const status = statusSchema.safeParse(json(metadata.get('status')));
  if (!status.success) {
    const { at, why } = firstIssue(status.error);
    return fail(`at "${at}" ${why}`);
  }
  const { ranks, told } = status.data;
  if (ranks.length !== modules.length) fail('its ranks belong to other modules');
  const read = (name: string, dims: readonly number[]): Float32Array => {
    const tensor = tensors.get(name);
    if (!tensor || tensor.type !== 'F32' || tensor.shape.join() !== dims.join())
      return fail(`${name.slice(0, 120)} is missing or has another size`);
    return toFloat32(tensor).slice();
  };
  const trainingAt = (training: number, findings: TrainingCheckpoint['told']) => {
    const step = findings.filter((f) => f.type === 'step').length;
    const values: AdapterValues[] = [];
    const moments: AdapterMoments[] = [];
    for (const { index, path, inFeatures, outFeatures } of modules) {
      const name = `${training}.${path}`;
      const rank = tensors.get(`${name}.loraA`)?.shape[0] ?? 0;
      if (rank === 0) continue;
      const a = [rank, inFeatures];
      const b = [outFeatures, rank];
      values.push({
        module: index,
        rank,
        loraA: read(`${name}.loraA`, a),
        loraB: read(`${name}.loraB`, b),
      });
      if (step < spec.training.steps)
        moments.push({
          firstA: read(`${name}.firstA`, a),
          secondA: read(`${name}.secondA`, a),
          firstB: read(`${name}.firstB`, b),
          secondB: read(`${name}.secondB`, b),
        });
    }
    return { step, values, moments, told: findings };
  };
  return { ranks, trainings: told.map((findings, i) => trainingAt(i, findings)) };
}

const json = (text = ''): unknown => {
  try {
    return parseJson(new TextEncoder().encode(text)).value;
  } catch {
    return null;
  }
};

/** The first setting that differs in the other experiment. */
function otherSetting(text: string | undefined, settings: Record<string, unknown>): string {
  const other = json(text);
  const theirs = isObject(other) ? other : {};
  return (
    Object.keys(settings).find(
      (key) => JSON.stringify(theirs[key]) !== JSON.stringify(settings[key]),
    ) ?? 'saved by another version'
  );
}
