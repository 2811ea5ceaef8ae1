/**
 * Defines a module: one linear layer of the model, with its PyTorch name.
 *
 * A packed projection (`qkv_proj`) is one product in the graph but three modules here. They share a
 * site and have different rows.
 */

/** Column of the map. `other` is for linear layers with unknown names. */
export type ModuleRole =
  'q' | 'k' | 'v' | 'o' | 'qkv' | 'gate' | 'up' | 'gate_up' | 'down' | 'fc' | 'proj' | 'other';
/** The part of a layer that a module belongs to. */
export type ModuleGroup = 'attention' | 'mlp' | 'other';

/** How the weight bytes are stored; the readers are in `model/weights.ts`. */
export type WeightFormat =
  | { kind: 'float32' | 'float16' }
  /**
   * ONNX MatMulNBits: `[N, ceil(K/block), block·bits/8]`, low nibble first; the default zero point
   * is 2^(bits−1).
   */
  | {
      kind: 'nbits';
      bits: 2 | 4 | 8;
      block: number;
      zeroPoints: boolean;
      /**
       * `floatPoints`: one float zero point per block. `reordered`: a fourth tensor, `g_idx`, gives
       * the block of each column. Both are unpacked in the graph.
       */
      floatPoints?: true;
      reordered?: true;
    }
  /** bitsandbytes NF4/FP4 (MatMulBnb4): flat over row-major `[N, K]`, high nibble first. */
  | { kind: 'bnb4'; block: number; codebook: 'nf4' | 'fp4' }
  /**
   * uint8/int8 per tensor or per output feature, with scale and zero point (MatMulInteger,
   * DequantizeLinear).
   */
  | { kind: 'int8' }
  /**
   * Every other DequantizeLinear; `axis` and `block` refer to the matrix as stored (`linear.ts`).
   */
  | { kind: 'linear'; bits: 4 | 8; axis: number | null; block: number | null };

/** Whether the runtime's kernel for packed products reads the weight directly. */
export const staysPacked = (format: WeightFormat): format is WeightFormat & { kind: 'nbits' } =>
  format.kind === 'nbits' && !format.floatPoints && !format.reordered;

/** A linear layer inside the blocks. */
export interface ModuleInfo {
  /**
   * Position in the model's list of modules: 7·layer + position for Llama. Identifies the module's
   * noise.
   */
  index: number;
  /** PyTorch path, `model.layers.3.self_attn.q_proj`. */
  path: string;
  layer: number;
  role: ModuleRole;
  group: ModuleGroup;
  /** `W` is `[outFeatures, inFeatures]`, as in torch.nn.Linear. */
  inFeatures: number;
  outFeatures: number;
  format: WeightFormat;
  hasBias: boolean;
  /** Bytes of the weight as stored (packed values, scales, zero points). */
  bytes: number;
}

/**
 * A place that can take an adapter: a module or the vocabulary product, which is numbered after the
 * last module.
 */
export type AdapterPlace = Pick<ModuleInfo, 'index' | 'path' | 'inFeatures' | 'outFeatures'>;

/**
 * PyTorch's path of the vocabulary product. If its weight is tied to the embedding, an adapter of
 * the product does not change the embedding.
 */
export const HEAD_PATH = 'lm_head';

/** All adapter places of a model, at their indices. */
export const adapterPlaces = ({
  modules,
  head: { hidden, vocab },
}: {
  modules: readonly ModuleInfo[];
  head: { hidden: number; vocab: number };
}): AdapterPlace[] => [
  ...modules,
  { index: modules.length, path: HEAD_PATH, inFeatures: hidden, outFeatures: vocab },
];
