/**
 * Everything a study needs from outside, so that the worker and the command line run the same code.
 * A study is an async generator of events: its caller pauses by not requesting the next event and
 * stops with `return()`.
 */
import type { FullEngine, ProviderInfo, TokenBatch } from '../engine/engine.ts';
import type { Control } from '../methods/importance/measuring.ts';
import type { Threads } from '../methods/compress/pool.ts';
import type { CheckpointPort } from './checkpoint.ts';
import type { ModelFacts } from './map/events.ts';
import type { DerivedBase } from './derived-base.ts';
import type { SavedAdapter } from './saved-adapter.ts';
import type { ExperimentSpec } from './spec.ts';
import type { TextRef } from '../spec/spec.ts';

/** A form of the linear layers' weights other than the file's. */
export type DerivedForm = 'nf4' | 'float32';

export interface StudyContext {
  spec: ExperimentSpec;
  model: ModelFacts;
  provider: ProviderInfo;
  versions: { rankAtlas: string; onnxruntime: string };
  engine: FullEngine;
  /** The map's importances by module index; null before a map was measured. */
  importances: readonly number[] | null;
  /**
   * Tokenises a text and cuts it into sequences; fewer than requested if the text is too short.
   * Throws `bad-text`.
   */
  tokens(text: TextRef, shape: { sequences: number; length: number }): Promise<TokenBatch>;
  /** Tokenises a text without BOS, as the continuation of another text. */
  encode(text: string): Promise<Int32Array>;
  /** Tokenises a text as a prompt, after the experiment's BOS. Throws `no-bos`. */
  prompt(text: string): Promise<Int32Array>;
  /** Decodes tokens; `ids` may end within a character. */
  decode(ids: ArrayLike<number>): Promise<string>;
  /** The tokens that end a text. */
  endTokens(): Promise<readonly number[]>;
  /** Reads a file of the product by its path below `public/`. Throws `no-file`. */
  file?(path: string): Promise<string>;
  /** Other threads for decompositions; absent: none are available. */
  threads?(): Promise<Threads>;
  /**
   * Creates another engine over the same model with its linear layers in another form. The caller
   * disposes it. Throws `too-large`.
   */
  derive(form: DerivedForm): Promise<FullEngine>;
  /** Receives a base that the study made, so that other studies can run on it; absent: unused. */
  saveBase?(base: DerivedBase): void;
  /** Saves a trained adapter under its name and replaces an earlier one. */
  saveAdapter(adapter: SavedAdapter): void;
  savedAdapter(name: string): SavedAdapter | undefined;
  /** The most recently saved adapter. */
  newest(): SavedAdapter | undefined;
  /** The checkpoints of this study; absent: none are saved. */
  checkpoint?: CheckpointPort;
  /** How much is measured between two events; absent: as much as computes efficiently. */
  control?: Control;
  /** Monotonic time in milliseconds. */
  now(): number;
}
