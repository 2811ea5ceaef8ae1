/**
 * The interface between the cut engine and a provider: tensors on the provider, sessions over them,
 * and our own kernels. Implemented by `cpu-backend.ts` and `webgpu-backend.ts`.
 */
import type { TensorType, WeightTensor } from '../../compiler/compiled.ts';
import type { NoiseSlot, NoiseTarget } from '../../device/twins.ts';
import type { Graph } from '../../onnx/graph.ts';
import type { MemoryUse, ProviderInfo, ProviderKind, WeightForm } from '../engine.ts';
import type { SparseOps } from './sparse-ops.ts';
import type { TrainingOps } from './training-ops.ts';

/** `Backend.fullRows` by provider, for estimates before a backend exists. */
export const FULL_ROWS: Readonly<Record<ProviderKind, number>> = {
  wasm: 1024,
  native: 1024,
  webgpu: 4096,
};

/** A tensor on the provider. Its creator disposes it, once. */
export interface DeviceTensor {
  readonly dims: readonly number[];
  dispose(): void;
}

export interface Session {
  /**
   * Runs the piece and returns every output. Does not dispose inputs. Rejects with AtlasError
   * `runtime` or `device-lost`.
   */
  run(feeds: ReadonlyMap<string, DeviceTensor>): Promise<ReadonlyMap<string, DeviceTensor>>;
  dispose(): Promise<void>;
}

/** Sizes of A [rank, inputs] and B [outputs, rank], and the scale of their product. */
export interface LoraProduct {
  outputs: number;
  inputs: number;
  rank: number;
  scale: number;
}

export interface Backend {
  readonly provider: ProviderInfo;
  /**
   * Rows (tokens of all probes) above which a batch gains little more speed. Batches are filled up
   * to this size, or twice as far in unattended runs.
   */
  readonly fullRows: number;
  /**
   * True: the vocabulary graph ends in ReduceL1 and returns one number per row. False: it returns
   * logits for `rowSums`. Measured for 168 rows by 49152 tokens: 241 ms fused and 262 ms not on
   * WASM; equal on WebGPU (software), where the product dominates.
   */
  readonly fusedHead: boolean;
  /**
   * Whether half floats can be uploaded, for a graph to widen. A GPU would need the feature
   * `shader-f16`, which is not requested.
   */
  readonly halves: boolean;
  /**
   * Whether sessions take int8 tensors from the provider. If not, pieces use uint8 instead
   * (`compiler/unsigned.ts`).
   */
  readonly takesInt8: boolean;
  /** Whether sessions take tensors of 4-bit numbers. If not, pieces unpack them from bytes. */
  readonly takesUint4: boolean;
  /** Largest single tensor, in bytes. */
  readonly largestTensor: number;

  /** Adapter gradients, the optimiser, gradient norms. Loaded at first use. */
  training(): Promise<TrainingOps>;
  /** Masks, pruning, activation statistics. Loaded at first use. */
  sparse(): Promise<SparseOps>;

  /**
   * Uploads bytes to the provider, once. May alias caller memory; do not mutate it. Write only into
   * tensors created with `zeros`.
   */
  upload(type: TensorType, dims: readonly number[], bytes: Uint8Array): DeviceTensor;
  /**
   * The first bytes of `x` as another type and shape, without a copy: packed weights as uint4, the
   * first rows of an adapter. Disposing a view leaves `x` unchanged. A view is invalid after `x` is
   * disposed.
   */
  view(x: DeviceTensor, type: TensorType, dims: readonly number[]): DeviceTensor;
  /** Overwrites numbers of a float32 tensor created with `zeros`, from number `first` on. */
  write(x: DeviceTensor, data: Float32Array, first?: number): void;
  /** Overwrites numbers of `into` with `from`, from number `first` on. Both are float32. */
  copy(from: DeviceTensor, into: DeviceTensor, first?: number): void;
  /** float32 zeros. */
  zeros(dims: readonly number[]): DeviceTensor;
  /** `x` [n, …] as [times·n, …], float32. */
  repeat(x: DeviceTensor, times: number): DeviceTensor;
  /** Entries `[first, first + count)` of the first dimension, copied. */
  slice(x: DeviceTensor, first: number, count: number): DeviceTensor;
  /** Reads a float32 tensor back. The caller owns the copy. */
  read(x: DeviceTensor): Promise<Float32Array>;
  /** Creates a session. `what` names the piece in errors. */
  session(model: Uint8Array, what: string): Promise<Session>;
  /**
   * For sessions that hold their weights: the form in which products with one row are fastest, and
   * the maximum bytes of a session. Null if the provider gains nothing.
   */
  readonly holds: { form: WeightForm; maxBytes: number } | null;
  /** Creates a session that holds `weights`, by input. They are no longer fed. */
  holding(graph: Graph, weights: ReadonlyMap<string, WeightTensor>, what: string): Promise<Session>;

  /** Adds std · x Nᵀ of every slot to its rows of `y`. See `device/twins.ts`. */
  noiseProduct(
    x: DeviceTensor,
    y: DeviceTensor,
    target: NoiseTarget,
    slots: readonly NoiseSlot[],
  ): Promise<void>;
  /**
   * [pairs·rows, columns]: differences of entries of `h` (each shaped like `clean`,
   * […rows, columns]), or against `clean` if the second index is CLEAN.
   */
  pairDifference(h: DeviceTensor, clean: DeviceTensor, pairs: Uint32Array): DeviceTensor;
  /**
   * Adds Σ_v |a[r, v] − b[r, v]| to `sums` [rows]. If `b` is null, `a` is the difference. `first`
   * starts from zero.
   */
  rowSums(
    a: DeviceTensor,
    b: DeviceTensor | null,
    sums: DeviceTensor,
    first: boolean,
  ): Promise<void>;
  /**
   * Sums of `sums` over the equal parts of `probes`. Only these numbers of a probe are read back.
   */
  probeSums(sums: DeviceTensor, probes: number): Promise<Float64Array>;
  /** scale · B A [outputs, inputs]. See `device/twins.ts`. */
  loraDelta(a: Float32Array, b: Float32Array, shape: LoraProduct): Promise<Float32Array>;

  memory(): MemoryUse;
  /** Releases pooled workspace. Called when batch sizes change. */
  trim(): void;
  dispose(): Promise<void>;
}

export const elements = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
