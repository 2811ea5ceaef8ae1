/** How much memory a training step will take, before it is taken; the estimate of `memory.ts` for training. */
import { AtlasError } from '../errors.ts';
import { adapterBytes, BACKWARD, chunkTokens, copyBytes, describeBytes, type Model } from './memory.ts';

/** Sequences of a step's batch, their length, and the rank of every module's adapter. */
export interface TrainingLoad { sequences: number; length: number; ranks: readonly number[] }

/** Logits, exponentials, probabilities and errors of a chunk of the vocabulary. */
const HEAD_COPIES = 4;

/**
 * Bytes of a training step beside the model's own weights and the runtime: adapters with gradients and moments, the residual stream,
 * a block on its way back with its weights unpacked, the head. `kept`: and of every block what its backward pass needs, so that
 * nothing is worked out twice.
 */
export function trainingBytes(model: Model, { sequences, length, ranks }: TrainingLoad, kept: boolean): number {
  const { blocks, hidden, heads, layers, modules } = model, tokens = sequences * length, ofLayer = blocks.map((_, layer) => modules.filter((m) => m.layer === layer));
  const parameters = sum(modules, (m, i) => ranks[i]! * (m.inFeatures + m.outFeatures)), stream = 4 * tokens * hidden * (layers + 2);
  const unpacked = 4 * Math.max(...ofLayer.map((own) => sum(own, (m) => m.inFeatures * m.outFeatures)));
  const block = BACKWARD * copyBytes(model, { sequences, length }) + unpacked, head = 4 * chunkTokens(model) * (HEAD_COPIES * tokens + hidden);
  // Outputs of its products and of attention, attention's probabilities, and x Aᵀ of each adapter.
  const left = blocks.map(({ sites }) => sum(sites, (s) => s.width) + hidden + (heads ?? Math.ceil(hidden / 64)) * length);
  return adapterBytes(parameters) + stream + Math.max(block, head) + (kept ? 4 * tokens * (sum(left, (n) => n) + sum(ranks, (r) => r)) : 0);
}

/** Throws `training-too-large`, which says what would fit, when such a step needs more than `budget` bytes beside the model. */
export function checkTraining(model: Model, load: TrainingLoad, budget: number): void {
  const needed = trainingBytes(model, load, false), { sequences, length } = load;
  if (needed <= budget) return;
  let fit = 0;
  for (let step = 2 ** 16; step >= 1; step /= 2) if (trainingBytes(model, { ...load, sequences: fit + step }, false) <= budget) fit += step;
  throw new AtlasError('training-too-large', { needed: describeBytes(needed), allowed: describeBytes(Math.max(0, budget)), sequences, length, fit });
}

const sum = <T>(items: readonly T[], of: (item: T, index: number) => number): number => items.reduce((total, item, i) => total + of(item, i), 0);
