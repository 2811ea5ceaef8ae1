/**
 * The small interface through which methods see a model. Nothing here names ORT, WebGPU or React.
 *
 * One engine = one model on one provider. All calls are queued: never two at a time on the runtime.
 */
import type { Check } from './check/self-test.ts';
import type { ModuleInfo } from '../compiler/modules.ts';
import type { PrunePattern } from '../device/sparse-twins.ts';
import type { AdamWStep } from '../device/training-twins.ts';

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
 * Gaussian noise of a module's weight shape: `std · normal(seed, a = module index, b = draw)`,
 * row-major over `[out, in]`.
 */
export interface NoiseDraw {
  seed: number;
  draw: number;
  std: number;
}

/**
 * One measurement: module's weight shaken by `a` against shaken by `b`, or against the clean output
 * when `b` is null.
 */
export interface Probe {
  module: number;
  a: NoiseDraw;
  b: NoiseDraw | null;
  /**
   * Shake the bias too (elements `out·in …` of the same stream), as the published notebook does.
   */
  bias?: boolean;
}

/**
 * ℓ1 over a seeded sample of the vocabulary, scaled to be unbiased; size 0 or ≥ vocab means all of
 * it.
 */
export interface VocabularySample {
  size: number;
  seed: number;
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

/** One probe in the open, for the module panel: the same numbers, not summed away. */
export interface ProbeDetail {
  /** First values of W, noise A and noise B (row-major), at most 8 each. */
  weights: Float32Array;
  noiseA: Float32Array;
  noiseB: Float32Array;
  /** Last position of the first sequence: tokens with the largest clean logits. */
  tokens: { id: number; clean: number; a: number; b: number }[];
  /** Σ|a − b| at that position over all other tokens, and how many they are. */
  rest: number;
  restCount: number;
  /** The probe's value: mean over all positions. */
  value: number;
}

/**
 * A module's adapter in numbers: `A` [rank, inFeatures], `B` [outFeatures, rank], row-major
 * float32, as PEFT stores them. The number behind the last module is the vocabulary product
 * (`AdapterPlace`): such an adapter is applied, not trained.
 */
export interface AdapterValues {
  module: number;
  rank: number;
  loraA: Float32Array;
  loraB: Float32Array;
}

/** AdamW's moments of one adapter, in the shapes of its `A` and `B`. */
export interface AdapterMoments {
  firstA: Float32Array;
  secondA: Float32Array;
  firstB: Float32Array;
  secondB: Float32Array;
}

/**
 * Adapters resident where the provider computes, with room for their gradients and moments. Must be
 * disposed.
 */
export interface Adapters {
  readonly modules: readonly { module: number; rank: number }[];
  /** Σ rank · (inFeatures + outFeatures). */
  readonly parameters: number;
  values(): Promise<AdapterValues[]>;
  moments(): Promise<AdapterMoments[]>;
  dispose(): void;
}

/** How adapters take part in a run: `y = W x + scale · B (A x)`. */
export interface AdapterUse {
  adapters: Adapters;
  /** `s` of a module (α/r, or α/√r with rsLoRA). */
  scale(module: number): number;
  /** Only the first so many ranks of a module (DyLoRA); all where absent. */
  rank?(module: number): number;
  /**
   * The weight becomes M ⊙ (W + scale · B A): pruned, and adapted within what is left (LoSA).
   * Losses, logits and training take it; generation does not. Over float32 layers only.
   */
  masks?: Masks;
}

/**
 * Which weights stay, where the provider computes: one bit each over [out, in] row-major, bit 0 of
 * a word first, 1 = kept. Must be disposed.
 */
export interface Masks {
  /** Null: all of the module stay. */
  bits(module: number): Uint32Array | null;
  /** The array is kept, not copied. */
  set(module: number, bits: Uint32Array): void;
  dispose(): void;
}

/** How often rank `row` (from 0) of a module has moved. */
export type RankUpdates = (module: number, row: number) => number;

/** Which ranks of the adapters a step moves; nothing: all in use, at every step. */
export interface MovingRanks {
  /** Only the last rank in use (row b of A, column b of B): DyLoRA's frozen mode. */
  onlyLast?: boolean | undefined;
  /** This step included, where that is not every step: AdamW's bias corrections go by it. */
  updates?: RankUpdates | undefined;
}

/**
 * What the rows of a batch predict: `[sequences, length]` token ids, below 0 for nothing. Default:
 * the next token of the same sequence.
 */
export interface TrainingBatch extends TokenBatch {
  labels?: Int32Array;
}

/** Σ of negative log likelihoods in nats, over so many predicted tokens. */
export interface LossSum {
  sum: number;
  tokens: number;
}

export interface MemoryUse {
  /** Bytes of buffers the engine owns on the device (weights, kept activations, workspace). */
  device: number;
  /** Bytes of the WebAssembly heap, 0 if unknown. */
  heap: number;
}

export interface Engine {
  readonly provider: ProviderInfo;
  readonly modules: readonly ModuleInfo[];
  readonly layers: number;
  readonly vocab: number;
  /** Rows (tokens of all probes) up to which a larger batch is faster per row. */
  readonly fullRows: number;
  /** Population standard deviation of the dequantised weight. */
  weightStd(module: number): number;
  /** Dequantised weight, `[out, in]` row-major. */
  materialiseWeight(module: number): Float32Array;
  /** Embedding, all blocks, head loss; keeps the input of every block. */
  cleanPass(batch: TokenBatch): Promise<CleanPass>;
  /**
   * One value per probe: mean over positions of the ℓ1 distance over the vocabulary. Probes of
   * several layers go through the layers behind them as one batch where memory allows; else every
   * layer's go alone, in as many batches as it takes.
   */
  disagreement(
    pass: CleanPass,
    probes: readonly Probe[],
    sample?: VocabularySample,
  ): Promise<Float64Array>;
  explain(pass: CleanPass, probe: Probe): Promise<ProbeDetail>;
  /**
   * Full logits, `[sequences, length, vocab]`, through the adapters if given; for checks and the
   * text plate, small batches only. `layers`: only these, one behind the other, all others left
   * out.
   */
  logits(batch: TokenBatch, use?: AdapterUse, layers?: readonly number[]): Promise<Float32Array>;
  /**
   * Residual stream 0 … layers (0 after the embedding, i after block i−1), each `[sequences,
   * length, hidden]`.
   */
  residuals(batch: TokenBatch): Promise<Float32Array[]>;
  memory(): MemoryUse;
  dispose(): Promise<void>;
}

/**
 * A random sign for every logit of a batch, or of one position of its sequences; signs of other
 * seeds and draws are independent.
 */
export interface SignDraw {
  seed: number;
  draw: number;
  position?: number;
}

/**
 * Of the mean loss of a batch, one number per module; G = dL/dW = Σ_t dy_t x_tᵀ over all tokens of
 * the batch.
 */
export interface GradientSums {
  loss: number;
  /** ‖G‖_F². */
  squaredNorm: Float64Array;
  /** Σ_t ‖dy_t‖²‖x_t‖². */
  fisher: Float64Array;
}

export interface WeightedGradientSums {
  loss: number;
  /** Σ |W ⊙ G| over the entries. */
  sum: Float64Array;
  /** Σ (W ⊙ G)² over the entries. */
  squares: Float64Array;
}

/**
 * The part of the engine that measures by gradients of the clean model; the same model, the same
 * queue.
 */
export interface GradientEngine {
  readonly modules: readonly ModuleInfo[];
  /**
   * ‖∂(uᵀ logits)/∂W‖_F² for every draw u of signs, every module, every sequence of the pass:
   * [draws, modules, sequences]. One backward pass a draw, batched as memory allows. Throws
   * `operator` for a head that is no plain product, `too-large`.
   */
  jacobianNorms(pass: CleanPass, draws: readonly SignDraw[]): Promise<Float64Array>;
  /**
   * One forward and backward pass. Throws `bad-text` where nothing is predicted, `operator` as
   * above.
   */
  gradientSums(batch: TrainingBatch): Promise<GradientSums>;
  /** The same pass, and every weight dequantised once. */
  weightedGradientSums(batch: TrainingBatch): Promise<WeightedGradientSums>;
  /**
   * The same pass; every module's input `x` [tokens, in] and the loss gradient `dy` [tokens, out]
   * at its output, last layer first.
   */
  gradientTaps(
    batch: TrainingBatch,
    visit: (module: number, x: Float32Array, dy: Float32Array) => void,
  ): Promise<number>;
}

/**
 * Directions at part of a module, over its output features `first` …, with `blocks` (default 1)
 * over so many stretches of `rows` features each, one after the other, that share the directions
 * evenly: the first `count / blocks` are of the first stretch, and so on. `vectors` are row-major
 * float32: of the output [count, rows], or of the input [count, inFeatures].
 */
export interface WeightDirections {
  module: number;
  first: number;
  rows: number;
  blocks?: number;
  side: 'output' | 'input';
  vectors: Float32Array;
}

/**
 * Token `token` as the next one after row `row` of a batch (row-major over [sequences, length]).
 */
export interface TokenQuery {
  row: number;
  token: number;
}

export interface TokenScores {
  /** ln p of each query. */
  logLikelihood: Float64Array;
  /** 1 where no token is more likely. */
  top: Uint8Array;
}

/**
 * The part of the engine that asks what single tokens and single directions of a weight are worth;
 * the same queue.
 */
export interface ScoringEngine {
  /**
   * Answers the queries; blocks before `layer` as `pass` kept them, from there on with the weights
   * as they are now. `layer` = layers: the head only.
   */
  scoreTokens(pass: CleanPass, queries: readonly TokenQuery[], layer: number): Promise<TokenScores>;
  /**
   * What `pass` keeps, computed anew with the weights as they are now: what blocks `layer` to `to`
   * (default: the last) give. Its `loss` stays what it was.
   */
  refreshPass(pass: CleanPass, layer: number, to?: number): Promise<void>;
  /**
   * uᵢᵀ G Wᵀ uᵢ or vᵢᵀ Wᵀ G vᵢ of every direction and sequence of the batch, G = dL/dW of the mean
   * loss, both restricted to the rows of the stretch: for each of `directions` one array [blocks,
   * sequences, count / blocks]. Of singular vectors it is σᵢ dL/dσᵢ. One forward and backward pass;
   * G is never formed. [methods.md §5]
   */
  singularGradients(
    batch: TrainingBatch,
    directions: readonly WeightDirections[],
  ): Promise<{ loss: number; gradients: Float32Array[] }>;
}

/**
 * The part of an engine over a model with float32 linear layers (`floatModel`) that puts weights in
 * their place; the same queue.
 */
export interface WeightEngine {
  /**
   * Puts another float32 weight [out, in] in a module's place for every later call, null: the
   * model's own again. Everything sees it: losses, gradients, probes, `materialiseWeight`. The
   * array is kept, not copied. Throws `float-only` over any other model.
   */
  setWeight(module: number, weight: Float32Array | null): Promise<void>;
}

/**
 * The stream of a batch, carried through the model block by block while the weights change. Must be
 * disposed.
 */
export interface BlockWalk {
  /** ‖x_k‖₂ over all tokens of every input of each module of the next block. */
  inputNorms(): Promise<ReadonlyMap<number, Float32Array>>;
  /**
   * Runs the next block and returns its reconstruction error (1/H) Σ_h Σ_tokens ((dense −
   * now)/‖dense_h‖₂)², where `dense` is that block's output in a clean pass over the same batch.
   */
  advance(dense: CleanPass): Promise<number>;
  dispose(): void;
}

/**
 * The part of an engine over a model with float32 linear layers that prunes; the same queue.
 * Everything sees the model through `use`. [methods.md §4]
 */
export interface SparseEngine extends WeightEngine {
  readonly modules: readonly ModuleInfo[];
  readonly layers: number;
  /**
   * Throws `pruning-too-large`, which says what would fit, when pruning and repairing this model's
   * layers in float32 does not fit beside it: `samples` of the calibration, `sequences` of a
   * training step, the room of every module's adapter.
   */
  checkPruning(
    shape: { samples: number; sequences: number; length: number },
    ranks: readonly number[],
  ): Promise<void>;
  masks(): Promise<Masks>;
  /**
   * x_i · x_j over whole sequences of the input of every block, [layers] of [sequences, sequences].
   */
  inputGrams(batch: TokenBatch, use: AdapterUse): Promise<Float64Array[]>;
  walk(batch: TokenBatch, use: AdapterUse): Promise<BlockWalk>;
  /** What stays of a module's weight by |W| · norms (Wanda), or by |W| where they are null. */
  pruneMask(
    module: number,
    norms: Float32Array | null,
    pattern: PrunePattern,
    use: AdapterUse,
  ): Promise<Uint32Array>;
  /** M ⊙ (W + scale · B A), [out, in]. */
  mergedWeight(module: number, use: AdapterUse): Promise<Float32Array>;
}

/**
 * The next token of a text, from the logits `[vocab]` behind its last one; `index` counts the
 * chosen ones from 0.
 */
export type ChooseToken = (logits: Float32Array, index: number) => number;

export interface GenerationRequest {
  prompt: Int32Array;
  /** At most so many; fewer where the model has no more positions. */
  tokens: number;
  choose: ChooseToken;
  /** Tokens any of which ends the text; it is given out, too. */
  stop?: readonly number[];
  use?: AdapterUse;
}

export interface GeneratedToken {
  id: number;
  /** ln p under the model that chose it, at temperature 1. */
  logProbability: number;
}

/**
 * The part of the engine that takes a text further, with a cache of keys and values; the same
 * queue, taken anew for every token.
 */
export interface GeneratingEngine {
  /**
   * Throws `bad-text`, `too-large`, or `operator` for an export in which tokens meet outside
   * attention.
   */
  generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, void, undefined>;
  /** ln p of every token of a text but the first, given those before it. Throws the same. */
  score(ids: Int32Array, use?: AdapterUse): Promise<Float64Array>;
}

/** The part of the engine that trains; the same model, the same queue. */
export interface TrainingEngine {
  readonly modules: readonly ModuleInfo[];
  /**
   * Throws `training-too-large`, which says what would fit, when a training step of so many
   * sequences does not fit beside the model: one set of adapters, the rank of every module, or
   * several that are on the provider together and step one after the other.
   */
  checkTraining(
    shape: { sequences: number; length: number },
    ...ranks: readonly (readonly number[])[]
  ): Promise<void>;
  /** The kernels of training on this provider against their CPU twins. */
  testTraining(): Promise<Check[]>;
  /**
   * Puts adapters on the provider; moments default to zeros. Throws `too-large` when they do not
   * fit, `head-bent` for one that cannot be applied.
   */
  adapters(
    values: readonly AdapterValues[],
    moments?: readonly AdapterMoments[],
  ): Promise<Adapters>;
  /** Loss of a batch, through the adapters if given. */
  evaluate(batch: TrainingBatch, use?: AdapterUse): Promise<LossSum>;
  /**
   * One training step: mean loss over the predicted tokens, its gradient at every adapter, AdamW.
   * Returns what was true before the update. Throws `diverged` and leaves the adapters as they were
   * when loss or gradient is no number; `head-not-trained`.
   */
  trainStep(
    batch: TrainingBatch,
    use: AdapterUse,
    adamW: AdamWStep,
    ranks?: MovingRanks,
  ): Promise<{ loss: number; gradNorm: number }>;
  /**
   * Mean next-token loss of a batch and its gradients, for checks: at the residual stream 0 …
   * layers, `[sequences, length, hidden]`, dL/dW of every module, `[out, in]` float32, and of the
   * vocabulary product, `[vocab, hidden]`, where asked for.
   */
  gradients(
    batch: TrainingBatch,
    visit: {
      residual?(index: number, gradient: Float32Array): void;
      weight?(module: number, gradient: Float32Array): void;
      head?(gradient: Float32Array): void;
    },
  ): Promise<number>;
}
