/**
 * Caches decompositions of a model's weights in memory by the model's hash, so that another run on
 * the same model need not repeat them.
 */
import { defined } from '../../checked.ts';
import type { ModuleInfo } from '../../compiler/modules.ts';
import { AtlasError } from '../../errors.ts';
import { decompositionOf, type Decomposition } from './candidates.ts';
import { rowBlocks, type Splitting } from './row-blocks.ts';
import { blockSvd, type BlockSvd } from './svd.ts';

/** Maximum bytes of cached singular vectors. SmolLM2-135M in 1 to 16 row blocks takes 0.73e9. */
const LIMIT = 1.5e9;

/** One weight to decompose, `w` [out, in]. Plain data, so that it can be sent to another thread. */
export interface SvdJob {
  module: Pick<ModuleInfo, 'index' | 'path' | 'inFeatures' | 'outFeatures'>;
  splitting: Splitting;
  w: Float32Array;
}

/** Throws `row-blocks`, `singular`. */
export const decompose = ({ module, splitting, w }: SvdJob): BlockSvd[] =>
  rowBlocks(module, w, splitting).map((rows) => blockSvd(w, module.inFeatures, rows, module.path));

/** Roughly proportional to the duration of a job: the cube of a block's shorter side. */
export const costOf = (
  { inFeatures, outFeatures }: Pick<ModuleInfo, 'inFeatures' | 'outFeatures'>,
  blocks: number,
): number => blocks * Math.min(outFeatures / blocks, inFeatures) ** 3;

export class Decompositions {
  private readonly known = new Map<string, Decomposition>();
  private hash = '';

  /**
   * Selects the model. Throws `bad-spec` if the decompositions of all modules would exceed the
   * limit.
   */
  open(hash: string, modules: readonly ModuleInfo[], splittings: readonly Splitting[]): void {
    const bytes = splittings.reduce(
      (sum, { blocks }) =>
        modules.reduce(
          (s, { inFeatures, outFeatures }) =>
            s + 4 * blocks * Math.min(outFeatures / blocks, inFeatures) ** 2,
          sum,
        ),
      0,
    );
    if (bytes > LIMIT)
      throw new AtlasError('bad-spec', {
        at: 'compress.rowBlocks',
        why: `the decompositions would take ${(bytes / 1e9).toFixed(1)} GB, but ${LIMIT / 1e9} GB are allowed; list fewer numbers of blocks`,
      });
    if (hash !== this.hash) this.known.clear();
    this.hash = hash;
  }

  has(module: ModuleInfo, splitting: Splitting): boolean {
    return this.known.has(keyOf(module, splitting));
  }

  set(
    { module, splitting }: Pick<SvdJob, 'module' | 'splitting'>,
    blocks: readonly BlockSvd[],
  ): void {
    this.known.set(keyOf(module, splitting), decompositionOf(module, blocks));
  }

  /**
   * The decomposition of a module of the model opened last. `weight` is called only if it is not
   * cached. Throws what `decompose` throws.
   */
  of(module: ModuleInfo, splitting: Splitting, weight: () => Float32Array): Decomposition {
    if (!this.has(module, splitting))
      this.set({ module, splitting }, decompose({ module, splitting, w: weight() }));
    return defined(this.known.get(keyOf(module, splitting)));
  }
}

const keyOf = ({ index }: Pick<ModuleInfo, 'index'>, { blocks, split, seed }: Splitting): string =>
  `${index} ${blocks} ${split === 'kmeans' && blocks > 1 ? `kmeans ${seed}` : 'contiguous'}`;
