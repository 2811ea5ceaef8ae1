/** Exports a result: CSV in full precision, JSON, and the table of the command line. */
import { elementAt } from '../../checked.ts';
import { csvComment, csvJson, csvRow } from '../../spec/csv.ts';
import { countsOf, drawsAsked, type Counts } from './draws.ts';
import { mappedBy, rankTable, type RankTable } from './rank-table.ts';
import type { RunResult } from './result.ts';

/** The table of a finished run. */
export const tableOf = (result: RunResult): RankTable =>
  rankTable(mappedBy(result), result.spec.allocation);

export const resultText = (result: RunResult): string => `${JSON.stringify(result, null, 1)}\n`;

/**
 * One row per module. The comment lines above the header name the experiment and the model's hash.
 */
export function toCsv(result: RunResult): string {
  const { model, tokens, versions, spec } = result;
  const repeats = result.modules[0]?.draws.length ?? 0;
  const lines = [
    csvComment(
      `Rank Atlas ${versions.rankAtlas}, onnxruntime-web ${versions.onnxruntime}, ${result.startedAt}`,
    ),
    csvComment(`model ${model.title} sha256 ${model.hash}`),
    csvComment(`tokens ${tokens.sequences} x ${tokens.length} sha256 ${tokens.hash}`),
    csvJson('spec', spec),
    csvRow([
      'module',
      'layer',
      'role',
      'in',
      'out',
      'importance',
      'standard_error',
      'multiple',
      'rank',
      'rank_low',
      'rank_high',
      'parameters',
      ...Array.from({ length: repeats }, (_, k) => `draw_${k + 1}`),
    ]),
    ...tableOf(result).rows.map((r) =>
      csvRow([
        r.module.path,
        r.module.layer,
        r.module.role,
        r.module.inFeatures,
        r.module.outFeatures,
        r.importance,
        r.standardError,
        r.multiple,
        r.rank,
        r.range?.low ?? null,
        r.range?.high ?? null,
        r.parameters,
        ...r.draws,
      ]),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * For the terminal: the map of ranks (layers by roles), the spent budget, then one line per module.
 */
export function textTable(result: RunResult): string {
  const table = tableOf(result);
  return [...rankMap(table), '', ...summary(table, result), '', ...moduleLines(table)].join('\n');
}

/** `7~`: the 95 % interval contains other ranks as well. */
const rankWord = (rank: number | null, settled: boolean | null) =>
  rank === null ? '.' : `${rank}${settled === false ? '~' : ''}`;

function rankMap({ rows }: RankTable): string[] {
  const roles = [...new Set(rows.map((r) => r.module.role))];
  const layers = [...new Set(rows.map((r) => r.module.layer))].sort((a, b) => a - b);
  const cell = (layer: number, role: string) =>
    rows
      .filter((r) => r.module.layer === layer && r.module.role === role)
      .map((r) => rankWord(r.rank, r.settled))
      .join(' ');
  return columns([
    ['layer', ...roles],
    ...layers.map((l) => [String(l), ...roles.map((role) => cell(l, role))]),
  ]);
}

function summary(
  { rows, allocation, settled }: RankTable,
  { spec, cleanLoss, tokens }: RunResult,
): string[] {
  if (!allocation) return [];
  const { budget, spent, parameters, full } = allocation;
  const left = budget - spent;
  const measured = countsText(countsOf(spec.method, drawsAsked(spec.method)));
  return [
    `Spends ${spent} of ${budget} ${spec.allocation.unit}${left > 0 && full < rows.length && spec.allocation.rounding === 'floor' ? `; rounding down leaves ${left}` : ''}. ${parameters} adapter parameters.${full > 0 ? ` At full rank: ${full} of ${rows.length} modules.` : ''}`,
    settled === null
      ? `Too few for intervals of the ranks: ${measured}.`
      : `After ${measured}, ${settled} of ${rows.length} 95 % intervals contain one rank (~ marks the others).`,
    `Loss of the unperturbed model: ${cleanLoss.toFixed(4)} nats per token over ${tokens.sequences} x ${tokens.length} tokens.`,
  ];
}

const countsText = ({ passes, repeats }: Counts) =>
  [
    ...(passes > 0 ? [passes === 1 ? '1 pass' : `${passes} passes`] : []),
    ...(repeats > 0 ? [repeats === 1 ? '1 repeat' : `${repeats} repeats`] : []),
  ].join(' and ');

function moduleLines({ rows }: RankTable): string[] {
  const figure = (x: number | null) => (x === null ? '-' : Number(x.toPrecision(4)).toString());
  const range = (r: RankTable['rows'][number]) =>
    !r.range
      ? '-'
      : r.range.low === r.range.high
        ? String(r.range.low)
        : `${r.range.low}-${r.range.high}`;
  return columns([
    ['module', 'importance', '+-', 'x mean', 'rank', 'range'],
    ...rows.map((r) => [
      r.module.path,
      figure(r.importance),
      figure(r.standardError),
      r.multiple?.toFixed(2) ?? '-',
      rankWord(r.rank, null),
      range(r),
    ]),
  ]);
}

/** First column left-aligned, the others right-aligned, separated by two spaces. */
export function columns(lines: readonly (readonly string[])[]): string[] {
  const widths = elementAt(lines, 0).map((_, c) =>
    Math.max(...lines.map((l) => elementAt(l, c).length)),
  );
  return lines.map((l) =>
    l
      .map((word, c) => (c === 0 ? word.padEnd(widths[c]!) : word.padStart(widths[c]!)))
      .join('  ')
      .trimEnd(),
  );
}
