/**
 * Adds LoRA adapters to a product: `y + scale · (x Aᵀ) Bᵀ` in the columns of each module
 * (methods.md §1).
 */
import { elementAt } from '../checked.ts';
import type { Builder } from './builder.ts';
import type { Site } from './compiled.ts';
import type { PieceRequest } from './pieces.ts';
import { count, type ComputedValue, type Value } from './value.ts';

export interface SiteAdapters {
  /** `loraA [rank, in]`, `loraB [rank, out]`, `scale [1]` of each module, in module order. */
  inputs: PieceRequest['inputs'];
  /** Returns the product `y` of `x` plus the adapter output of every module. */
  apply(x: Value, y: Value): Value;
  /** A and Bᵀ of each module, with the names of their gradients and their dims. */
  pairs: { gradient: string; value: Value; shape: readonly (number | string)[] }[];
  /** Filled by `apply`: each module's `x Aᵀ` with its dims; the rank is symbolic. */
  thin: Map<Value, readonly (number | string)[]>;
}

/** The rank for shape inference; in the piece, the rank is symbolic. */
const SOME_RANK = 1;

export function siteAdapters(b: Builder, site: Site, inFeatures: number): SiteAdapters {
  const thin: SiteAdapters['thin'] = new Map();
  const leaf = (...dims: number[]): ComputedValue => b.leaf({ type: 'float32', dims }, false);
  const modules = site.modules.map((m, i) => {
    const width = (site.modules[i + 1]?.offset ?? site.width) - m.offset;
    return {
      m,
      width,
      rank: m.loraA.replace('loraA', 'rank'),
      A: leaf(SOME_RANK, inFeatures),
      B: leaf(SOME_RANK, width),
      scale: leaf(1),
    };
  });
  return {
    thin,
    pairs: modules.flatMap(({ m, width, rank, A, B }) => [
      { gradient: m.gradA, value: A, shape: [rank, inFeatures] },
      { gradient: m.gradB, value: B, shape: [rank, width] },
    ]),
    inputs: modules.flatMap(({ m, width, rank, A, B, scale }): PieceRequest['inputs'] => [
      [m.loraA, A, [rank, inFeatures]],
      [m.loraB, B, [rank, width]],
      [m.scale, scale],
    ]),
    apply(x, y) {
      const rows = b.reshape(x, [count(x.dims) / inFeatures, inFeatures]);
      const parts = modules.map(({ rank, A, B, scale }) => {
        const u = b.one('Gemm', [rows, A], { transB: { type: 'int', value: 1 } });
        thin.set(u, [rows.dims[0]!, rank]);
        return b.one('Gemm', [b.one('Mul', [u, scale]), B]);
      });
      const all =
        parts.length === 1
          ? elementAt(parts, 0)
          : b.one('Concat', parts, { axis: { type: 'int', value: 1 } });
      return b.one('Add', [y, b.reshape(all, y.dims)]);
    },
  };
}
