/** Tables of the documentation that commands write. */
import { defined } from '../src/checked.ts';

/** The first column left, the others right aligned; a header first. */
export function markdownTable([header, ...rows]: readonly (readonly string[])[]): string[] {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row(defined(header)),
    row(defined(header).map((_, i) => (i === 0 ? '---' : '---:'))),
    ...rows.map(row),
  ];
}
