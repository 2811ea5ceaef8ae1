/** Words of the badge that compares a study's result with that of the link. */
import { numbers } from '../language/numbers.ts';
import type { Covered, StudyComparison } from '../studies/digest.ts';

const n = numbers('en');

const names: Record<Covered | 'model', string> = {
  model: 'another model file',
  ranks: 'ranks',
  zeros: 'zeros',
  removals: 'removals',
  tokens: 'tokens',
  losses: 'losses',
  accuracy: 'accuracies',
  correlations: 'correlations',
  importances: 'importances',
};

/** Digits of a difference that a link with 3 decimals can show. */
const difference = (v: number) => n.fixed(Math.max(v, 0.001), 3);
const agreed = ({ equal, within }: StudyComparison) =>
  [
    ...(equal.length > 0 ? [`${equal.map((what) => names[what]).join(' and ')} equal`] : []),
    ...within.map(({ what, largest }) => `${names[what]} within ${difference(largest)}`),
  ].join(', ');

/** `study`: its label, as in "Race". */
export const linkedRunEn = {
  noResult: (study: string) => `${study}: no result in the link`,
  notRun: (study: string) => `${study} not run yet`,
  running: (study: string) => `${study} not finished yet`,
  damaged: (study: string) => `${study}: the link’s result is damaged`,
  run: 'Run it here',
  reproduced: (study: string, found: StudyComparison) => `${study} reproduced: ${agreed(found)}`,
  close: (study: string, found: StudyComparison) =>
    `${study} close: ${agreed(found)}, but in another order`,
  differs: (study: string, { differing }: StudyComparison) =>
    `${study} differs: ${differing.map((what) => names[what]).join(', ')}`,
};
