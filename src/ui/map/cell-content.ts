/**
 * Converts table rows and the state of the run to the contents of cells: text, fill and accessible
 * name.
 */
import { withPlus } from '../../language/numbers.ts';
import type { RankRow, RankTable } from '../../studies/map/rank-table.ts';
import type { Palette, Shade } from '../colour.ts';
import type { Words } from '../../words/en.ts';

export interface CellContent {
  name: string;
  text: string;
  /** For cells too narrow for a range. */
  short: string;
  settled: boolean;
  /** null: not probed yet. */
  fill: Shade | null;
  now: boolean;
  ticks: { done: number; of: number } | null;
}

export const signed = (n: number) => withPlus(String(n).replace('-', '−'));
export const span = (low: number, high: number, print: (n: number) => string = String) =>
  low === high ? print(low) : `${print(low)}–${print(high)}`;

interface Situation {
  table: RankTable;
  words: Words;
  palette: Palette;
  /** End of the fill scale, in multiples of the mean importance. */
  end: number;
  probing: ReadonlySet<number>;
  /** Draws so far by module and draws requested; null: no ticks are shown. */
  drawn: { done: readonly number[]; of: number } | null;
  /** Fill and text relative to this mean rank; null: absolute. */
  versus: number | null;
  /** What a settled and an open rank are called. */
  certainty: { one: string; several: string };
  /** The table has an adapter's ranks. */
  adapter?: boolean;
}

export function contentOf(
  row: RankRow,
  { table, words, palette, end, probing, drawn, versus, certainty, adapter }: Situation,
): CellContent {
  const { module, rank, range, multiple } = row;
  const settled = row.settled === true;
  const relative =
    versus === null ? (n: number) => String(n) : (n: number) => signed(round(n - versus));
  let text = '';
  let short = '';
  if (rank !== null) {
    text = short = relative(rank);
    if (range && !settled && versus === null) {
      text = span(range.low, range.high);
      short = `${rank}~`;
    }
  }
  const fill =
    multiple === null
      ? null
      : versus === null
        ? palette.sequential(multiple / end)
        : rank === null
          ? palette.diverging(0.5)
          : palette.diverging(0.5 + (rank - versus) / (2 * versusEnd(table, versus)));
  return {
    name: adapter
      ? words.adapters.cell(module.layer, module.role, rank ?? 0)
      : words.map.cellName({
          layer: module.layer,
          role: module.role,
          ranks: rank === null ? null : range ? span(range.low, range.high) : String(rank),
          certainty: settled ? certainty.one : certainty.several,
          multiple,
        }),
    text,
    short,
    settled,
    fill,
    now: probing.has(row.index),
    ticks: drawn === null ? null : { done: drawn.done[row.index] ?? 0, of: drawn.of },
  };
}

const round = (n: number) => Math.round(n * 10) / 10;

/**
 * End of the symmetric diverging scale: the largest distance of a rank from the mean rank, rounded
 * up to an even number.
 */
export function versusEnd(table: RankTable, meanRank: number): number {
  const farthest = Math.max(2, ...table.rows.map((r) => Math.abs((r.rank ?? meanRank) - meanRank)));
  return 2 * Math.ceil(farthest / 2);
}
