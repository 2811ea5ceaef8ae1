/** Adapters and masks where the provider computes, and how a run uses them. */

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
