/** Adapters that outlive the study that trained them, for generation, export or more training. */
import { defined } from '../checked.ts';
import type { Adapters, AdapterValues } from '../engine/engine.ts';
import { loraScale, type LoraScale } from '../methods/lora.ts';
import { largestRank, rankAt, truncated } from '../methods/qdylora.ts';
import type { DerivedForm } from './context.ts';

export interface SavedAdapter {
  /** `race/adarank`, `train`, `imported`, … */
  name: string;
  values: AdapterValues[];
  /** The scale `s` of each entry of `values`. */
  scales: number[];
  /** Set if the adapter was trained for every rank (DyLoRA): gives `s` at any lower rank. */
  dyLora?: { scale: LoraScale };
  /** The base it was trained on. */
  base: 'as-is' | DerivedForm;
}

/** How a forward pass uses a saved adapter after its upload to the provider. */
export const adapterUse = ({ values, scales }: SavedAdapter, adapters: Adapters) => {
  const byModule = new Map(values.map((v, i) => [v.module, scales[i]!]));
  return { adapters, scale: (module: number) => byModule.get(module) ?? 0 };
};

/**
 * Truncates an adapter trained for every rank: the largest module to rank `b`, the others by the
 * same fraction. Returns any other adapter unmodified.
 */
export function adapterAtRank(adapter: SavedAdapter, b: number): SavedAdapter {
  if (!adapter.dyLora) return adapter;
  const { scale } = adapter.dyLora;
  const maxRank = largestRank(adapter.values.map((v) => v.rank));
  const ranks = new Map(adapter.values.map((v) => [v.module, v.rank]));
  const values = truncated(adapter.values, (module) =>
    rankAt(Math.min(b, maxRank), defined(ranks.get(module)), maxRank),
  );
  return {
    name: adapter.name,
    base: adapter.base,
    values,
    scales: values.map((v) => loraScale(v.rank, scale)),
  };
}
