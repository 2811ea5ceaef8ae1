/**
 * LoRA: a frozen weight with a trainable low-rank update, `y = W x + s · B (A x)`.
 *
 * Source: microsoft/LoRA and huggingface/peft; methods.md §1. `A` starts as `U(−1/√in, 1/√in)`
 * (PEFT's Kaiming uniform with a = √5) and `B` as zeros, so training starts from the unmodified
 * model. The forward pass always applies the adapter separately; it is merged only for export.
 */
import type { ModuleInfo } from '../compiler/modules.ts';
import { uniform } from '../device/random.ts';
import { moduleKeys } from '../device/streams.ts';
import type { AdapterValues } from '../engine/engine.ts';

/** How the scale `s` follows from the rank. */
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

/**
 * An initial adapter: `A` from stream (seed, module, 0) of the counter-based generator, `B` zeros.
 */
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

/** Initial adapters at these ranks, one per module; none for modules of rank 0. */
export function initialAdapters(
  seed: number,
  modules: readonly ModuleInfo[],
  ranks: readonly number[],
): AdapterValues[] {
  return modules
    .filter((m) => ranks[m.index]! > 0)
    .map((m) => initialLora(seed, m, ranks[m.index]!));
}

/** The same weight updates at other scales: multiplies B by `from / to` of its module. */
export const rescaled = (
  values: readonly AdapterValues[],
  from: (module: number) => number,
  to: (module: number) => number,
): AdapterValues[] =>
  values.map((v) => ({ ...v, loraB: v.loraB.map((b) => (b * from(v.module)) / to(v.module)) }));
