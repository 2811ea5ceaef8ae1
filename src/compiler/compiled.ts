/**
 * The interface between the compiler and the engine: an export cut at its residual stream.
 *
 * `embedding → layer 0 → … → layer L−1 → head`. Every piece is an ONNX model with its weights as
 * *inputs*. Layers of equal structure have the same `structure` number and share one session. All
 * activations are float32. A piece has a fixed batch and length, so its masks and RoPE tables are
 * constants.
 */
import type { Graph } from '../onnx/graph.ts';
import type { ModuleInfo } from './modules.ts';

/** Element types of tensors that a runtime is given. */
export type TensorType =
  'float32' | 'float16' | 'int32' | 'int64' | 'uint8' | 'int8' | 'bool' | 'uint4' | 'int4';

/** A weight to upload. Its bytes are views of the file unless they had to be widened. */
export interface WeightTensor {
  /** Name in the export (unique). Two layers that share a tensor share this name. */
  name: string;
  type: TensorType;
  dims: readonly number[];
  /**
   * Little endian, any alignment. Widened half floats are computed on access and held weakly: read
   * `bytes` once and hold the result.
   */
  readonly bytes: Uint8Array;
  /** The half floats of the file, if `bytes` are widened. */
  readonly half?: Uint8Array;
  /**
   * Name of the weight with the same bytes in another type or shape. The engine uploads the bytes
   * once.
   */
  readonly viewOf?: string;
}

/**
 * A lookup that the engine does before the embedding piece: `out[i] = table[ids[i]]`, float32 rows.
 */
export interface TableLookup {
  /** Input of the embedding piece that receives `[batch, length, width]`. */
  input: string;
  source: 'input_ids' | 'position_ids';
  rows: number;
  width: number;
  /** Writes row `row` as float32 to `into`, dequantised if the table is quantised. */
  read(row: number, into: Float32Array): void;
}

/** One ONNX model with its weights as inputs. */
export interface Piece {
  /** Serialised ModelProto, ready for InferenceSession.create. */
  model: Uint8Array;
  /**
   * Inputs that carry activations, in order (layer: `x`; embedding: the lookups). Float32, `[batch,
   * length, width]`.
   */
  inputs: readonly string[];
  /** Graph input name → weight, for the layer this piece was built for. */
  weights: ReadonlyMap<string, WeightTensor>;
  /** Output names, in the order of the variant's signature. */
  outputs: readonly string[];
}

/**
 * A place where a perturbation can be added: the output of one product. Before or after its bias is
 * equivalent.
 */
export interface Site {
  /** Index of the site within its layer. */
  index: number;
  /**
   * Length of the longest chain of the layer's products before this one; 0 if it depends on no
   * other product.
   */
  depth: number;
  /**
   * Output of the `tapped` variant: the product's input `x`, `[batch, length, inFeatures]`. Sites
   * with the same input share a tap.
   */
  tap: string;
  /**
   * Output of the backward pieces: the gradient `dy` at the product's output, `[batch, length,
   * width]`.
   */
  grad: string;
  /**
   * The product's own output, `[batch, length, width]`: an output of the `opened` variant, an input
   * and output of segments. In the `observed` variant it excludes the bias.
   */
  out: string;
  /** Output features of the whole product (all modules packed in it). */
  width: number;
  /** The site's modules, with the first column of each in the product's output. */
  modules: readonly SiteModule[];
}

/**
 * A module at its site. In the adapted pieces it adds `scale · (x Aᵀ) Bᵀ` (LoRA, methods.md §1) to
 * its columns. The rank is a symbolic dimension of at least 1 (feed zeros for rank 0).
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
  /** Outputs of `adapterBackward`: the gradients of A and Bᵀ, with the shapes of A and Bᵀ. */
  gradA: string;
  gradB: string;
}

/** One layer: which graph it runs, and its linear layers in that graph. */
export interface BlockStructure {
  /** Layers with equal numbers have byte-equal graphs. */
  structure: number;
  sites: readonly Site[];
}

/** Forward graphs of a layer: with more and more of their inner tensors as outputs. */
export type ForwardVariant =
  /** `x → y` */
  | 'plain'
  /** `x → y, taps…` */
  | 'tapped'
  /** `x → y, taps…, outs…` */
  | 'opened';

/** Graphs of a layer with adapters and gradients. */
export type TrainingVariant =
  /** `x, adapters… → y` */
  | 'adapted'
  /** `x, dy → dx, taps…, grads…`: the vector-Jacobian product; recomputes the forward pass. */
  | 'backward'
  /** `x, dy → dx, taps…, grads…, outs…`: `backward` with every product's output. */
  | 'observed'
  /** `x, dy, adapters… → dx, taps…, grads…` of the adapted layer. */
  | 'adaptedBackward'
  /**
   * `x, adapters… → y, saved…`: the adapted layer, with the activations saved for backward that are
   * expensive to recompute.
   */
  | 'saved'
  /**
   * `x, dy, adapters…, saved… → dx, taps…, grads…`: the same gradients from the saved activations.
   */
  | 'savedBackward'
  /**
   * `x, dy, adapters…, saved… → dx, gradA, gradB, …`: the gradients of the adapters, module by
   * module.
   */
  | 'adapterBackward';

/** Graphs of a layer. */
export type BlockVariant = ForwardVariant | TrainingVariant;

/** Graphs from the end of the residual stream on. */
export type HeadVariant =
  /** `x → logits` */
  | 'logits'
  /** `x → h`: the input of the vocabulary product (final norm). `[batch, length, hidden]` */
  | 'norm'
  /** `x, dh → dx` of the norm. */
  | 'normBackward';

