/**
 * A training's checkpoint as one safetensors file: adapters and AdamW's moments as tensors; the
 * experiment, and all that was found out so far, as metadata. Numbers come back to the bit.
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
import { firstIssue } from '../../spec/parse.ts';
import type { TrainingCheckpoint } from './run.ts';
import type { TrainingSpec } from './settings.ts';

const FORMAT = 'rank-atlas-checkpoint 1';

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

/** Tensors are named by module path. `hash`: of the model's files. */
export function writeCheckpoint(
  checkpoint: TrainingCheckpoint,
  { spec, hash, modules }: { spec: TrainingSpec; hash: string; modules: readonly ModuleInfo[] },
): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, FloatTensor>();
  checkpoint.values.forEach(({ module, rank, loraA, loraB }, i) => {
    const { path, inFeatures, outFeatures } = elementAt(modules, module);
    const a = [rank, inFeatures];
    const b = [outFeatures, rank];
    const moved = checkpoint.moments[i];
    tensors
      .set(`${path}.loraA`, { shape: a, data: loraA })
      .set(`${path}.loraB`, { shape: b, data: loraB });
    if (moved)
      for (const name of moments)
        tensors.set(`${path}.${name}`, { shape: name.endsWith('A') ? a : b, data: moved[name] });
  });
  return writeSafetensors(tensors, {
    format: FORMAT,
    model: hash,
    spec: JSON.stringify(spec),
    told: JSON.stringify(checkpoint.told),
  });
}

/**
 * The checkpoint in a file, if it is of this very experiment. Throws `bad-safetensors` for a
 * damaged file, `bad-checkpoint` for another experiment, another model's file, or tensors that are
 * not what the experiment's would be.
 */
export function readCheckpoint(
  bytes: Uint8Array,
  file: string,
  { spec, hash, modules }: { spec: TrainingSpec; hash: string; modules: readonly ModuleInfo[] },
): TrainingCheckpoint {
  const { tensors, metadata } = readSafetensors(bytes, file);
  const fail = (why: string): never => {
    throw new AtlasError('bad-checkpoint', { file, why });
  };
  if (metadata.get('format') !== FORMAT) fail('it is no checkpoint of a training');
  if (metadata.get('model') !== hash) fail('it was made with another model file');
  if (metadata.get('spec') !== JSON.stringify(spec))
    fail(`it was made by another experiment (${otherSetting(metadata.get('spec') ?? '', spec)})`);
  const told = z.array(finding).safeParse(json(metadata.get('told') ?? ''));
  if (!told.success) return fail(`at "${firstIssue(told.error).at}" ${firstIssue(told.error).why}`);
  const step = told.data.filter((f) => f.type === 'step').length;
  const values: AdapterValues[] = [];
  const kept: AdapterMoments[] = [];
  const trained = step < spec.training.steps;
  const read = (name: string, dims: readonly number[]): Float32Array => {
    const tensor = tensors.get(name);
    if (!tensor || tensor.type !== 'F32' || tensor.shape.join() !== dims.join())
      return fail(`${name.slice(0, 120)} is missing or of another size`);
    return toFloat32(tensor).slice();
  };
  for (const { index, path, inFeatures, outFeatures } of modules) {
    const rank = tensors.get(`${path}.loraA`)?.shape[0] ?? 0;
    const a = [rank, inFeatures];
    const b = [outFeatures, rank];
    if (rank === 0) continue;
    values.push({
      module: index,
      rank,
      loraA: read(`${path}.loraA`, a),
      loraB: read(`${path}.loraB`, b),
    });
    if (trained)
      kept.push({
        firstA: read(`${path}.firstA`, a),
        secondA: read(`${path}.secondA`, a),
        firstB: read(`${path}.firstB`, b),
        secondB: read(`${path}.secondB`, b),
      });
  }
  return { step, values, moments: kept, told: told.data };
}

const json = (text: string): unknown => {
  try {
    return parseJson(new TextEncoder().encode(text)).value;
  } catch {
    return null;
  }
};

/** The first part of the experiment that another one has differently. */
function otherSetting(text: string, spec: TrainingSpec): string {
  const other = json(text) as Record<string, unknown> | null;
  return (
    Object.keys(spec).find(
      (key) => JSON.stringify(other?.[key]) !== JSON.stringify(spec[key as keyof TrainingSpec]),
    ) ?? 'of another version'
  );
}
