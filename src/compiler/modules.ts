/**
 * What a module is: one linear layer of the model, under the name PyTorch gives it.
 *
 * A packed projection (`qkv_proj`) is one product in the graph but three modules here: they share a
 * site and differ in their rows.
 */

/** Column of the map. `other` is for linear layers with no familiar name. */
export type ModuleRole =
  'q' | 'k' | 'v' | 'o' | 'qkv' | 'gate' | 'up' | 'gate_up' | 'down' | 'fc' | 'proj' | 'other';
export type ModuleGroup = 'attention' | 'mlp' | 'other';

/** How the weight bytes are to be read; see `model/weights.ts` for the readers. */
export type WeightFormat =
  | { kind: 'float32' | 'float16' }
  /**
   * ONNX MatMulNBits: `[N, ceil(K/block), block·bits/8]`, low nibble first; zero point 2^(bits−1)
   * when absent.
   */
  | {
      kind: 'nbits';
      bits: 2 | 4 | 8;
      block: number;
      zeroPoints: boolean;
      /**
       * Zero points are floats, one a block; or a fourth tensor, `g_idx`, gives the block of each
       * column. Unpacked in the graph.
       */
      floatPoints?: true;
      reordered?: true;
    }
  /** bitsandbytes NF4/FP4 (MatMulBnb4): flat over row-major `[N, K]`, high nibble first. */
  | { kind: 'bnb4'; block: number; codebook: 'nf4' | 'fp4' }
  /**
   * Per-tensor or per-column uint8/int8 with scale and zero point (MatMulInteger,
   * DequantizeLinear).
   */
  | { kind: 'int8' }
  /**
   * Every other DequantizeLinear; `axis` and `block` of the matrix as it is stored, `linear.ts`.
   */
  | { kind: 'linear'; bits: 4 | 8; axis: number | null; block: number | null };

/** Whether a weight is read packed by the runtime's kernel for 4-bit products. */
export const staysPacked = (format: WeightFormat): format is WeightFormat & { kind: 'nbits' } =>
  format.kind === 'nbits' && !format.floatPoints && !format.reordered;

export interface ModuleInfo {
  /**
   * Position in the model's list of modules: 7·layer + position for Llama. Names the module's
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
 * What an adapter can be of: a module, or the vocabulary product, which is numbered behind the last
 * module.
 */
export type AdapterPlace = Pick<ModuleInfo, 'index' | 'path' | 'inFeatures' | 'outFeatures'>;

/**
 * PyTorch's path of the vocabulary product. Where its weight is the embedding's too, an adapter of
 * it leaves the embedding alone.
 */
export const HEAD_PATH = 'lm_head';

/** All places of a model, each at its number. */
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
