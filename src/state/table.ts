/** What the map, the table, the strip and the charts read: one row a module. */
import type { ModuleInfo } from '../compiler/modules.ts';

export interface Span { low: number; high: number }

export interface MapRow {
  module: ModuleInfo;
  /** The value of every repeat so far, in order. */
  draws: readonly number[];
  /** Mean of the draws and its 95 % t-interval. */
  importance: number | null;
  importanceSpan: Span | null;
  /** Importance as a multiple of the mean module, and its 95 % interval over sweeps. */
  multiple: number | null;
  multipleSpan: Span | null;
  /** Known after the first whole sweep. */
  rank: number | null;
  rankSpan: Span | null;
  settled: boolean;
  parameters: number | null;
}

export interface MapTable {
  rows: readonly MapRow[];
  /** Whole sweeps. */
  repeats: number;
  budget: number;
  spent: number;
  parameters: number;
}
