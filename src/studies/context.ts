/**
 * Studies: what an experiment runs once ranks are known, one of the plate's tabs each. A study is
 * an async generator of events, pulled like the run loop: whoever runs it pauses by not asking and
 * stops with `return()`. Everything it needs from outside comes in through its context, so that the
 * page's thread and the command line run the very same code.
 */
import { defined } from '../checked.ts';
import type {
  Adapters,
  AdapterValues,
  FullEngine,
  ProviderInfo,
  TokenBatch,
} from '../engine/engine.ts';
import type { Control } from '../methods/importance/measuring.ts';
import type { Threads } from '../methods/compress/pool.ts';
import { loraScale, type LoraScale } from '../methods/lora.ts';
import { largestRank, rankAt, truncated } from '../methods/qdylora.ts';
import type { CheckpointDoor } from './checkpoint.ts';
import type { ModelFacts } from './map/events.ts';
import type { MadeBase } from './made-base.ts';
import type { ExperimentSpec } from './spec.ts';
import type { TextRef } from '../spec/spec.ts';

/** The linear layers' weights in another form than the file's. */
export type WeightForm = 'nf4' | 'float32';

/** A trained adapter that outlives its study: to generate with, to export, to go on from. */
export interface KeptAdapter {
  /** `race/adarank`, `train`, `imported`, … */
  name: string;
  values: AdapterValues[];
  /** `s` of each of `values`. */
  scales: number[];
  /** Trained to be good at every rank (DyLoRA): `s` at any lower rank. */
  dyLora?: { scale: LoraScale };
  /** What it was trained on. */
  base: 'as-is' | WeightForm;
}

export interface StudyContext {
  spec: ExperimentSpec;
  model: ModelFacts;
  provider: ProviderInfo;
  versions: { rankAtlas: string; onnxruntime: string };
  engine: FullEngine;
  /** The map's importances by module index, where there is a map; null before. */
  importances: readonly number[] | null;
  /** A text cut into sequences; fewer than asked for where it is short. Throws `bad-text`. */
  tokens(text: TextRef, shape: { sequences: number; length: number }): Promise<TokenBatch>;
  /** A text by itself, as what goes on from another one. */
  encode(text: string): Promise<Int32Array>;
  /** A text from the model's beginning on: the experiment's BOS first. Throws `no-bos`. */
  prompt(text: string): Promise<Int32Array>;
  /** Tokens as text; ids may end within a character. */
  decode(ids: ArrayLike<number>): Promise<string>;
  /** Tokens any of which ends a text. */
  endTokens(): Promise<readonly number[]>;
  /** A file that comes with the product, by its path below `public/`. Throws `no-file`. */
  file?(path: string): Promise<string>;
  /** Other threads for decompositions; absent: there are none. */
  threads?(): Promise<Threads>;
  /**
   * Another engine over the same model with its linear layers in another form. The caller disposes
   * it. Throws `too-large`.
   */
  derive(form: WeightForm): Promise<FullEngine>;
  /**
   * Keeps what a study made of the model, so that other studies can run on it; absent: nobody wants
   * it.
   */
  keepBase?(base: MadeBase): void;
  /** Keeps a trained adapter under its name, in place of an earlier one. */
  keep(adapter: KeptAdapter): void;
  kept(name: string): KeptAdapter | undefined;
  /** The one kept last. */
  newest(): KeptAdapter | undefined;
  /** Where checkpoints go and come from; absent: none are kept. */
  checkpoint?: CheckpointDoor;
  /** How much is measured between two events; absent: as much at a time as computes well. */
  control?: Control;
  /** Milliseconds, monotonic. */
  now(): number;
}

/** How a kept adapter takes part in a run, once it is on the provider. */
export const adapterUse = ({ values, scales }: KeptAdapter, adapters: Adapters) => {
  const byModule = new Map(values.map((v, i) => [v.module, scales[i]!]));
  return { adapters, scale: (module: number) => byModule.get(module) ?? 0 };
};

/**
 * An adapter that is good at every rank, cut down to rank `b` of its largest module (the same
 * fraction of the others); any other one as it is.
 */
export function keptAtRank(kept: KeptAdapter, b: number): KeptAdapter {
  if (!kept.dyLora) return kept;
  const { scale } = kept.dyLora;
  const most = largestRank(kept.values.map((v) => v.rank));
  const ranks = new Map(kept.values.map((v) => [v.module, v.rank]));
  const values = truncated(kept.values, (module) =>
    rankAt(Math.min(b, most), defined(ranks.get(module)), most),
  );
  return {
    name: kept.name,
    base: kept.base,
    values,
    scales: values.map((v) => loraScale(v.rank, scale)),
  };
}
