/**
 * What the compiler hands to the engine: an export cut at its residual stream.
 *
 * `embedding → block 0 → … → block L−1 → head`. Every piece is a small ONNX model of its own whose
 * weights are *inputs*; blocks of equal structure carry the same `structure` number, so they share
 * one session. All activations are float32. Batch and sequence are fixed when a piece is built
 * (`piece(batch, length)`), so masks and RoPE tables are constants in it.
 */
import type { Graph } from '../onnx/graph.ts';
import type { ModuleInfo } from './modules.ts';

export type TensorType =
  'float32' | 'float16' | 'int32' | 'int64' | 'uint8' | 'int8' | 'bool' | 'uint4' | 'int4';

/**
 * A weight as the engine uploads it: bytes are views into the file unless they had to be widened.
 */
export interface WeightTensor {
  /** Name in the export (unique); two blocks that share a tensor share this name. */
  name: string;
  type: TensorType;
  dims: readonly number[];
  /**
   * Little endian, any alignment. Widened half floats are made when read and held weakly: read
   * once, and keep what you need.
   */
  readonly bytes: Uint8Array;
  /** As the file has them, where `bytes` are half floats widened. */
  readonly half?: Uint8Array;
  /**
   * Name of the weight whose bytes these are, seen as another type or shape: the engine uploads
   * them once.
   */
  readonly viewOf?: string;
}

/**
 * A lookup the engine does itself before the embedding piece: `out[i] = table[ids[i]]`, float32
 * rows.
 */
export interface TableLookup {
  /** Input of the embedding piece that receives `[batch, length, width]`. */
  input: string;
  source: 'input_ids' | 'position_ids';
  rows: number;
  width: number;
  /** float32 row `row`, dequantised if the table is. */
  read(row: number, into: Float32Array): void;
}

/** One ONNX model with its weights as inputs. */
export interface Piece {
  /** Serialised ModelProto, ready for InferenceSession.create. */
  model: Uint8Array;
  /**
   * Inputs that carry activations, in order (block: `x`; embedding: the lookups). `[batch, length,
   * width]` float32.
   */
  inputs: readonly string[];
  /** Graph input name → weight, for the layer this piece was built for. */
  weights: ReadonlyMap<string, WeightTensor>;
  /** Outputs by meaning. */
  outputs: readonly string[];
}

/**
 * A place where a perturbation can be added: the output of one product (before or behind its bias
 * is the same).
 */
export interface Site {
  /** Index of the site within its block. */
  index: number;
  /**
   * How many products of the block lie before it, one behind the other: 0 reads what the block
   * reads.
   */
  depth: number;
  /**
   * Tap output of the tapped block: the product's input `x`, `[batch, length, inFeatures]`. Sites
   * with one input share a tap.
   */
  tap: string;
  /**
   * Output of the backward pieces: the gradient `dy` at the product's output, `[batch, length,
   * width]`.
   */
  grad: string;
  /**
   * The product's own output, `[batch, length, width]`: output of the opened block, input and
   * output of the segments; of the observed piece without its bias.
   */
  out: string;
  /** Output features of the whole product (all modules packed in it). */
  width: number;
  /** Modules served, with the column range of each in the product's output. */
  modules: readonly SiteModule[];
}

/**
 * A module at its site. In the adapted pieces it adds `scale · (x Aᵀ) Bᵀ` (LoRA, methods.md §1) to
 * its columns; the rank is a symbolic dimension, at least 1 (rank 0 is fed as a pair of zeros).
 */
export interface SiteModule {
  module: number;
  offset: number;
  /** Input `A`, `[rank, inFeatures]`. */
  loraA: string;
  /** Input `Bᵀ`, `[rank, outFeatures]`: transposed, so that a lower rank is a prefix of both. */
  loraB: string;
  /** Input `[1]`. */
  scale: string;
  /** Outputs of `adapterBackward`: the gradients of A and Bᵀ, shaped as they are. */
  gradA: string;
  gradB: string;
}

export interface BlockStructure {
  /** Blocks with equal numbers have byte-equal graphs. */
  structure: number;
  sites: readonly Site[];
}

export type ForwardVariant =
  /** `x → y` */
  | 'plain'
  /** `x → y, taps…` */
  | 'tapped'
  /** `x → y, taps…, outs…` */
  | 'opened';

export type TrainingVariant =
  /** `x, adapters… → y` */
  | 'adapted'
  /** `x, dy → dx, taps…, grads…`: the vector-Jacobian product, the forward recomputed inside. */
  | 'backward'
  /** `backward` that also gives every product's output: `x, dy → dx, taps…, grads…, outs…`. */
  | 'observed'
  /** `x, dy, adapters… → dx, taps…, grads…` of the adapted block. */
  | 'adaptedBackward'
  /**
   * `x, adapters… → y, kept…`: the adapted block leaves what its backward pass would have to work
   * out again at a price.
   */
  | 'kept'
  /** `x, dy, adapters…, kept… → dx, taps…, grads…`: the same gradients from what `kept` left. */
  | 'keptBackward'
  /**
   * `x, dy, adapters…, kept… → dx, gradA, gradB, …`: those of the adapters themselves, module by
   * module.
   */
  | 'adapterBackward';

