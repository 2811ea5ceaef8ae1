/** Compares two results of one model, module by module. */
import { elementAt } from '../checked.ts';
import { mappedBy, rankTable, type RankRow, type RankTable } from '../studies/map/rank-table.ts';
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
  /** The rank changed, and the 95 % intervals of the multiple do not overlap. */
  parts: boolean;
}

export interface ResultComparison {
  modules: ModuleDifference[];
  /** Modules whose rank changed. */
  changed: number;
  /** Changed modules whose intervals do not overlap; null if a result has no intervals. */
  moved: number | null;
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
  const [ta, tb] = [a, b].map(({ result }) => rankTable(mappedBy(result), rule)) as [
    RankTable,
    RankTable,
  ];
  const { rows: ra } = ta;
  const { rows: rb } = tb;
  const modules = ra.map((row, i): ModuleDifference => {
    const other = elementAt(rb, i);
    const x = row.multipleInterval;
    const y = other.multipleInterval;
    const ranks = (other.rank ?? 0) - (row.rank ?? 0);
    return {
      a: row,
      b: other,
      ranks,
      exact: rule.meanRank * ((other.multiple ?? 0) - (row.multiple ?? 0)),
      parts: ranks !== 0 && !!x && !!y && (x.high < y.low || y.high < x.low),
    };
  });
  return {
    modules,
    changed: modules.filter((m) => m.ranks !== 0).length,
    moved:
      ta.settled === null || tb.settled === null ? null : modules.filter((m) => m.parts).length,
    spearman: spearman(
      ra.map((r) => r.importance ?? 0),
      rb.map((r) => r.importance ?? 0),
    ),
  };
}
