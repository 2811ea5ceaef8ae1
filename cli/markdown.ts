/** Formats Markdown tables for generated documentation. */
import { defined } from '../src/checked.ts';

/** The first row is the header. The first column is left-aligned, the others right-aligned. */
export function markdownTable([header, ...rows]: readonly (readonly string[])[]): string[] {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row(defined(header)),
    row(defined(header).map((_, i) => (i === 0 ? '---' : '---:'))),
    ...rows.map(row),
  ];
}
