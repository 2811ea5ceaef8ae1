/** Reads, compares, prints and writes tables of counted work. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { elementAt } from '../../src/checked.ts';
import type { Counts } from './gpu.ts';
import type { Work } from './work.ts';

/** Counts by model. */
export type Table = Record<string, Work>;

const FILE = resolve(import.meta.dirname, '../results/counts.json');
const PAGE = resolve(import.meta.dirname, '../../docs/benchmarks.md');

/** Permitted growth: a small addition may increase a count by 2 %. */
const ALLOWED = 1.02;

const HEADINGS: Record<keyof Counts, string> = {
  runs: 'runs',
  dispatches: 'dispatches',
  passes: 'passes',
  clears: 'clears',
  submits: 'submits',
  readbacks: 'readbacks',
  uploads: 'uploads',
  buffers: 'buffers',
  peakBytes: 'peak MB',
};
const COLUMNS = Object.keys(HEADINGS) as (keyof Counts)[];

export const committed = (): Table =>
  existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Table) : {};

/**
 * One sentence for every count more than 2 % above its previous value, and for work without a
 * previous value.
 */
export function grown(now: Table, before: Table): string[] {
  return rowsOf(now).flatMap(({ model, work, counts }) => {
    const was = before[model]?.[work];
    if (!was)
      return [`${model}, ${work}: not in bench/results/counts.json, run npm run counts -- --write`];
    return COLUMNS.filter((c) => !(counts[c] <= ALLOWED * was[c])).map(
      (c) => `${model}, ${work}: ${c} grew from ${was[c]} to ${counts[c]}`,
    );
  });
}

/** Formats a table for the terminal: each count with its previous value in brackets. */
export function described(now: Table, before: Table): string {
  const lines = rowsOf(now).map(({ model, work, counts }) => {
    const was = before[model]?.[work];
    return [model, work, ...COLUMNS.map((c) => `${shown(c, counts[c])} (${shown(c, was?.[c])})`)];
  });
  const all = [['model', 'work', ...COLUMNS.map((c) => HEADINGS[c])], ...lines];
  const widths = elementAt(all, 0).map((_, i) =>
    Math.max(...all.map((line) => elementAt(line, i).length)),
  );
  return all
    .map((line) =>
      line
        .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  '),
    )
    .join('\n');
}

/**
 * Writes the counts to the results file and to docs/benchmarks.md. Models that were not counted
 * this time stay unchanged.
 */
export async function write(now: Table): Promise<void> {
  const table = { ...committed(), ...now };
  writeFileSync(FILE, `${JSON.stringify(table, null, 1)}\n`);
  const lines = rowsOf(table).map(({ model, work, counts }) => [
    model,
    work,
    ...COLUMNS.map((c) => shown(c, counts[c])),
  ]);
  const rows = [
    ['model', 'work', ...COLUMNS.map((c) => HEADINGS[c])],
    Array<string>(COLUMNS.length + 2).fill('---'),
    ...lines,
  ];
  const markdown = rows.map((line) => `| ${line.join(' | ')} |`).join('\n');
  const marks = /(<!-- counts -->\n)[^]*(<!-- end of counts -->)/;
  const page = readFileSync(PAGE, 'utf8');
  if (!marks.test(page)) throw new Error(`${PAGE} has no place for the counts`);
  const text = page.replace(
    marks,
    (_, start: string, end: string) => start + markdown + '\n' + end,
  );
  const options = await resolveConfig(PAGE);
  writeFileSync(PAGE, await format(text, { ...options, filepath: PAGE }));
}

const rowsOf = (table: Table): { model: string; work: string; counts: Counts }[] =>
  Object.entries(table).flatMap(([model, works]) =>
    Object.entries(works).map(([work, counts]) => ({ model, work, counts })),
  );

/** A dash if there is no count. */
const shown = (column: keyof Counts, count: number | undefined): string =>
  count === undefined
    ? '–'
    : column === 'peakBytes'
      ? (count / 1e6).toFixed(1)
      : count.toLocaleString('en');
