/** Token batches, the provider, and the result of a clean pass. */

export type ProviderKind = 'webgpu' | 'wasm';

/** Where an engine computes. */
export interface ProviderInfo {
  kind: ProviderKind;
  /** The platform's name of the adapter, or "CPU". */
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
