/**
 * How much memory a model and a batch will take, before either is loaded: the picker's bar, and the refusal.
 *
 * An estimate of the buffers the engine makes, to within a few ten per cent; nothing is measured here.
 */

export interface MemoryFacts {
  provider: 'webgpu' | 'wasm';
  /** Bytes of the graph and its external files. */
  modelBytes: number;
  layers: number;
  hidden: number;
  vocab: number;
  /** Output features of the widest product of a block (gate_proj or up_proj). */
  widest: number;
  /** Attention heads; 0 if unknown. */
  heads: number;
  sequences: number;
  length: number;
}

/** Bytes. `total` is what is compared with the limit. */
export interface MemoryEstimate { weights: number; activations: number; workspace: number; total: number }

export function estimateMemory(_facts: MemoryFacts): MemoryEstimate {
  return { weights: 0, activations: 0, workspace: 0, total: 0 };
}

/** Bytes as people read them, decimal units: `61 MB`, `1.9 GB`. */
export function describeBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} bytes`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000, unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
