/**
 * LoRA: a frozen weight learns a low-rank change, `y = W x + s · B (A x)`.
 *
 * Source: microsoft/LoRA and huggingface/peft; methods.md §1. `A` begins as `U(−1/√in, 1/√in)`
 * (PEFT's Kaiming uniform with a = √5), `B` as zeros, so that training starts from the model
 * itself. The forward always goes through the adapter; it is merged only when it is handed on.
 */
import type { ModuleInfo } from '../compiler/modules.ts';
import { uniform } from '../device/random.ts';
import { moduleKeys } from '../device/streams.ts';
import type { AdapterValues } from '../engine/engine.ts';

export interface LoraScale {
  /** `fixed`: the same s for every rank; else α/r, or with rsLoRA α/√r. */
  kind: 'alpha' | 'rslora' | 'fixed';
  /** α, or s itself. */
  value: number;
}

/** `s` of an adapter of this rank. */
export function loraScale(rank: number, { kind, value }: LoraScale): number {
  if (kind === 'fixed') return value;
  return kind === 'rslora' ? value / Math.sqrt(rank) : value / rank;
}

/** A fresh adapter: `A` from stream (seed, module, 0) of the counter-based generator, `B` zeros. */
export function initialLora(
  seed: number,
  { index, inFeatures, outFeatures }: ModuleInfo,
  rank: number,
): AdapterValues {
  const keys = moduleKeys(seed, index, 0);
  const bound = 1 / Math.sqrt(inFeatures);
  const loraA = new Float32Array(rank * inFeatures);
  for (let i = 0; i < loraA.length; i++) loraA[i] = (2 * uniform(keys, i) - 1) * bound;
  return { module: index, rank, loraA, loraB: new Float32Array(outFeatures * rank) };
}

/** Fresh adapters at these ranks, one a module; modules of rank 0 have none. */
export function initialAdapters(
  seed: number,
  modules: readonly ModuleInfo[],
  ranks: readonly number[],
): AdapterValues[] {
  return modules
    .filter((m) => ranks[m.index]! > 0)
    .map((m) => initialLora(seed, m, ranks[m.index]!));
}

/**
 * The same changes of the weights at other scales: B is multiplied by `from / to` of its module.
 */
export const rescaled = (
  values: readonly AdapterValues[],
  from: (module: number) => number,
  to: (module: number) => number,
): AdapterValues[] =>
  values.map((v) => ({ ...v, loraB: v.loraB.map((b) => (b * from(v.module)) / to(v.module)) }));
