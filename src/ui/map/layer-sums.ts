/**
 * Sums ranks by layer, and computes the scale that the bars share with the label of the uniform
 * line.
 */
import type { RankTable } from '../../studies/map/rank-table.ts';
import { groupOf } from '../../state/layout.ts';

export interface LayerSum {
  layer: number;
  attention: number;
  mlp: number;
  other: number;
  total: number;
}

export function layerSums(table: RankTable, layers: number): LayerSum[] {
  const sums: LayerSum[] = Array.from({ length: layers }, (_, layer) => ({
    layer,
    attention: 0,
    mlp: 0,
    other: 0,
    total: 0,
  }));
  for (const { module, rank } of table.rows) {
    const sum = sums[module.layer];
    if (!sum || rank === null) continue;
    sum[groupOf(module.group)] += rank;
    sum.total += rank;
  }
  return sums;
}

/**
 * End of the bars' scale, at least the longest bar. It grows in coarse steps, so that the uniform
 * line does not move with every change of a rank.
 */
export function barsEnd(sums: readonly LayerSum[], uniform: number): number {
  // Starts with space for 1.7 times the uniform number of ranks, so that the scale seldom changes.
  const largest = Math.max(1, 1.7 * uniform, ...sums.map((s) => 1.02 * s.total));
  const size = 10 ** Math.floor(Math.log10(largest));
  return (
    [1.2, 1.5, 2, 3, 4, 5, 6, 8, 10].map((k) => k * size).find((end) => end >= largest) ?? 10 * size
  );
}
