/**
 * LoRA adapters at a product: `y + scale · (x Aᵀ) Bᵀ` in the columns of each module (methods.md §1).
 */
import type { Builder } from './builder.ts';
import type { Site } from './compiled.ts';
import type { PieceRequest } from './pieces.ts';
import { count, type ComputedValue, type Value } from './value.ts';

export interface SiteAdapters {
  /** `loraA [rank, in]`, `loraB [rank, out]`, `scale [1]` of each module, in the order of the modules. */
  inputs: PieceRequest['inputs'];
  /** Adds every module's part to the product `y` of `x`. */
  apply(x: Value, y: Value): Value;
}

/** The rank while shapes are worked out; it is symbolic in the piece. */
const SOME_RANK = 1;

export function siteAdapters(b: Builder, site: Site, inFeatures: number): SiteAdapters {
  const leaf = (...dims: number[]): ComputedValue => b.leaf({ type: 'float32', dims }, false);
  const modules = site.modules.map((m, i) => {
    const width = (site.modules[i + 1]?.offset ?? site.width) - m.offset;
    return { m, width, A: leaf(SOME_RANK, inFeatures), B: leaf(SOME_RANK, width), scale: leaf(1) };
  });
  return {
    inputs: modules.flatMap(({ m, width, A, B, scale }): PieceRequest['inputs'] => {
      const rank = m.loraA.replace('loraA', 'rank');
      return [[m.loraA, A, [rank, inFeatures]], [m.loraB, B, [rank, width]], [m.scale, scale]];
    }),
    apply(x, y) {
      const rows = b.reshape(x, [count(x.dims) / inFeatures, inFeatures]);
      const parts = modules.map(({ A, B, scale }) => {
        const u = b.one('Gemm', [rows, A], { transB: { type: 'int', value: 1 } });
        return b.one('Gemm', [b.one('Mul', [u, scale]), B]);
      });
      const all = parts.length === 1 ? parts[0]! : b.one('Concat', parts, { axis: { type: 'int', value: 1 } });
      return b.one('Add', [y, b.reshape(all, y.dims)]);
    },
  };
}
