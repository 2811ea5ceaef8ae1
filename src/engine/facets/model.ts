/** A model on a provider, and what a pass over a batch leaves. */

export type ProviderKind = 'webgpu' | 'wasm';

export interface ProviderInfo {
  kind: ProviderKind;
  /** Adapter or "CPU", as the platform names it. */
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
 * The clean residual stream of one token batch, kept by the engine: the input of every block. Must
 * be disposed.
 */
export interface CleanPass {
  readonly batch: TokenBatch;
  /** Mean next-token cross entropy in nats per predicted token. */
  readonly loss: number;
  dispose(): void;
}

export interface MemoryUse {
  /** Bytes of buffers the engine owns on the device (weights, kept activations, workspace). */
  device: number;
  /** Bytes of the WebAssembly heap, 0 if unknown. */
  heap: number;
}
