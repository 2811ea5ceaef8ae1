/** Batches, adapters and optimiser settings for tests of training. */
import type { AdapterPlace } from '../src/compiler/modules.ts';
import { fillNormal, streamKeys } from '../src/device/random.ts';
import type { AdamWStep } from '../src/device/training-twins.ts';
import { tiny } from './tiny-decoder.ts';
import type { AdapterValues, TrainingBatch } from '../src/engine/engine.ts';

export const trainingBatch = (sequences = 2, length = 6): TrainingBatch => ({
  ids: Int32Array.from({ length: sequences * length }, (_, i) => (7 * i + i * i) % tiny.vocab),
  sequences,
  length,
});

/** Adapters with random A and B. Modules of rank 0 have none. */
export function randomAdapters<P extends AdapterPlace>(
  modules: readonly P[],
  rank: number | ((m: P) => number),
): AdapterValues[] {
  return modules.flatMap((m) => {
    const r = typeof rank === 'number' ? rank : rank(m);
    const normal = (stream: number, count: number) =>
      fillNormal(streamKeys(5, m.index, stream), new Float32Array(count), 0, 0.1);
    return r > 0
      ? [
          {
            module: m.index,
            rank: r,
            loraA: normal(0, r * m.inFeatures),
            loraB: normal(1, m.outFeatures * r),
          },
        ]
      : [];
  });
}

export const adamWStep = (over: Partial<AdamWStep>): AdamWStep => ({
  step: 1,
  learningRate: 0.02,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  maxNorm: null,
  ...over,
});

/** Chooses the most likely token. */
export const likeliest = (logits: Float32Array): number => logits.indexOf(Math.max(...logits));
