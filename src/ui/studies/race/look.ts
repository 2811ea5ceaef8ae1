/** Colour and dash of every entry in charts, labels and tables. No two entries share both. */
import { defined } from '../../../checked.ts';
import { look, type LineLook } from '../../charts/looks.ts';
import { RACE_ENTRIES, type RaceEntry } from '../../../studies/race/entries.ts';

/** Entries with a fixed style. Other entries take theirs from `free`. */
const known: Partial<Record<RaceEntry, LineLook>> = {
  adarank: look('this'),
  uniform: look('uniform', '7 4'),
  random: look('random', '2 3'),
  inverse: look('other', '9 3 2 3'),
  jacobian: look('jacobian', '12 3'),
  combined: look('this', '12 3 2 3'),
  eva: look('eva', '5 2'),
  'eva-uniform': look('eva', '9 3 2 3'),
  fisher: look('other'),
  gora: look('random', '7 4'),
  'gradient-rank': look('eva', '2 3'),
  spectrum: look('jacobian', '2 3'),
  imported: look('other', '2 3'),
};

const same = (a: LineLook, b: LineLook) => a.stroke === b.stroke && a.dash === b.dash;

/** Styles for the other entries, most distinguishable first. */
const free = ['14 3 2 3 2 3', '4 4', '1 3', '10 6']
  .flatMap((dash) =>
    ['other', 'jacobian', 'eva', 'random', 'uniform', 'this'].map((name) => look(name, dash)),
  )
  .filter((candidate) => !Object.values(known).some((taken) => same(taken, candidate)));

export const LOOKS = Object.fromEntries(
  RACE_ENTRIES.map((entry) => [entry, known[entry] ?? defined(free.shift())]),
) as Record<RaceEntry, LineLook>;
