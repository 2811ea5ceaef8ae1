/** Token batches and probes for tests. */
import type { Engine, Probe, TokenBatch } from '../engine.ts';

export const batchOf = (vocab: number, sequences = 2, length = 5): TokenBatch => ({
  ids: Int32Array.from({ length: sequences * length }, (_, i) => (i * 17 + 3) % vocab),
  sequences,
  length,
});

/** One probe per module of a layer, with draws 0 and 1. */
export const probesOf = (engine: Engine, layer: number, change: Partial<Probe> = {}): Probe[] =>
  engine.modules
    .filter((m) => m.layer === layer)
    .map(({ index }) => {
      const std = engine.weightStd(index);
      return {
        module: index,
        a: { seed: 1, draw: 0, std },
        b: { seed: 1, draw: 1, std },
        ...change,
      };
    });

/** Largest relative difference. */
export const apart = (got: Float64Array | number[], want: Float64Array | number[]) =>
  Math.max(...Array.from(want, (w, i) => Math.abs(got[i]! - w) / Math.abs(w)));
