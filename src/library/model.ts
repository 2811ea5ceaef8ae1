/** Opens a model for measuring, training and generating. */
import { loadOrt, defaultBudget, type Runtime } from '#ort';
import type { ModuleInfo } from '../compiler/modules.ts';
import { createEngine } from '../engine/cut-engine.ts';
import { WasmBackend } from '../engine/backends/wasm-backend.ts';
import { WebGpuBackend } from '../engine/backends/webgpu-backend.ts';
import type { FullEngine, ProviderKind, TokenBatch } from '../engine/engine.ts';
import { AtlasError } from '../errors.ts';
import type { BosSetting } from '../model/bos.ts';
import type { ModelFiles } from '../model/files.ts';
import { batchOf, loadModel, wordsOf, type LoadedModel } from '../runtime/load.ts';

/** Where and how a model is opened. */
export interface OpenModelOptions {
  /** Default `wasm`. `webgpu` in Node needs the package `webgpu`. */
  provider?: ProviderKind;
  /** Threads of the WASM provider. Default: all cores up to 8; 1 without cross-origin isolation. */
  threads?: number;
  /** Suffix of the graph's file: `q4`, `fp16`, … Default: the smallest that computes well. */
  dtype?: string;
  /**
   * Bytes for weights and workspace. Default: 4 GB; in Node at most half of the machine's memory.
   */
  memoryBudgetBytes?: number;
  /** Bytes read so far, and in total. */
  onProgress?(loaded: number, total: number): void;
}

/** Shape of a batch of tokens. */
export interface BatchOptions {
  sequences: number;
  /** Tokens per sequence, including BOS. */
  length: number;
  /** Whether BOS comes first: as the tokenizer's files specify (default), never, or always. */
  bos?: BosSetting;
}

/** An open model. Computes one call at a time; other calls wait in a queue. Must be disposed. */
export class Model {
  /** The whole engine, for operations that this library has no function for. */
  readonly engine: FullEngine;
  private readonly loaded: LoadedModel;

  /** @internal Use `openModel`. */
  constructor(loaded: LoadedModel, engine: FullEngine) {
    this.loaded = loaded;
    this.engine = engine;
  }

  /** Display name. */
  get title(): string {
    return this.loaded.open.title;
  }

  /** Every linear layer of the transformer blocks, by index: PyTorch path, shape, role, format. */
  get modules(): readonly ModuleInfo[] {
    return this.loaded.compiled.modules;
  }

  /**
   * The first tokens of a text, as `[sequences, length]`; fewer sequences if the text is short.
   * Throws `bad-text`, `no-bos`, and `part-missing` without a tokenizer.
   */
  batch(text: string, { bos = 'tokenizer', ...shape }: BatchOptions): Promise<TokenBatch> {
    return batchOf({ text: { kind: 'own', text }, bos, ...shape }, text, this.loaded);
  }

  /** Token ids of a prompt, with BOS first if the tokenizer requires it. */
  encode(text: string, bos: BosSetting = 'tokenizer'): Promise<Int32Array> {
    return wordsOf(this.loaded, bos).prompt(text);
  }

  /** The text of token ids. Throws `part-missing` without a tokenizer. */
  decode(ids: ArrayLike<number>): Promise<string> {
    return wordsOf(this.loaded, 'tokenizer').decode(ids);
  }

  /** Ids of the tokens that end a text. */
  endTokens(): Promise<number[]> {
    return this.loaded.open.endTokens();
  }

  /** Releases sessions, weights and workspace. */
  dispose(): Promise<void> {
    return this.engine.dispose();
  }
}

/**
 * Reads, validates and compiles an export, and opens it on a provider. Throws an `AtlasError`. Its
 * `code` says why a model is refused (`not-decoder`, `operator`, `bad-graph`, `part-missing`, …),
 * its message what to do. Throws `no-gpu` for `webgpu` without an adapter.
 */
export async function openModel(
  files: ModelFiles,
  {
    provider = 'wasm',
    threads,
    memoryBudgetBytes = defaultBudget(),
    ...read
  }: OpenModelOptions = {},
): Promise<Model> {
  const loaded = await loadModel(files, read);
  const runtime = await loadOrt(provider, threads);
  const engine = createEngine({
    model: loaded.compiled,
    backend: backendOf(runtime),
    memoryBudgetBytes,
  });
  return new Model(loaded, engine);
}

const backendOf = ({ ort, gpu }: Runtime) =>
  gpu ? new WebGpuBackend(ort, gpu) : new WasmBackend(ort);

/** Throws `cancelled` if the signal is aborted. */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AtlasError('cancelled');
}
