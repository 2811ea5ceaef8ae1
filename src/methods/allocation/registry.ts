/** The rank rules by name. */
import { exact } from './exact.ts';
import { floor } from './floor.ts';
import type { Rule } from './rule.ts';

const registered = { floor, exact } satisfies Record<string, Rule>;

/** `floor`: the paper's rule. `exact`: spends the whole budget, within bounds. */
export type Rounding = keyof typeof registered;

export const rules: Readonly<Record<Rounding, Rule>> = registered;

export const ROUNDINGS = Object.keys(registered) as [Rounding, ...Rounding[]];
