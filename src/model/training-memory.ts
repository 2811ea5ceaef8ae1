/**
 * Estimates the memory of training and pruning before it is allocated: the counterpart of
 * `memory.ts` for studies.
 */
import { AtlasError } from '../errors.ts';
import { describeBytes } from './figures.ts';
import { adapterBytes, BACKWARD, chunkTokens, copyBytes, headBytes, type Model } from './memory.ts';

/** Sequences per step, their length in tokens, and the rank of every module's adapter. */
export interface TrainingLoad {
  sequences: number;
  length: number;
  ranks: readonly number[];
}

/** Logits, exponentials, probabilities and errors of a vocabulary chunk. */
const HEAD_COPIES = 4;

/**
 * Bytes of a training step in addition to the model's weights and the runtime: adapters with
 * gradients and moments, the residual stream, the backward pass of one layer with its weights
 * unpacked, the head. `saved` adds the activations of every layer saved for backward, which avoids
 * recomputation.
 */
export function trainingBytes(
  model: Model,
  { sequences, length, ranks }: TrainingLoad,
  saved: boolean,
): number {
  const { blocks, hidden, heads, layers, modules } = model;
  const tokens = sequences * length;
  const ofLayer = blocks.map((_, layer) => modules.filter((m) => m.layer === layer));
  const parameters = sum(modules, (m, i) => ranks[i]! * (m.inFeatures + m.outFeatures));
  const stream = 4 * tokens * hidden * (layers + 2);
  const unpacked =
    4 * Math.max(...ofLayer.map((own) => sum(own, (m) => m.inFeatures * m.outFeatures)));
  const block = BACKWARD * copyBytes(model, { sequences, length }) + unpacked;
  const head = 4 * chunkTokens(model) * (HEAD_COPIES * tokens + hidden);
  // Outputs of a layer's products and of attention, attention probabilities, and x Aᵀ of each
  // adapter.
  const left = blocks.map(
    ({ sites }) => sum(sites, (s) => s.width) + hidden + (heads ?? Math.ceil(hidden / 64)) * length,
  );
  return (
    adapterBytes(parameters) +
    stream +
    Math.max(block, head) +
    (saved ? 4 * tokens * (sum(left, (n) => n) + sum(ranks, (r) => r)) : 0)
  );
}

/**
 * Throws `training-too-large`, with the batch size that would fit, if a step needs more than
 * `budget` bytes in addition to the model.
 */
export function checkTraining(model: Model, load: TrainingLoad, budget: number): void {
  const needed = trainingBytes(model, load, false);
  const { sequences, length } = load;
  if (needed <= budget) return;
  const fit = largest((n) => trainingBytes(model, { ...load, sequences: n }, false) <= budget);
  throw new AtlasError('training-too-large', {
    needed: describeBytes(needed),
    allowed: describeBytes(Math.max(0, budget)),
    sequences,
    length,
    fit,
  });
}

/** Bytes per weight in NF4 with decoded scales, and in float32 with its mask. */
const NF4 = 0.5 + 4 / 64;
const MASKED = 4 + 1 / 8;

/** Bytes of a second engine on the same model with linear layers in NF4. */
export const nf4Bytes = ({ modules, head }: Model): number =>
  NF4 * weights(modules) + headBytes(head);

/**
 * LoSA: calibration samples, sequences per training step, their length, and the capacity of every
 * module's adapter.
 */
export interface PruneLoad extends TrainingLoad {
  samples: number;
}

/**
 * Bytes of pruning in addition to the model: its layers in float32 with masks, the dense model's
 * residual stream on the samples, and the larger of a training step and the samples' pass through a
 * layer. Masked weights take the place of the unpacked ones.
 */
export function pruningBytes(model: Model, { samples, ...load }: PruneLoad): number {
  const { layers, hidden, modules, head } = model;
  const tokens = samples * load.length;
  const stream = 4 * tokens * hidden * (layers + 2);
  const passing = stream + copyBytes(model, { sequences: samples, length: load.length });
  return (
    MASKED * weights(modules) +
    headBytes(head) +
    stream +
    Math.max(passing, trainingBytes(model, load, false))
  );
}

/**
 * Throws `pruning-too-large`, with the number of samples that would fit, if pruning needs more than
 * `budget` bytes in addition to the model.
 */
export function checkPruning(model: Model, load: PruneLoad, budget: number): void {
  const needed = pruningBytes(model, load);
  const { samples, sequences, length } = load;
  if (needed <= budget) return;
  const fit = largest((n) => pruningBytes(model, { ...load, samples: n }) <= budget);
  throw new AtlasError('pruning-too-large', {
    needed: describeBytes(needed),
    allowed: describeBytes(Math.max(0, budget)),
    samples,
    sequences,
    length,
    fit,
  });
}

/** The largest number that fits, below 2^17; 0 if none does. */
function largest(fits: (n: number) => boolean): number {
  let max = 0;
  for (let step = 2 ** 16; step >= 1; step /= 2) if (fits(max + step)) max += step;
  return max;
}

const weights = (modules: Model['modules']): number =>
  sum(modules, (m) => m.inFeatures * m.outFeatures);

const sum = <T>(items: readonly T[], of: (item: T, index: number) => number): number =>
  items.reduce((total, item, i) => total + of(item, i), 0);
