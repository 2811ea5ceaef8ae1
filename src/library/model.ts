/** Opens a model for measuring, training and generating. */
import { loadOrt, defaultBudget } from '#ort';
import * as z from 'zod/mini';
import { adapterPlaces, type AdapterPlace, type ModuleInfo } from '../compiler/modules.ts';
import { openEngine } from '../engine/cut-engine.ts';
import type { FullEngine, TokenBatch } from '../engine/engine.ts';
import { PROVIDER_NAMES, type ProviderName } from '../engine/facets/model.ts';
import { AtlasError } from '../errors.ts';
import { BOS, type BosSetting } from '../model/bos.ts';
import type { ModelFiles } from '../model/files.ts';
import { batchOf, loadModel, wordsOf, type LoadedModel } from '../runtime/load.ts';
import { backendOf } from '../runtime/runtime.ts';
import { atLeast, checkAborted, parsedArguments, positive, refuseOthers } from './options.ts';

/** Where and how a model is opened. */
export interface OpenModelOptions {
  /**
   * Default `wasm`. In Node, `webgpu` needs the package `webgpu`, and `native` the package
   * `onnxruntime-node`. `native` computes on the CPU; `native:cuda`, `native:dml` and
   * `native:coreml` on a GPU, if the package's build for this system has that provider.
   */
  provider?: ProviderName;
  /**
   * Threads of the WASM or native provider. Default: all cores up to 8; 1 without cross-origin
   * isolation. For WASM, the first model that computes sets them for the process or page.
   */
  threads?: number;
  /** Suffix of the graph's file: `q4`, `fp16`, … Default: the smallest that computes well. */
  dtype?: string;
  /**
   * Bytes for weights and workspace. Default: 4 GB; in Node at most half of the machine's memory,
   * and with `native` that half.
   */
  memoryBudgetBytes?: number;
  /** Stops the reading. */
  signal?: AbortSignal;
  /** Bytes read so far, and in total. */
  onProgress?(loaded: number, total: number): void;
}

const openSchema = z.object({
  provider: z.enum(PROVIDER_NAMES),
  threads: z.optional(atLeast(1)),
  memoryBudgetBytes: positive,
});

/** Shape of a batch of tokens. */
export interface BatchOptions {
  sequences: number;
  /** Tokens per sequence, including BOS; at least 2. */
  length: number;
  /** Whether BOS comes first: as the tokenizer's files specify (default), never, or always. */
  bos?: BosSetting;
}

const batchSchema = z.strictObject({
  text: z.string(),
  sequences: atLeast(1),
  length: atLeast(2),
  bos: z.enum(BOS),
});

/** An open model. Computes one call at a time; other calls wait in a queue. Must be disposed. */
export class Model {
  /** The whole engine, for operations that this library has no function for. */
  readonly engine: FullEngine;
  private readonly loaded: LoadedModel;
  private released: Promise<void> | null = null;

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

  /** The modules and, after them, the vocabulary projection: everything an adapter can adapt. */
  get adapterPlaces(): readonly AdapterPlace[] {
    return adapterPlaces(this.loaded.compiled);
  }

  /**
   * The first tokens of a text, as `[sequences, length]`; fewer sequences if the text is short.
   * Throws `bad-argument`, `bad-text`, `no-bos`, and `part-missing` without a tokenizer.
   */
  async batch(text: string, options: BatchOptions): Promise<TokenBatch> {
    const asked = { text, bos: 'tokenizer', ...options };
    const { text: own, ...shape } = parsedArguments(batchSchema, asked);
    return batchOf({ text: { kind: 'own', text: own }, ...shape }, own, this.open());
  }

  /** Token ids of a prompt, with BOS first if the tokenizer requires it. */
  async encode(text: string, bos: BosSetting = 'tokenizer'): Promise<Int32Array> {
    return wordsOf(this.open(), bos).prompt(text);
  }

  /** The text of token ids. Throws `part-missing` without a tokenizer. */
  async decode(ids: ArrayLike<number>): Promise<string> {
    return wordsOf(this.open(), 'tokenizer').decode(ids);
  }

  /** Ids of the tokens that end a text. */
  async endTokens(): Promise<number[]> {
    return this.open().open.endTokens();
  }

  /**
   * Releases sessions, weights and workspace, after the current call. Refuses waiting calls with
   * `cancelled`, and later calls with `disposed`. May be called twice.
   */
  dispose(): Promise<void> {
    return (this.released ??= this.engine.dispose());
  }

  /** Throws `disposed`. */
  private open(): LoadedModel {
    if (this.released) throw new AtlasError('disposed');
    return this.loaded;
  }
}

/**
 * Reads, validates and compiles an export, and opens it on a provider. Throws an `AtlasError`. Its
 * `code` says why a model is refused (`not-decoder`, `operator`, `bad-graph`, `part-missing`, …),
 * its message what to do. Throws `no-gpu` for `webgpu` without an adapter, `no-native`,
 * `bad-argument` for an invalid option, and `cancelled`.
 */
export async function openModel(
  files: ModelFiles,
  {
    provider = 'wasm',
    threads,
    memoryBudgetBytes = defaultBudget(provider),
    dtype,
    signal,
    onProgress,
    ...others
  }: OpenModelOptions = {},
): Promise<Model> {
  const given: unknown = files;
  if (!Array.isArray((given as Partial<ModelFiles> | undefined)?.files))
    throw new AtlasError('bad-argument', {
      at: 'files',
      why:
        given instanceof Promise
          ? 'it is a promise, which must be awaited'
          : 'it is not the result of bundledModel, modelFolder, modelFiles or hubModel',
    });
  refuseOthers(others);
  parsedArguments(openSchema, { provider, threads, memoryBudgetBytes });
  checkAborted(signal);
  const loaded = await loadModel(files, {
    ...(dtype !== undefined && { dtype }),
    onProgress: (read, total) => {
      checkAborted(signal);
      onProgress?.(read, total);
    },
  });
  const backend = backendOf(await loadOrt(provider, threads));
  try {
    checkAborted(signal);
    const engine = await openEngine({ model: loaded.compiled, backend, memoryBudgetBytes });
    return new Model(loaded, engine);
  } catch (error) {
    await backend.dispose();
    throw error;
  }
}