/** A part of the model that continues a text; see `CompiledModel.decode`. */
export type DecodePart = 'embedding' | 'norm' | { layer: number; adapted: boolean };

/**
 * Keys or values of a layer. `input` is `[capacity, width]` of the earlier tokens, `output` is
 * `[rows, width]` of the new tokens.
 */
export interface CacheSlot {
  input: string;
  output: string;
  width: number;
}

export interface DecodePiece extends Piece {
  caches: readonly CacheSlot[];
}

/** Name of a layer's adapter input in the whole decoder. In the layer alone it is `input`. */
export const adapterInput = (layer: number, input: string): string => `layer${layer}.${input}`;

/** A part with its weights apart, for a session that holds them. */
export interface DecodeGraph extends Omit<DecodePiece, 'model'> {
  graph: Graph;
}

/**
 * The vocabulary product, `logits = h Wᵀ (+ bias)`. It is linear, so the difference of two logit
 * sets is `(h₁ − h₂) Wᵀ`. Rows of `W` are tokens.
 */
export interface VocabularyHead {
  vocab: number;
  hidden: number;
  format: ModuleInfo['format'];
  /**
   * As stored. A float head is one tensor: `[vocab, hidden]`, or `[hidden, vocab]` if `transposed`.
   */
  tensors: readonly WeightTensor[];
  transposed: boolean;
  bias: WeightTensor | null;
  /**
   * A further operation follows the product and its bias (such as soft-capping), so logit
   * differences cannot be computed from `h₁ − h₂`.
   */
  nonlinearAfter: boolean;
}

/** A decoder cut at its residual stream. Its pieces are built on request. */
export interface CompiledModel {
  /** The export. */
  graph: Graph;
  dialect: 'optimum' | 'genai';
  layers: number;
  hidden: number;
  vocab: number;
  /** Attention heads, key-value heads and head size; null if the graph does not show them. */
  heads: number | null;
  kvHeads: number | null;
  headDim: number | null;
  /**
   * The export rounds activations to 8 bits (`accuracy_level` 4, int8); the pieces do not. A
   * provider may round (int8: always; accuracy_level: not onnxruntime-web 1.30 on the CPU). Then
   * the original export differs by a few percent of the logits' range and is no measure of
   * correctness.
   */
  roundsActivations: boolean;
  modules: readonly ModuleInfo[];
  /** By layer. */
  blocks: readonly BlockStructure[];
  head: VocabularyHead;
  lookups: readonly TableLookup[];
  /** Longest sequence that the position tables and `Graph.maxLength` allow, or Infinity. */
  maxLength: number;
  /** Token ids `[batch, length]` → residual stream `[batch, length, hidden]`. */
  embedding(batch: number, length: number): Piece;
  /** One layer. The code for training variants is loaded on first use: they return a promise. */
  block(layer: number, batch: number, length: number, variant: ForwardVariant): Piece;
  /** Any graph of a layer. */
  block(
    layer: number,
    batch: number,
    length: number,
    variant: BlockVariant,
  ): Piece | Promise<Piece>;
  /**
   * A part of a layer: from `x` and the products less deep than `depth` to the products of that
   * depth (their outputs, by name). After the deepest products it returns `y`. `inputs` lists the
   * inputs that the segment reads. Steps that a change at a product does not affect need no
   * recomputation.
   */
  segment(layer: number, batch: number, length: number, depth: number): Piece;
  /** From the residual stream `[batch, length, hidden]` to what the variant names. */
  headPiece(batch: number, length: number, variant: Exclude<HeadVariant, 'normBackward'>): Piece;
  /** The same, with the gradient of the norm. */
  headPiece(batch: number, length: number, variant: HeadVariant): Piece | Promise<Piece>;
  /**
   * One part for `rows` consecutive tokens (fewer than `capacity`) of a text of at most `capacity`
   * tokens. Activations are `[1, rows, width]`. If a piece has the input `here` `[rows, capacity]`,
   * it is 1 at the position of each token, else 0. Cache rows at and after these positions must be
   * zeros. Rejects with `operator` if tokens interact outside attention.
   */
  decode(part: DecodePart, rows: number, capacity: number): Promise<DecodePiece>;
  /**
   * The whole decoder for one token, from the lookups to the logits `[1, 1, vocab]`. Adapter inputs
   * are named by `adapterInput`. Rejects as `decode` does.
   */
  decoder(adapted: boolean, capacity: number): Promise<DecodeGraph>;
  /**
   * The export with only these layers (ascending, including 0) and otherwise original nodes; 4-bit
   * products are in the forms of the runtime's kernel. An independent reference for the pieces.
   * Rejects with `structure`.
   */
  short(layers: readonly number[]): Promise<Graph>;
  /**
   * Weight and bias tensors of one module as stored, with the module's rows in a packed product.
   */
  weightOf(module: number): ModuleWeight;
}

/** The weight of one module, in the format of its file. */
export interface ModuleWeight {
  format: ModuleInfo['format'];
  /** Values first, then scales / absmax, then zero points if any. */
  tensors: readonly WeightTensor[];
  /** Float weights stored `[in, out]` rather than `[out, in]`. */
  transposed: boolean;
  /** The module has rows `[rowOffset, rowOffset + outFeatures)` of the product's `rows`. */
  rowOffset: number;
  rows: number;
  inFeatures: number;
  outFeatures: number;
  /** Bias of these rows, if any. */
  bias: WeightTensor | null;
}
