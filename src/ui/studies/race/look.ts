/**
 * Colour and dash of every entry, the same in charts, labels and tables. Never colour alone: no two
 * share both.
 */
import type { RaceEntry } from '../../../studies/race/settings.ts';

interface Look {
  stroke: string;
  text: string;
  dash?: string;
}

const look = (name: string, dash?: string): Look => ({
  stroke: `var(--line-${name})`,
  text: `var(--line-${name}-text, var(--line-${name}))`,
  ...(dash !== undefined && { dash }),
});

export const LOOKS: Record<RaceEntry, Look> = {
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
