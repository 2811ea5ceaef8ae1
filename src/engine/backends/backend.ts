/**
 * What the cut engine asks of a provider: tensors that stay where the provider computes, sessions
 * over them, and the kernels that are ours. Implemented by `wasm-backend.ts` and
 * `webgpu-backend.ts`.
 */
import type { TensorType } from '../../compiler/compiled.ts';
import type { NoiseSlot, NoiseTarget } from '../../device/twins.ts';
import type { MemoryUse, ProviderInfo, ProviderKind } from '../engine.ts';
import type { SparseOps } from './sparse-ops.ts';
import type { TrainingOps } from './training-ops.ts';

/** `Backend.fullRows` by provider; known before a backend is made, for estimates. */
export const FULL_ROWS: Readonly<Record<ProviderKind, number>> = { wasm: 1024, webgpu: 4096 };

/** A tensor on the provider's side. Whoever made it disposes it, once. */
export interface DeviceTensor {
  readonly dims: readonly number[];
  dispose(): void;
}

export interface Session {
  /**
   * Every output of the piece; inputs stay the caller's. Rejects with AtlasError `runtime` or
   * `device-lost`.
   */
  run(feeds: ReadonlyMap<string, DeviceTensor>): Promise<ReadonlyMap<string, DeviceTensor>>;
  dispose(): Promise<void>;
}

/** Sizes of A [rank, inputs] and B [outputs, rank], and what their product is multiplied by. */
export interface LoraProduct {
  outputs: number;
  inputs: number;
  rank: number;
  scale: number;
}

export interface Backend {
  readonly provider: ProviderInfo;
  /**
   * Rows (tokens of all probes) beyond which a batch gains little more speed; batches are filled up
   * to it, or twice as far where nobody watches.
   */
  readonly fullRows: number;
  /**
   * True: the vocabulary graph ends in ReduceL1 and gives a row one number; false: it gives logits
   * for `rowSums`. Measured for 168 rows by 49152 tokens on WASM: 241 ms fused, 262 ms not; on
   * WebGPU (software) the two are equal, the product is all.
   */
  readonly fusedHead: boolean;
  /**
   * Whether half floats can be uploaded, for a graph to widen. On a GPU that takes the feature
   * `shader-f16`, which is not asked for.
   */
  readonly halves: boolean;
  /**
   * Runs take int8 from where the provider computes; else pieces are given it as uint8
   * (`compiler/unsigned.ts`).
   */
  readonly takesInt8: boolean;
  /** Largest single tensor, in bytes. */
  readonly largestTensor: number;

  /**
   * Gradients of adapters, the optimiser, norms of gradients. Loaded when it is first asked for.
   */
  training(): Promise<TrainingOps>;
  /** Masks, pruning, statistics of activations. Loaded when it is first asked for. */
  sparse(): Promise<SparseOps>;

  /**
   * Bytes to the provider, once. They may be used as they lie: leave them alone, and write only
   * into tensors made with `zeros`.
   */
  upload(type: TensorType, dims: readonly number[], bytes: Uint8Array): DeviceTensor;
  /**
   * The first bytes of `x` as another type and shape, without a copy: packed weights as uint4, the
   * first rows of an adapter. Disposing a view leaves `x` alone; a view is dead when `x` is.
   */
  view(x: DeviceTensor, type: TensorType, dims: readonly number[]): DeviceTensor;
  /** Overwrites numbers of a float32 tensor made with `zeros`, from number `first` on. */
  write(x: DeviceTensor, data: Float32Array, first?: number): void;
  /** Overwrites numbers of `into` with `from`, from number `first` on; both float32. */
  copy(from: DeviceTensor, into: DeviceTensor, first?: number): void;
  /** float32 zeros. */
  zeros(dims: readonly number[]): DeviceTensor;
  /** `x` [n, …] as [times·n, …], float32. */
  repeat(x: DeviceTensor, times: number): DeviceTensor;
  /** Entries `[first, first + count)` of the first dimension, copied. */
  slice(x: DeviceTensor, first: number, count: number): DeviceTensor;
  /** A float32 tensor, read back: the caller's own copy. */
  read(x: DeviceTensor): Promise<Float32Array>;
  /** `what` names the piece in errors. */
  session(model: Uint8Array, what: string): Promise<Session>;

  /** Adds std · x Nᵀ of every slot to its rows of `y`; see `device/twins.ts`. */
  noiseProduct(
    x: DeviceTensor,
    y: DeviceTensor,
    target: NoiseTarget,
    slots: readonly NoiseSlot[],
  ): Promise<void>;
  /**
   * [pairs·rows, columns]: differences of entries of `h` (each shaped like `clean`, […rows,
   * columns]), or against `clean` where the second index is CLEAN.
   */
  pairDifference(h: DeviceTensor, clean: DeviceTensor, pairs: Uint32Array): DeviceTensor;
  /**
   * Adds Σ_v |a[r, v] − b[r, v]| (b null: a is the difference) to `sums` [rows]; `first` starts
   * from zero.
   */
  rowSums(
    a: DeviceTensor,
    b: DeviceTensor | null,
    sums: DeviceTensor,
    first: boolean,
  ): Promise<void>;
  /**
   * Sums of `sums` over the equal shares of `probes`; the only numbers of a probe that are read
   * back.
   */
  probeSums(sums: DeviceTensor, probes: number): Promise<Float64Array>;
  /** scale · B A [outputs, inputs]; see `device/twins.ts`. */
  loraDelta(a: Float32Array, b: Float32Array, shape: LoraProduct): Promise<Float32Array>;

  memory(): MemoryUse;
  /** Lets go of workspace kept for reuse; called when batch sizes change. */
  trim(): void;
  dispose(): Promise<void>;
}

export const elements = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
