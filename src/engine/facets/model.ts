/** Token batches, the provider, and the result of a clean pass. */

/** `native`: the runtime's native build in Node, on the CPU or on its own GPU providers. */
export type ProviderKind = 'webgpu' | 'wasm' | 'native';

/** Execution providers of the native build: its CPU, or a GPU provider if the build has it. */
export type NativeProvider = 'cpu' | 'cuda' | 'dml' | 'coreml';

/** Providers as the user names them. `native` is `native:cpu`. */
export const PROVIDER_NAMES = [
  'wasm',
  'webgpu',
  'native',
  'native:cpu',
  'native:cuda',
  'native:dml',
  'native:coreml',
] as const satisfies readonly (ProviderKind | `native:${NativeProvider}`)[];

/** A provider as the user names it; the part after the colon is the native build's provider. */
export type ProviderName = (typeof PROVIDER_NAMES)[number];

/**
 * How an engine holds the weights of the linear layers. `packed`: as stored; packed weights are
 * unpacked inside every product. `float32`: unpacked once, 4 bytes per weight.
 */
export type WeightForm = 'packed' | 'float32';

/** Where an engine computes. */
export interface ProviderInfo {
  kind: ProviderKind;
  /** The platform's name of the adapter, "CPU", or the native build's GPU provider. */
  device: string;
  threads: number;
  /** A software WebGPU adapter (SwiftShader, llvmpipe). */
  software: boolean;
}

/** Token ids, `[sequences, length]` row-major. */
export interface TokenBatch {
  ids: Int32Array;
  sequences: number;
  length: number;
}

/**
 * The cached residual stream of a clean pass over one batch: the input of every block. Must be
 * disposed.
 */
export interface CleanPass {
  readonly batch: TokenBatch;
  /** Mean next-token cross entropy in nats per predicted token. */
  readonly loss: number;
  /** Frees the residual stream. */
  dispose(): void;
}

/** Memory that an engine takes now. */
export interface MemoryUse {
  /** Bytes of device buffers that the engine owns (weights, cached activations, workspace). */
  device: number;
  /** Bytes of the WebAssembly heap, 0 if unknown. */
  heap: number;
}

/** Memory of an open model. */
export interface ModelMemory extends MemoryUse {
  weights: WeightForm;
}
