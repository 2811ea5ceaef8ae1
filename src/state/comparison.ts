/** Compares two results of one model, module by module. */
import { elementAt } from '../checked.ts';
import type { RankRow } from '../studies/map/rank-table.ts';
import { mappedBy, rankTable } from '../studies/map/rank-table.ts';
import type { AllocationSpec } from '../spec/spec.ts';
import { spearman } from '../methods/statistics.ts';
import type { SavedResult } from './map-store.ts';

export interface ModuleDifference {
  a: RankRow;
  b: RankRow;
  /** Rank in b minus rank in a. */
  ranks: number;
  /** The same before rounding: the difference of the multiples times the mean rank. */
  exact: number;
  /** The 95 % intervals of the multiple do not overlap. */
  parts: boolean;
}

export interface ResultComparison {
  modules: ModuleDifference[];
  /** Modules whose rank differs. */
  changed: number;
  /** Of these, the modules whose intervals do not overlap; null without intervals. */
  significant: number | null;
  spearman: number;
}

/**
 * Compares both results under the same budget, so that only the measurements differ. Both must be
 * of the same model.
 */
export function compareResults(
  a: SavedResult,
  b: SavedResult,
  rule: AllocationSpec,
): ResultComparison {
  const [ra, rb] = [a, b].map(({ result }) => rankTable(mappedBy(result), rule).rows) as [
    RankRow[],
    RankRow[],
  ];
  const modules = ra.map((row, i): ModuleDifference => {
    const other = elementAt(rb, i);
    const x = row.multipleInterval;
    const y = other.multipleInterval;
    return {
      a: row,
      b: other,
      ranks: (other.rank ?? 0) - (row.rank ?? 0),
      exact: rule.meanRank * ((other.multiple ?? 0) - (row.multiple ?? 0)),
      parts: !!x && !!y && (x.high < y.low || y.high < x.low),
    };
  });
  const changed = modules.filter((m) => m.ranks !== 0);
  return {
    modules,
    changed: changed.length,
    significant: modules.every((m) => m.a.multipleInterval && m.b.multipleInterval)
      ? changed.filter((m) => m.parts).length
      : null,
    spearman: spearman(
      ra.map((r) => r.importance ?? 0),
      rb.map((r) => r.importance ?? 0),
    ),
  };
}
