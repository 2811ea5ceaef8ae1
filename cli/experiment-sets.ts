/** The training texts of the experiments. Each has a train and an eval split. */
export const SETS = { opticks: 'Newton’s *Opticks*', jargon: 'the Jargon File' } as const;

export type SetId = keyof typeof SETS;

export const SET_IDS = Object.keys(SETS) as SetId[];

/** The training settings that name the two texts of a set. */
export const textsOf = (set: SetId) =>
  ({
    train: { kind: 'bundled', id: `${set}-train` },
    held: { kind: 'bundled', id: `${set}-eval` },
  }) as const;
