/** The texts the experiments train on; each comes as a train and an eval split. */
export const SETS = { opticks: 'Newton’s *Opticks*', jargon: 'the Jargon File' } as const;

export type SetId = keyof typeof SETS;

export const SET_IDS = Object.keys(SETS) as SetId[];

/** The training settings that name a set's two texts. */
export const textsOf = (set: SetId) => ({ train: { kind: 'bundled', id: `${set}-train` }, held: { kind: 'bundled', id: `${set}-eval` } }) as const;

/** Rows of cells as a table; the first row is its header. */
export function markdownTable([header, ...rows]: readonly (readonly string[])[]): string[] {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [row(header!), row(header!.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(row)];
}
