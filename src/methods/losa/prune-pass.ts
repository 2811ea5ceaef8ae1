/**
 * One pruning pass through the model, layer by layer. Each layer is measured on the residual stream
 * of the pruned layers before it, then pruned. Source: locuslab/wanda, wzhuang-xmu/LoSA; methods.md
 * §4.
 */
import { retainedCount } from '../../device/sparse-twins.ts';
import type {
  AdapterUse,
  CleanPass,
  Masks,
  SparseEngine,
  TokenBatch,
} from '../../engine/engine.ts';
import { patternOf, type Structure } from './pattern.ts';

export interface PruneRule {
  /** By |W| · ‖x‖₂, or |W| alone. */
  score: 'wanda' | 'magnitude';
  structure: Structure;
}

/** A use that has masks. */
export type MaskedUse = AdapterUse & { masks: Masks };

/** What a pass prunes, and how. */
export interface PrunePass {
  batch: TokenBatch;
  /** The clean pass of the unpruned model over the same batch. */
  dense: CleanPass;
  use: MaskedUse;
  /** Target sparsity of each layer. */
  sparsities: readonly number[];
  rule: PruneRule;
}

/** A layer after pruning: its sparsity and its reconstruction error L_i. */
export interface PrunedBlock {
  layer: number;
  zeros: number;
  error: number;
}

/** Sets the masks of `use`, layer by layer, from the weights that `use` currently gives. */
export async function* prunePass(
  engine: SparseEngine,
  { batch, dense, use, sparsities, rule: { score, structure } }: PrunePass,
): AsyncGenerator<PrunedBlock, void, undefined> {
  const walk = await engine.walk(batch, use);
  try {
    for (let layer = 0; layer < engine.layers; layer++) {
      const norms = score === 'wanda' ? await walk.inputNorms() : null;
      const modules = engine.modules.filter((m) => m.layer === layer);
      const found = new Map<number, Uint32Array>();
      for (const { index, inFeatures } of modules)
        found.set(
          index,
          await engine.pruneMask(
            index,
            norms?.get(index) ?? null,
            patternOf(structure, sparsities[layer]!, inFeatures),
            use,
          ),
        );
      for (const [module, mask] of found) use.masks.set(module, mask);
      yield { layer, zeros: zerosOf(use.masks, modules), error: await walk.advance(dense) };
    }
  } finally {
    walk.dispose();
  }
}

/** Fraction of the modules' weights that their masks remove. */
export function zerosOf(
  masks: Masks,
  modules: readonly { index: number; inFeatures: number; outFeatures: number }[],
): number {
  let all = 0;
  let retained = 0;
  for (const { index, inFeatures, outFeatures } of modules) {
    const bits = masks.bits(index);
    all += inFeatures * outFeatures;
    retained += bits ? retainedCount(bits) : inFeatures * outFeatures;
  }
  return 1 - retained / all;
}
