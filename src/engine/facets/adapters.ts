/** Adapters and masks on the provider, and how a run uses them. */

/**
 * A module's adapter: A [rank, inFeatures] and B [outFeatures, rank], row-major float32, as in
 * PEFT. The index after the last module is the vocabulary projection (`AdapterPlace`): its adapter
 * is applied, not trained.
 */
export interface AdapterValues {
  module: number;
  rank: number;
  loraA: Float32Array;
  loraB: Float32Array;
}

/** AdamW's moments of one adapter, in the shapes of its A and B. */
export interface AdapterMoments {
  firstA: Float32Array;
  secondA: Float32Array;
  firstB: Float32Array;
  secondB: Float32Array;
}

/** Adapters on the provider, with memory for their gradients and moments. Must be disposed. */
export interface Adapters {
  readonly modules: readonly { module: number; rank: number }[];
  /** Σ rank · (inFeatures + outFeatures). */
  readonly parameters: number;
  /** Reads `A` and `B` of every module back. */
  values(): Promise<AdapterValues[]>;
  /** Reads the moments back, in the order of `values`. */
  moments(): Promise<AdapterMoments[]>;
  /** Frees what is on the provider. */
  dispose(): void;
}

/** How a run uses adapters: `y = W x + scale · B (A x)`. */
export interface AdapterUse {
  adapters: Adapters;
  /** The scale s of a module: α/r, or α/√r with rsLoRA. */
  scale(module: number): number;
  /** Uses only the first `rank` ranks of a module (DyLoRA). Default: all. */
  rank?(module: number): number;
  /**
   * Replaces the weight by M ⊙ (W + scale · B A): pruned, and adapted within the retained weights
   * (LoSA). Losses, logits and training use masks; generation does not. Needs float32 layers.
   */
  masks?: Masks;
}

/**
 * Masks of retained weights, on the provider: one bit per weight over [out, in], row-major, bit 0
 * of a word first, 1 = retained. Must be disposed.
 */
export interface Masks {
  /** Null: all weights of the module are retained. */
  bits(module: number): Uint32Array | null;
  /** Stores `bits` without a copy. */
  set(module: number, bits: Uint32Array): void;
  /** Frees what is on the provider. */
  dispose(): void;
}
