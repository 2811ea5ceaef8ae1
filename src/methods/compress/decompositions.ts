/** Decompositions of a model's weights, kept in memory by the model's hash: another run on the same model need not repeat them. */
import type { ModuleInfo } from '../../compiler/modules.ts';
import { AtlasError } from '../../errors.ts';
import { decompositionOf, type Decomposition } from './candidates.ts';
import { rowBlocks, type Split } from './row-blocks.ts';
import { blockSvd } from './svd.ts';

/** Bytes of singular vectors a page may keep; SmolLM2-135M in 1 to 16 row blocks takes 0.73e9. */
const LIMIT = 1.5e9;

export interface Splitting { blocks: number; split: Split; seed: number }

export class Decompositions {
  private readonly known = new Map<string, Decomposition>();
  private hash = '';

  /** Throws `too-large` where the decompositions of all modules at once would not fit. */
  open(hash: string, modules: readonly ModuleInfo[], splittings: readonly Splitting[]): void {
    const bytes = splittings.reduce((sum, { blocks }) => modules.reduce((s, { inFeatures, outFeatures }) => {
      const m = Math.min(outFeatures / blocks, inFeatures);
      return s + 4 * blocks * m * m;
    }, sum), 0);
    if (bytes > LIMIT) throw new AtlasError('bad-spec', { at: 'compress.rowBlocks', why: `the decompositions would take ${(bytes / 1e9).toFixed(1)} GB; ${LIMIT / 1e9} GB are allowed, so name fewer numbers of blocks` });
    if (hash !== this.hash) this.known.clear();
    this.hash = hash;
  }

  /** Of the model opened last. `weight` is asked for only if it is new. Throws `row-blocks`, `singular`. */
  of(module: ModuleInfo, splitting: Splitting, weight: () => Float32Array): Decomposition {
    const { index, path, inFeatures } = module, { blocks, split, seed } = splitting;
    const key = `${index} ${blocks} ${split === 'kmeans' && blocks > 1 ? `kmeans ${seed}` : 'contiguous'}`;
    let found = this.known.get(key);
    if (!found) {
      const w = weight();
      found = decompositionOf(module, rowBlocks(module, blocks, split, w, seed).map((rows) => blockSvd(w, inFeatures, rows, path)));
      this.known.set(key, found);
    }
    return found;
  }
}