export type BlockVariant = ForwardVariant | TrainingVariant;

export type HeadVariant =
  /** `x → logits` */
  | 'logits'
  /** `x → h`: what comes before the vocabulary product (final norm). `[batch, length, hidden]` */
  | 'norm'
  /** `x, dh → dx` of the norm. */
  | 'normBackward';

/** A part of a text that is being taken further; see `CompiledModel.decode`. */
export type DecodePart = 'embedding' | 'norm' | { layer: number; adapted: boolean };

/**
 * Keys or values of a block: `[capacity, width]` of the tokens before come in at `input`, `[rows,
 * width]` of the new ones leave at `output`.
 */
export interface CacheSlot {
  input: string;
  output: string;
  width: number;
}

export interface DecodePiece extends Piece {
  caches: readonly CacheSlot[];
}

/**
 * The vocabulary product, `logits = h Wᵀ (+ bias)`; linear, so the difference of two logit sets is
 * `(h₁ − h₂) Wᵀ`. Rows of `W` are tokens.
 */
export interface VocabularyHead {
  vocab: number;
  hidden: number;
  format: ModuleInfo['format'];
  /**
   * As stored. Float heads: one tensor, `[vocab, hidden]` if `transposed` is false, `[hidden,
   * vocab]` if true.
   */
  tensors: readonly WeightTensor[];
  transposed: boolean;
  bias: WeightTensor | null;
  /**
   * Something nonlinear follows the product (soft-capping, scaling by a constant is folded):
   * difference trick not allowed.
   */
  nonlinearAfter: boolean;
}

export interface CompiledModel {
  dialect: 'optimum' | 'genai';
  layers: number;
  hidden: number;
  vocab: number;
  /** Attention heads, heads with keys of their own, and head size, where the graph tells. */
  heads: number | null;
  kvHeads: number | null;
  headDim: number | null;
  /**
   * The export rounds activations to 8 bits (`accuracy_level` 4, int8); the pieces do not. Where
   * the provider obeys (for int8 always, for accuracy_level not onnxruntime-web 1.30 on the CPU)
   * the untouched export differs by a few percent of the logits' range, and is no measure of
   * correctness.
   */
  roundsActivations: boolean;
  modules: readonly ModuleInfo[];
  /** Per layer. */
  blocks: readonly BlockStructure[];
  head: VocabularyHead;
  lookups: readonly TableLookup[];
  /** Longest sequence the export's position tables allow, or Infinity. */
  maxLength: number;
  embedding(batch: number, length: number): Piece;
  /** What builds the variants of training is loaded with the first of them. */
  block(layer: number, batch: number, length: number, variant: ForwardVariant): Piece;
  block(
    layer: number,
    batch: number,
    length: number,
    variant: BlockVariant,
  ): Piece | Promise<Piece>;
  /**
   * A part of a block, from the products less deep than `depth` (and `x`) to those that are as
   * deep: their outputs, by name. Behind the deepest ones it gives `y`. `inputs` are those that the
   * part reads. So what a change at a product leaves alone is not computed again.
   */
  segment(layer: number, batch: number, length: number, depth: number): Piece;
  headPiece(batch: number, length: number, variant: Exclude<HeadVariant, 'normBackward'>): Piece;
  headPiece(batch: number, length: number, variant: HeadVariant): Piece | Promise<Piece>;
  /**
   * One part for `rows` consecutive tokens of a text of at most `capacity`, `rows < capacity`:
   * activations `[1, rows, width]`. The input `here` `[rows, capacity]`, where a piece has it, is 1
   * at the position of each token, else 0. Rows of a cache at and behind these positions must be
   * zeros. Rejects with `operator` where tokens meet outside attention.
   */
  decode(part: DecodePart, rows: number, capacity: number): Promise<DecodePiece>;
  /**
   * The export with only these layers (ascending, 0 among them), node for node as it came; 4-bit
   * products in the forms that the runtime's kernel has. For comparing pieces with something that
   * is not made of them. Rejects with `structure`.
   */
  short(layers: readonly number[]): Promise<Graph>;
  /**
   * Weight (and bias) tensors of one module as stored, with the rows that are its own in a packed
   * product.
   */
  weightOf(module: number): ModuleWeight;
}

export interface ModuleWeight {
  format: ModuleInfo['format'];
  /** Values first, then scales / absmax, then zero points if any. */
  tensors: readonly WeightTensor[];
  /** Float weights stored `[in, out]` rather than `[out, in]`. */
  transposed: boolean;
  /** Rows `[rowOffset, rowOffset + outFeatures)` of the product's `rows`. */
  rowOffset: number;
  rows: number;
  inFeatures: number;
  outFeatures: number;
  /** Bias of these rows, if any. */
  bias: WeightTensor | null;
}
